"""Ranks every open prospect by the models in service, and again when these change.

A prospect is current when the *line-up* in service ranked it: the champion, a refresh that is mixed with it and its
weight, and during a trial the canary. The scoring service decides which route scores a prospect. It names the line-up,
and not the registry, so a list never waits between two models. Each answer names the versions that gave it: where
another one has come into service, the run ends with that request, and the next run begins with the new line-up.

Prospects without a score come first, in every campaign; then those of an earlier line-up. Both go in the order of
arrival, campaign by campaign and key by key, never by score, so no run ends within the best or the worst of a list.

Where a campaign's file left the indicators out, a prospect is scored with those known now, and again when they change.
The prospect stores only their hash: the prediction log has the values as sent.

Month, weekday and the number of calls are those of a call now (`core.lists.call_values`). A prospect stores the day
that it was ranked for (`ranked_for`: the words of the kind's calendar), and a call clears it (`core.calls.recording`).
So the list is ranked again once a day, and a person who comes back on it after a call. The day is that of the run's
start, so it never changes in the middle of a run. A kind whose columns say nothing of the call is not ranked again.

The scoring service refuses a request as a whole. The job then marks the rows that break a rule with the reason
(`refused`), logs them once, does not send them again under this schema, and ranks the others.

A request's id is a hash of its content and of the predictions it replaces. A run that was killed between the answer and
the write sends the same request again and gets the logged answer. After the write the id is another one.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, UpdateOne

from core.clock import Clock, now
from core.errors import InputError
from core.lists import call_values
from core.lists.arrival import draw
from core.schema import Schema, economy
from core.schema.as_of import day_of_call
from core.schema.economy import KnownFigures
from core.scoring import protocol
from core.scoring.protocol import Score
from core.scoring.reasons import to_documents
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable
from monitor.ranking.lineup import Lineup, Scorer, lineup, request_id

log = logging.getLogger("callwise.monitor")

BATCH = 500  # rows a request
ROUND = 50_000  # prospects a run and campaign; the next run takes the rest
UNDRAWN = {"draw": None, "score": {"$gte": 0}}  # ranked by a release before the reports' sample
FIELDS = {**call_values.FIELDS, "prediction": 1, "economy": 1, "campaign": 1}


@dataclass
class Ranking:
    """What a run did: prospects ranked, requests refused, and prospects that were called or closed before the write.

    `at` is its moment, as of which people are ranked, and `day` that moment's `day_of_call`.
    `known` is the economy then, `unknown` what prospects need and the economy lacks, by column. The run was
    `overtaken` if a model outside its line-up answered. `awaited` is the line-up that was decided and is not in service
    yet. `aside` counts the prospects set aside, by campaign and the column whose rule they break.
    """

    lineup: Lineup
    at: datetime
    day: str | None
    known: KnownFigures
    ranked: int = 0
    closed: int = 0
    overtaken: bool = False
    awaited: Lineup | None = None
    refused: list[InputError] = field(default_factory=list)
    unknown: dict[str, InputError] = field(default_factory=dict)
    aside: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __str__(self) -> str:
        ranked = f"{self.ranked} prospects ranked" if self.ranked else "every open prospect is ranked"
        aside = f"; {self.aside.total()} break a rule of the schema and get no score" if self.aside else ""
        awaited = f"; line-up {self.awaited} is not in service yet" if self.awaited else ""
        return f"{ranked} by version {self.lineup}{aside}{awaited}"


def rank(
    db: Db, scorer: Scorer, schema: Schema, *, decided: Callable[[], Lineup | None] = lambda: None, clock: Clock = now
) -> Ranking | None:
    """Score every open prospect that the line-up in service has not ranked; None before there is a champion.

    While the line-up in service is not the one `decided`, nobody who has a score is ranked for another line-up or day:
    the service follows decisions within seconds, step by step, and each step would be a whole list. Indicators that a
    file left out are those known at `clock()`. Raises Unavailable when a service does not answer; the scores written
    before stay. Raises InputError, after all others are ranked, when the scoring service refused rows or an indicator
    that they need has no value.
    """
    present = lineup(scorer)
    if present is None:
        return None
    with reachable():
        found = list(db.campaigns.find({}, {"_id": 1, "economy": 1}).sort([("created_at", ASCENDING)]))
    campaigns = [campaign["_id"] for campaign in found]
    in_economy = [campaign["_id"] for campaign in found if campaign.get("economy")]
    at = clock()
    known = economy.figures_at(db, schema, at) if in_economy else KnownFigures({})
    ranking = Ranking(present, at, day_of_call(schema, at), known)
    moved = {"economy": {"$nin": [None, ranking.known.hash]}}
    # Those ranked by an earlier release have no day.
    another_day = {"score": {"$gte": 0}, "ranked_for": {"$nin": [ranking.day]}}
    fit = {"refused.schema": {"$nin": [schema.hash]}}
    asked = decided()
    ranking.awaited = asked if asked != present else None  # None, too, where no decision names a champion
    rounds = (
        ({"score": None}, campaigns),
        (present.outdated(), [] if ranking.awaited else campaigns),
        (moved, in_economy),
        (another_day, campaigns if ranking.day and not ranking.awaited else []),
        (UNDRAWN, [] if ranking.day or not _any(db, {**UNDRAWN, **fit}) else campaigns),
    )
    try:
        for condition, concerned in rounds:
            for campaign in concerned:
                if not ranking.overtaken:
                    _rank_campaign(db, scorer, schema, campaign, {**condition, **fit}, ranking)
    finally:
        _tell(db, ranking, clock)
    if ranking.unknown:
        raise InputError(
            f"no value is known yet of {', '.join(sorted(ranking.unknown))}, which open campaigns leave to the economy",
            kept=f"All other prospects are ranked ({ranking.ranked} now); those that need it have no score.",
            next="Fetch live indicators (CALLWISE_ECONOMY=live), or import the campaign with these columns.",
        )
    if ranking.refused:
        first, *rest = ranking.refused
        raise InputError(
            f"{first.what} (and {len(rest)} more refused requests)" if rest else first.what,
            kept=f"All other prospects are ranked ({ranking.ranked} now); those of a refused request have no score.",
            next="Compare the campaign with the schema the champion was trained on.",
        )
    return ranking


def _rank_campaign(
    db: Db, scorer: Scorer, schema: Schema, campaign: str, condition: Mapping[str, Any], ranking: Ranking
) -> None:
    """Rank those of `campaign` under `condition`, until the run is overtaken: the rest would be ranked twice."""
    keys = _open(db, campaign, condition)
    for start in range(0, len(keys), BATCH):
        if ranking.overtaken:
            return
        _rank(db, scorer, schema, keys[start : start + BATCH], ranking)
        if start + BATCH < len(keys):
            # Also where the versions are the same: their weights, levels or share may be those of the next list.
            ranking.overtaken |= str(lineup(scorer)) != str(ranking.lineup)


def _open(db: Db, campaign: str, condition: Mapping[str, Any]) -> list[str]:
    """Keys of the open prospects under `condition`, in their order."""
    query = {"campaign": campaign, "status": "open", **condition}
    with reachable():
        return [p["_id"] for p in db.prospects.find(query, {"_id": 1}).sort([("_id", ASCENDING)]).limit(ROUND)]


def _any(db: Db, condition: Mapping[str, Any]) -> bool:
    """Whether there is an open prospect under `condition`."""
    with reachable():
        return db.prospects.find_one({"status": "open", **condition}, {"_id": 1}) is not None


def _rank(db: Db, scorer: Scorer, schema: Schema, keys: Sequence[str], ranking: Ranking) -> None:
    with reachable():
        found = {p["_id"]: p for p in db.prospects.find({"_id": {"$in": list(keys)}, "status": "open"}, FIELDS)}
    ranking.closed += len(keys) - len(found)
    prospects = _complete([found[key] for key in keys if key in found], schema, ranking)
    if prospects:
        _ask(db, scorer, schema, prospects, ranking)


def _ask(db: Db, scorer: Scorer, schema: Schema, prospects: Sequence[Document], ranking: Ranking) -> None:
    """Rank `prospects` (at least one) in one request; without those that break a rule, if any do."""
    try:
        rows, keys = [p["features"] for p in prospects], [p["_id"] for p in prospects]
        scores = scorer.score(rows, keys, request_id=request_id(ranking.lineup, prospects), with_reasons=True)
    except InputError as error:
        fit = _set_aside(db, schema, prospects, ranking)
        if len(fit) == len(prospects):
            ranking.refused.append(error)
        elif fit:
            _ask(db, scorer, schema, fit, ranking)
        return
    others = {(score.route, score.version) for score in scores} - ranking.lineup.routes
    ranking.overtaken |= bool(others)  # the next run has the new line-up and ranks these again
    ranked_by = "" if others else str(ranking.lineup)
    writes = [_write(p, score, ranked_by, ranking) for p, score in zip(prospects, scores, strict=True)]
    with reachable():
        written = db.prospects.bulk_write(writes, ordered=False).matched_count
    ranking.ranked += written
    ranking.closed += len(writes) - written


def _set_aside(db: Db, schema: Schema, prospects: Sequence[Document], ranking: Ranking) -> list[Document]:
    """Mark those of `prospects` that break a rule, so that no run sends them again; returns the others."""
    fit, writes = [], []
    for prospect in prospects:
        error = protocol.refusal(schema, prospect["features"], prospect["_id"])
        if error is None:
            fit.append(prospect)
            continue
        ranking.aside[prospect["campaign"], str(error.column)] += 1
        refused = {"refused": {"schema": schema.hash, "why": str(error)}}
        writes.append(UpdateOne({"_id": prospect["_id"], "status": "open"}, {"$set": refused}))
    if writes:
        with reachable():
            db.prospects.bulk_write(writes, ordered=False)
    return fit


def _tell(db: Db, ranking: Ranking, clock: Clock) -> None:
    """Log how many were set aside, without their keys: the log and events outlive the records of a person."""
    for (campaign, column), many in sorted(ranking.aside.items()):
        what = f"{many} prospects of campaign {campaign} get no score: they break the rule of column '{column}'"
        log.warning("rank: %s.", what)
        event_log.append(
            db, who="monitor", what=Event.PROSPECTS_SET_ASIDE, subject=campaign, why=what, clock=clock, prospects=many
        )


def _complete(prospects: Sequence[Document], schema: Schema, ranking: Ranking) -> list[Document]:
    """The prospects as of the run's moment, without those whose indicators are not all known."""
    complete = []
    for prospect in prospects:
        features = call_values.next_call(schema, prospect, ranking.at)
        if prospect.get("economy") is not None:
            try:
                ranking.known.require(column.name for column in economy.missing_indicators(schema, features))
            except InputError as error:
                ranking.unknown.setdefault(str(error.column), error)
                continue
            features = ranking.known.fill(features, schema)
        complete.append({**prospect, "features": features})
    return complete


def _write(prospect: Document, score: Score, ranked_by: str, ranking: Ranking) -> UpdateOne:
    ranked = {
        "score": score.score,
        "score_version": score.version,
        "score_route": score.route,
        "prediction": score.prediction,
        "ranked_by": ranked_by,
        "mixture": ranking.lineup.mixture,
        "reasons": to_documents(score.reasons),
        "draw": draw(prospect["_id"]),  # the reports' sample: `monitor.reports.sample`
    }
    if prospect.get("economy") is not None:
        ranked["economy"] = ranking.known.hash
    if ranking.day:
        ranked["ranked_for"] = ranking.day
    # Somebody who was called meanwhile keeps the empty day of that call, and is ranked again by the next run.
    uncalled = {"_id": prospect["_id"], "status": "open", "calls": prospect.get("calls")}
    return UpdateOne(uncalled, {"$set": ranked})
