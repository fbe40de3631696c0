"""The scores of two models before a call, and what came of the call.

During a trial both models score everybody, so one prediction before a call holds both scores, whichever was used.
"""

from __future__ import annotations

from datetime import datetime

from pymongo import ASCENDING

from core.schema import Schema
from core.scoring.predictions_before import DATED, predictions_before
from core.stores.mongo import Db, Document, reachable
from monitor.trials.evidence import Pair


def pairs(db: Db, schema: Schema, champion: str, canary: str, since: datetime) -> list[Pair]:
    """The outcomes since `since` whose last prediction before the call has both scores, as they became known.

    Outcomes without the time of their call are left out: in a file they have any order. Segments are the schema's,
    where its groups are fixed before a trial. Raises Unavailable.
    """
    query = {**DATED, "at": {"$gte": since}}
    with reachable():
        outcomes = list(db.outcomes.find(query).sort([("at", ASCENDING), ("_id", ASCENDING)]))
    return [
        _pair(outcome, before[-1], champion, schema)
        for outcome, before in predictions_before(db, outcomes, since=since)
        if before and {before[-1]["version"], before[-1].get("shadow_version")} == {champion, canary}
    ]


def _pair(outcome: Document, record: Document, champion: str, schema: Schema) -> Pair:
    used, shadow = float(record["score"]), float(record["shadow_score"])
    first, second = (used, shadow) if record["version"] == champion else (shadow, used)
    return Pair(
        outcome=outcome["_id"],
        at=outcome["at"],
        positive=bool(outcome["positive"]),
        champion=first,
        canary=second,
        route=record["route"],
        segments=schema.groups_of(record["features"]),
    )
