"""People of a campaign drawn at random, where all of them would be too many to ask about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from core.calls.lifecycle import Status
from core.schema.column import Value
from core.stores.mongo import Db, reachable


class Listed(NamedTuple):
    """A person with a score, and what is known of them."""

    score: float
    features: Mapping[str, Value]


def sampled(db: Db, campaign: str, size: int, still_open: bool) -> list[Listed]:
    """At most `size` people of `campaign` who have a score, each as likely as the other; all if they are no more.

    With `still_open` only those who are on the list now. Raises Unavailable.
    """
    match: dict[str, Any] = {"campaign": campaign, "score": {"$gte": 0}}
    if still_open:
        match["status"] = Status.OPEN.value
    steps: list[Mapping[str, Any]] = [{"$match": match}, {"$sample": {"size": size}}]
    with reachable():
        found = list(db.prospects.aggregate([*steps, {"$project": {"score": 1, "features": 1}}]))
    # In one order, however they were drawn.
    return [Listed(float(one["score"]), one["features"]) for one in sorted(found, key=lambda one: str(one["_id"]))]
