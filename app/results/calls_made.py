"""Reads the calls for the results page: counts from the database, or single calls with their scores.

Counting is exact and quick for any number of calls, so days and agents are counted. The score and features before a
call are in the prediction log, which takes a look-up for each call. So only the newest calls are looked up, and the
result is cached, because the predictions before a call never change.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from pymongo import ASCENDING, DESCENDING

from app.language.zones import zone
from app.results.statistics import Rate
from core.calls.lifecycle import Result
from core.clock import now
from core.lists.call_values import IMPORTED
from core.schema.column import Value
from core.scoring.prediction import own_score
from core.scoring.predictions_before import predictions_before
from core.stores import embedded_mongo
from core.stores.embedded_mongo import local_time, projection
from core.stores.mongo import Db, Document, reachable

_OUTCOME = projection("prospect", "agent", "positive", "at")
_PREDICTION = projection(
    "prospect", "at", "features", "route", "version", "score", "shadow_version", "shadow_score", "mixed"
)
_NEWEST_FIRST = [("at", DESCENDING), ("_id", DESCENDING)]
_SECOND = timedelta(seconds=1)
FIRST_SPAN = timedelta(days=1)
"""The time that is searched first for the newest calls; where few are found, the next span is twice as long."""


class Tally(NamedTuple):
    """The calls of one agent on one day of the calendar in the reader's time zone."""

    day: date
    agent: str
    rate: Rate


class PriorScore(NamedTuple):
    """What was known before a call: the score on the list, its version and its route (None: no score).

    `scores` is the last score before the call by each version, used or not; `features` the values of the requested
    columns, in their order (None: not known).
    """

    score: float | None
    version: str | None
    route: str | None
    scores: Mapping[str, float]
    features: tuple[Value | None, ...]


class Call(NamedTuple):
    """A call and what came of it."""

    at: datetime
    agent: str
    sold: bool
    before: PriorScore


Known = MutableMapping[tuple[str, datetime], PriorScore]
"""The looked-up predictions, by the call's key and time."""


def read_tallies(db: Db, campaign: str, zone_name: str | None) -> list[Tally]:
    """All calls of `campaign`, counted by day and agent, the first day first. Raises Unavailable.

    Days are those of the zone's present offset from UTC. In zones with summer time, a call within an hour of midnight
    in the other half of the year can therefore count for the day before or after.
    """
    minutes = (now().astimezone(zone(zone_name)).utcoffset() or timedelta(0)) // timedelta(minutes=1)
    day = {"$dateToString": {"format": "%Y-%m-%d", "date": local_time("at", minutes)}}
    with reachable():
        groups = embedded_mongo.count_by(db.outcomes, {"campaign": campaign}, [day, "$result", "$agent"])
    counted: dict[tuple[date, str], Rate] = {}
    for (on, result, agent), calls in groups.items():
        place = (date.fromisoformat(on), agent)
        counted[place] = counted.get(place, Rate(0, 0)) + Rate(calls, calls if result == Result.SOLD else 0)
    return [Tally(on, agent, rate) for (on, agent), rate in sorted(counted.items())]


def read_calls(
    db: Db,
    campaign: str,
    columns: Sequence[str],
    limit: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    imported: bool = False,
    known: Known | None = None,
) -> list[Call]:
    """The `limit` newest calls of `campaign` from `since` on and before `until`, the newest first.

    Each call has the values of the features `columns`. Results from files are left out unless `imported`. Look-ups are
    added to `known`, and a call that is in `known` is not looked up again. Raises Unavailable.
    """
    known = {} if known is None else known
    query: Document = {"campaign": campaign}
    if not imported:
        query["agent"] = {"$ne": IMPORTED}
    with reachable():
        if since or until:
            outcomes = _newest_within(db, query, since, until, limit)
        else:
            outcomes = list(db.outcomes.find(query, _OUTCOME).sort(_NEWEST_FIRST).limit(limit))
    _look_up(db, [outcome for outcome in outcomes if (outcome["_id"], outcome["at"]) not in known], columns, known)
    return [Call(o["at"], str(o["agent"]), bool(o["positive"]), known[o["_id"], o["at"]]) for o in outcomes]


def _newest_within(
    db: Db, query: Document, since: datetime | None, until: datetime | None, limit: int
) -> list[Document]:
    """The `limit` newest outcomes of the `query` in a period, the newest first.

    They are read in spans of time, from the end of the period back. With bounds and an order together the embedded
    server reads all outcomes of all campaigns.
    """
    first, last = (_end(db, query, direction) for direction in (ASCENDING, DESCENDING))
    if first is None or last is None:
        return []
    # The embedded server compares times as texts, so a bound is a full second.
    beyond = last.replace(microsecond=0) + _SECOND
    begin, end = max(since or first, first.replace(microsecond=0)), min(until or beyond, beyond)
    outcomes: list[Document] = []
    span = FIRST_SPAN
    while end > begin and len(outcomes) < limit:
        start = max(begin, end - span)
        found = list(db.outcomes.find({**query, "at": {"$gte": start, "$lt": end}}, _OUTCOME))
        outcomes += sorted(found, key=lambda outcome: (outcome["at"], outcome["_id"]), reverse=True)
        end, span = start, span if len(found) * 2 > limit else 2 * span
    return outcomes[:limit]


def _end(db: Db, query: Document, direction: int) -> datetime | None:
    """The time of the first or the last outcome of the campaign of `query`; None without one."""
    order: list[Document] = [
        {"$match": {"campaign": query["campaign"]}},
        {"$sort": {"at": direction}},
        {"$limit": 1},
    ]
    return next((outcome["at"] for outcome in db.outcomes.aggregate(order)), None)


def _look_up(db: Db, outcomes: Sequence[Document], columns: Sequence[str], known: Known) -> None:
    unscored = []
    for outcome, before in predictions_before(db, outcomes, fields=_PREDICTION):
        if before:
            known[outcome["_id"], outcome["at"]] = _before(before, columns)
        else:
            unscored.append(outcome)
    if not unscored:
        return
    with reachable():
        query = {"_id": {"$in": [outcome["prospect"] for outcome in unscored]}}
        features = {prospect["_id"]: prospect["features"] for prospect in db.prospects.find(query, {"features": 1})}
    for outcome in unscored:
        values = features.get(outcome["prospect"], {})
        unknown = PriorScore(None, None, None, {}, tuple(values.get(name) for name in columns))
        known[outcome["_id"], outcome["at"]] = unknown


def _before(records: Sequence[Document], columns: Sequence[str]) -> PriorScore:
    """The predictions of one person, the oldest first, in one: the newest score of each version counts."""
    scores: dict[str, float] = {}
    for record in records:
        mixed = record.get("mixed") or {}
        for version in (record["version"], record.get("shadow_version"), mixed.get("version")):
            if version is not None and (own := own_score(record, version)) is not None:
                scores[str(version)] = own[0]
    last = records[-1]
    values = tuple(last["features"].get(name) for name in columns)
    return PriorScore(float(last["score"]), str(last["version"]), str(last["route"]), scores, values)
