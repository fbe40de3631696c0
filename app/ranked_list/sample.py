"""Draws a random sample of a campaign's people, for figures that all of them would make too slow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from core.calls.lifecycle import Status
from core.schema.column import Value
from core.stores.mongo import Db, reachable


class Listed(NamedTuple):
    """A person's score and features."""

    score: float
    features: Mapping[str, Value]


def sampled(db: Db, campaign: str, size: int, still_open: bool) -> list[Listed]:
    """At most `size` people of `campaign` with a score, each equally likely; all of them if there are no more.

    With `still_open`, only people who are in the ranked list now. Raises Unavailable.
    """
    match: dict[str, Any] = {"campaign": campaign, "score": {"$gte": 0}}
    if still_open:
        match["status"] = Status.OPEN.value
    steps: list[Mapping[str, Any]] = [{"$match": match}, {"$sample": {"size": size}}]
    with reachable():
        drawn = list(db.prospects.aggregate([*steps, {"$project": {"score": 1, "features": 1}}]))
    drawn.sort(key=lambda person: str(person["_id"]))  # the same sample always in the same order
    return [Listed(float(person["score"]), person["features"]) for person in drawn]
