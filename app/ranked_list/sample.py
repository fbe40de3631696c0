"""Draws a random sample of a campaign's people, for figures that all of them would make too slow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from core.calls.lifecycle import Status
from core.lists.call_values import FIELDS
from core.schema.column import Value
from core.stores.mongo import Db, Document, reachable


class ScoredPerson(NamedTuple):
    """A person's score, features, and the fields of `core.lists.call_values.FIELDS`, whose times may be text."""

    score: float
    features: Mapping[str, Value]
    fields: Document


def draw_sample(db: Db, campaign: str, size: int, *, still_open: bool) -> list[ScoredPerson]:
    """At most `size` people of `campaign` with a score, each equally likely; all of them if there are no more.

    With `still_open`, only people who are in the ranked list now. Raises Unavailable.
    """
    match: dict[str, Any] = {"campaign": campaign, "score": {"$gte": 0}}
    if still_open:
        match["status"] = Status.OPEN.value
    steps: list[Mapping[str, Any]] = [{"$match": match}, {"$sample": {"size": size}}]
    with reachable():
        drawn = list(db.prospects.aggregate([*steps, {"$project": {"score": 1, **FIELDS}}]))
    drawn.sort(key=lambda person: str(person["_id"]))  # the same sample always in the same order
    return [ScoredPerson(float(person["score"]), person["features"], person) for person in drawn]
