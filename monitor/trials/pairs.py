"""What two models said of the same people before they were called, and what came of the calls.

Both models score everybody while a canary is up, so one prediction before a call holds both scores, whichever of them
was used. Outcomes come in the order in which they became known.
"""

from __future__ import annotations

from datetime import datetime

from pymongo import ASCENDING

from core.schema import Schema
from core.scoring.said_before import predictions_before
from core.stores.mongo import Db, Document, reachable
from monitor.trials.evidence import Pair


def pairs(db: Db, schema: Schema, champion: str, canary: str, since: datetime) -> list[Pair]:
    """The outcomes since `since` whose last prediction before the call holds scores of both versions.

    In the order in which they became known. Segments are the schema's, as far as their groups are fixed before a trial.
    Raises Unavailable.
    """
    with reachable():
        found = list(db.outcomes.find({"at": {"$gte": since}}).sort([("at", ASCENDING), ("_id", ASCENDING)]))
    made: list[Pair] = []
    for outcome, before in predictions_before(db, found, since=since):
        if before and {before[-1]["version"], before[-1].get("shadow_version")} == {champion, canary}:
            made.append(_pair(outcome, before[-1], champion, schema))
    return made


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
