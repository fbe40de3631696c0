"""The scores of two models before a call, and what came of the call.

During a trial both models score everybody, so one prediction before a call holds both scores, whichever was used. While
a refresh is mixed with the champion, it also holds the own score of each of these two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from operator import itemgetter

from core.schema import Schema
from core.scoring.predictions_before import DATED, predictions_before
from core.stores.mongo import Db, Document, reachable
from monitor.trials.evidence import Pair


def pairs(db: Db, schema: Schema, canary: str, since: datetime) -> list[Pair]:
    """The outcomes since `since` whose last prediction before the call has scores of both, as they became known.

    The champion's score is the one that is used: a mixture's, while there is one. Refreshes may replace the champion
    meanwhile. Outcomes without the time of their call are left out: in a file they have any order. Segments are the
    schema's, where its groups are fixed before a trial. Raises Unavailable.
    """

    def pair(outcome: Document, record: Document) -> Pair | None:
        if record.get("shadow_version") is None or canary not in (record["version"], record["shadow_version"]):
            return None
        used, shadow = float(record["score"]), float(record["shadow_score"])
        first, second = (shadow, used) if record["version"] == canary else (used, shadow)
        return _pair(outcome, record, first, second, schema.groups_of(record["features"]))

    return _pairs(db, since, pair)


def refresh_pairs(db: Db, champion: str, since: datetime) -> list[Pair]:
    """The outcomes since `since` before whose call a refresh was mixed with `champion`, as they became known.

    `canary` of a pair is the refresh of that time: one comparison judges all refreshes of a champion together. Raises
    Unavailable.
    """

    def pair(outcome: Document, record: Document) -> Pair | None:
        mixed = record.get("mixed")
        if not mixed or mixed["champion"] != champion:
            return None
        return _pair(outcome, record, float(mixed["champion_score"]), float(mixed["score"]), {})

    return _pairs(db, since, pair)


def _pairs(db: Db, since: datetime, pair: Callable[[Document, Document], Pair | None]) -> list[Pair]:
    query = {"at": {"$gte": since}, **DATED}
    with reachable():
        outcomes = sorted(db.outcomes.find(query), key=itemgetter("at", "_id"))
    known = predictions_before(db, outcomes, since=since, last=True)
    return [made for outcome, before in known if before and (made := pair(outcome, before[-1])) is not None]


def _pair(outcome: Document, record: Document, champion: float, canary: float, segments: Mapping[str, str]) -> Pair:
    return Pair(
        outcome=outcome["_id"],
        at=outcome["at"],
        positive=bool(outcome["positive"]),
        champion=champion,
        canary=canary,
        route=record["route"],
        segments=segments,
    )
