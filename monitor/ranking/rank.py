"""Keeps the score of every open prospect that of the present models.

A prospect is current when it was ranked by the *lineup* in service: the champion and, while there is one, the canary;
which of the two scores a prospect is the scoring service's to decide. What is in service is asked of that service, not
of the registry, so a list never waits between two models. Prospects without a score come first, in every campaign;
then those of an earlier lineup. Both go in the order of arrival, campaign by campaign and key by key, never by score:
the newest predictions are what drift is judged on, and they must not be the bottom of a list.

Where a campaign's file left the indicators out, a prospect is scored with what is known of the economy now, and again
when that changes. The prospect keeps only a hash of it: the values are in the prediction log, as sent.

A request is refused as a whole. Where the scoring service refuses one, the rows that break a rule are found, set aside
with the reason (`refused`), told once, and not asked for again under this schema; the others are ranked.

A request's id is a hash of what is asked and of the prediction it replaces. A run that was killed between the answer
and the write asks the same question again and gets the answer that was logged; once written, the next is another.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo import ASCENDING, UpdateOne

from core.clock import Clock, now
from core.errors import InputError
from core.schema import Schema, economy
from core.schema.economy import Known
from core.scoring import protocol
from core.scoring.protocol import Score
from core.scoring.reasons import documents
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable
from monitor.ranking.lineup import Lineup, Scorer, lineup, request_id

log = logging.getLogger("callwise.monitor")

BATCH = 500  # rows a request
ROUND = 50_000  # prospects a run and campaign looks at; the next run goes on
FIELDS = {"features": 1, "prediction": 1, "economy": 1, "campaign": 1}


@dataclass
class Ranking:
    """What a run did: prospects ranked, those that came too late (closed meanwhile), requests that were refused.

    `aside` counts those set aside in this run, by campaign and the column whose rule they break.
    `known` is the economy it ranked with, `unknown` the indicators that prospects need and nothing is known of. It was
    `overtaken` if a model that is not of its lineup answered too.
    """

    lineup: Lineup
    known: Known
    ranked: int = 0
    closed: int = 0
    overtaken: bool = False
    refused: list[InputError] = field(default_factory=list)
    unknown: dict[str, InputError] = field(default_factory=dict)
    aside: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __str__(self) -> str:
        done = f"{self.ranked} prospects ranked" if self.ranked else "every open prospect is ranked"
        aside = f"; {self.aside.total()} break a rule of the schema and get no score" if self.aside else ""
        return f"{done} by version {self.lineup}{aside}"


def rank(db: Db, scorer: Scorer, schema: Schema, *, clock: Clock = now) -> Ranking | None:
    """Score every open prospect that the lineup in service has not ranked; None before there is a champion.

    Indicators that a file left out are those known at `clock()`.

    Raises Unavailable when a service does not answer (what was ranked by then stays), and InputError at the end when
    the scoring service refused rows, or nothing is known of an indicator they need (the others are ranked).
    """
    present = lineup(scorer)
    if present is None:
        return None
    with reachable():
        found = list(db.campaigns.find({}, {"_id": 1, "economy": 1}).sort([("created_at", ASCENDING)]))
    campaigns = [campaign["_id"] for campaign in found]
    in_economy = [campaign["_id"] for campaign in found if campaign.get("economy")]
    done = Ranking(present, economy.known(db, schema, clock()) if in_economy else Known({}))
    moved = {"economy": {"$nin": [None, done.known.hash]}}
    rounds = (({"score": None}, campaigns), (present.outdated(), campaigns), (moved, in_economy))
    able = {"refused.schema": {"$nin": [schema.hash]}}
    try:
        for condition, concerned in rounds:
            for campaign in concerned if not done.overtaken else ():
                keys = _open(db, campaign, {**condition, **able})
                for start in range(0, len(keys), BATCH):
                    _rank(db, scorer, schema, keys[start : start + BATCH], done)
    finally:
        _tell(db, done, clock)
    if done.unknown:
        raise InputError(
            f"nothing is known yet of {', '.join(sorted(done.unknown))}, which open campaigns leave to the economy",
            kept=f"All other prospects are ranked ({done.ranked} now); those that need it keep no score.",
            next="Let the live indicators in (CALLWISE_ECONOMY=live), or import the campaign with these columns.",
        )
    if done.refused:
        first = done.refused[0]
        raise InputError(
            f"{first.what} (and {len(done.refused) - 1} more refused requests)" if done.refused[1:] else first.what,
            kept=f"All other prospects are ranked ({done.ranked} now); those of a refused request keep no score.",
            next="Compare the campaign with the schema the champion was trained on.",
        )
    return done


def _open(db: Db, campaign: str, condition: Mapping[str, Any]) -> list[str]:
    """Keys of the open prospects under `condition`, in their order."""
    query = {"campaign": campaign, "status": "open", **condition}
    with reachable():
        found = db.prospects.find(query, {"_id": 1}).sort([("_id", ASCENDING)]).limit(ROUND)
        return [prospect["_id"] for prospect in found]


def _rank(db: Db, scorer: Scorer, schema: Schema, keys: Sequence[str], done: Ranking) -> None:
    with reachable():
        found = {p["_id"]: p for p in db.prospects.find({"_id": {"$in": list(keys)}, "status": "open"}, FIELDS)}
    done.closed += len(keys) - len(found)
    prospects = _complete([found[key] for key in keys if key in found], schema, done)
    if not prospects:
        return
    _ask(db, scorer, schema, prospects, done)


def _ask(db: Db, scorer: Scorer, schema: Schema, prospects: Sequence[Document], done: Ranking) -> None:
    """Rank `prospects` (at least one) in one request; those that no score can be had of cost nobody else theirs."""
    request = request_id(done.lineup, prospects)
    try:
        rows, asked = [p["features"] for p in prospects], [p["_id"] for p in prospects]
        scores = scorer.score(rows, asked, request_id=request, with_reasons=True)
    except InputError as error:
        fit = _set_aside(db, schema, prospects, done)
        if len(fit) == len(prospects):
            done.refused.append(error)
        elif fit:
            _ask(db, scorer, schema, fit, done)
        return
    strangers = {score.version for score in scores} - {done.lineup.champion, done.lineup.canary}
    done.overtaken |= bool(strangers)  # the next run sees the new lineup, and goes over these again
    ranked_by = "" if strangers else str(done.lineup)
    writes = [_write(p, score, ranked_by, done.known) for p, score in zip(prospects, scores, strict=True)]
    with reachable():
        written = db.prospects.bulk_write(writes, ordered=False).matched_count
    done.ranked += written
    done.closed += len(writes) - written


def _set_aside(db: Db, schema: Schema, prospects: Sequence[Document], done: Ranking) -> list[Document]:
    """Mark those of `prospects` who break a rule, so that nobody asks again; returns the others."""
    fit, writes = [], []
    for prospect in prospects:
        error = protocol.refusal(schema, prospect["features"], prospect["_id"])
        if error is None:
            fit.append(prospect)
            continue
        done.aside[prospect["campaign"], str(error.column)] += 1
        why = {"schema": schema.hash, "why": str(error)}
        writes.append(UpdateOne({"_id": prospect["_id"], "status": "open"}, {"$set": {"refused": why}}))
    if writes:
        with reachable():
            db.prospects.bulk_write(writes, ordered=False)
    return fit


def _tell(db: Db, done: Ranking, clock: Clock) -> None:
    """Say who was set aside, by number: log and events are kept longer than people may be."""
    for (campaign, column), many in sorted(done.aside.items()):
        what = f"{many} prospects of campaign {campaign} get no score: they break the rule of column '{column}'"
        log.warning("rank: %s.", what)
        event_log.append(
            db, who="monitor", what=Event.PROSPECTS_SET_ASIDE, subject=campaign, why=what, clock=clock, prospects=many
        )


def _complete(prospects: Sequence[Document], schema: Schema, done: Ranking) -> list[Document]:
    """The prospects as they are scored, with what is known of the economy; those of whom too little is are refused."""
    complete = []
    for prospect in prospects:
        if prospect.get("economy") is not None:
            try:
                done.known.require(column.name for column in economy.missing(schema, prospect["features"]))
            except InputError as error:
                done.unknown.setdefault(str(error.column), error)
                continue
            complete.append({**prospect, "features": done.known.fill(prospect["features"], schema)})
        else:
            complete.append(prospect)
    return complete


def _write(prospect: Document, score: Score, ranked_by: str, known: Known) -> UpdateOne:
    ranked = {
        "score": score.score,
        "score_version": score.version,
        "score_route": score.route,
        "prediction": score.prediction,
        "ranked_by": ranked_by,
        "reasons": documents(score.reasons),
    }
    if prospect.get("economy") is not None:
        ranked["economy"] = known.hash
    return UpdateOne({"_id": prospect["_id"], "status": "open"}, {"$set": ranked})
