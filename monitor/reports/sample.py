"""A sample of the people on the lists, drawn by a hash of their keys, with the predictions that ranked them.

A ranking goes through a list key by key, within minutes or hours. So the newest predictions are the end of key order,
and keys may tell how old people are, where they live, or how long they have been customers. The hash has nothing to do
with any of that. It needs no secret, and it is the same in every run: the next report is about the same people, as far
as they are still there.

`monitor.ranking.rank` stores the hash with each score. So a sample is some hundred entries of an index and as many
predictions, however many people there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pymongo import ASCENDING

from core.lists.arrival import draw
from core.scoring.logged import by_key
from core.scoring.prediction import own_score
from core.stores.mongo import Db, Document, reachable

SPARE = 10
"""Of so many people one may be without a prediction by the version, as whoever has just been set aside."""
KNOWN = {"prediction": 1, "draw": 1}


@dataclass(frozen=True)
class Sample:
    """The prediction of each person drawn, in the order of the hash; `everybody`: no more people are on the lists."""

    records: list[Document]
    everybody: bool


def drawn(db: Db, version: str, size: int, *, start: int = 0) -> Sample:
    """The predictions by `version` (used, or in the shadow) that ranked `size` of the open people of all lists.

    The people are those whose hash follows `start`, round the circle of hashes. Where `version` has not ranked them all
    yet, the sample is smaller, and no others take their place: those ranked first are the beginning of key order.
    Raises Unavailable.
    """
    most = size + size // SPARE
    with reachable():
        people = _people(db, {"$gte": start}, most)
        if start and len(people) < most:
            people += _people(db, {"$lt": start}, most - len(people))
    keys = [person["prediction"] for person in people]
    found = by_key(db, keys)
    records = [found[key] for key in keys if key in found and own_score(found[key], version) is not None]
    return Sample(records[:size], len(people) < size)


def start_of(at: datetime) -> int:
    """Where the sample of the day of `at` starts, for a check that is to meet other people each day."""
    return draw(f"{at:%Y-%m-%d}")


def _people(db: Db, place: Document, most: int) -> list[Document]:
    # As a pipeline: for it, and not for a plain question, the embedded server uses an index of two columns.
    asked = {"$match": {"status": "open", "draw": place}}
    return list(db.prospects.aggregate([asked, {"$sort": {"draw": ASCENDING}}, {"$limit": most}, {"$project": KNOWN}]))
