"""Ranks every open prospect by the models in service, and again when these change.

The scoring service decides which route scores a prospect. It names the *line-up*, the champion, a refresh that is mixed
with it and its weight, and during a trial the canary; not the registry, so a list never waits between two models. Each
answer names the versions that gave it: where another one has come into service, the run ends with that request, and the
next run begins with the new line-up.

A prospect's word (`core.calls.rank_key`) says what ranked it, and a campaign keeps the words that its people have. So
the ranking asks for the people of a word, 500 at a time, and does not look for them: a list that is current costs a
question or two, however long it is, and a run that was killed goes on where it stopped. Those who came in or came back
go first, in every campaign; then those with the word of another line-up, trial, day, schema or economy
(`monitor.ranking.keys`). Campaigns that are paused or closed are left alone.

Where a campaign's file left the indicators out, a prospect is scored with those known now, and again when they change.
The prospect stores only their hash: the prediction log has the values as sent.

Month, weekday and the number of calls are those of a call now (`core.lists.call_values`). So the list is ranked again
once a day, and a person who comes back on it after a call. The day is that of the run's start, so it never changes in
the middle of a run. A kind whose columns say nothing of the call is not ranked again.

The scoring service refuses a request as a whole. The job then marks the rows that break a rule with the reason
(`refused`), logs them once, does not send them again under this schema, and ranks the others.

A request's id is a hash of its content and of the predictions it replaces. A run that was killed between the answer and
the write sends the same request again and gets the logged answer. After the write the id is another one.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.calls.rank_key import RANK_KEY, rank_again
from core.clock import Clock, now
from core.errors import InputError
from core.lists import call_values
from core.lists.arrival import draw
from core.schema import Schema, economy
from core.schema.as_of import day_of_call
from core.schema.economy import KnownFigures
from core.scoring import protocol
from core.scoring.kept_predictions import KEPT_PREDICTIONS, with_newest
from core.scoring.protocol import Score
from core.scoring.reasons import to_documents
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document
from monitor.ranking.keys import RankKeys
from monitor.ranking.lineup import Lineup, Scorer, lineup, request_id
from monitor.ranking.open_list import OpenList, open_lists

log = logging.getLogger("callwise.monitor")

BATCH = 500  # rows a request
ROUND = 10_000  # prospects of a word that a run ranks; the next run goes on, after those who came meanwhile


@dataclass
class Ranking:
    """What a run did: prospects ranked, requests refused, and prospects that were called or closed before the write.

    `at` is its moment, as of which people are ranked, and `keys` the words that they get.
    `known` is the economy then, `unknown` what prospects need and the economy lacks, by column. The run was
    `overtaken` if a model outside its line-up answered. `awaited` is the line-up that was decided and is not in service
    yet. `aside` counts the prospects set aside, by campaign and the column whose rule they break.
    """

    lineup: Lineup
    at: datetime
    keys: RankKeys
    known: KnownFigures
    clock: Clock = now
    looked_at: int = 0
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
    db: Db,
    scorer: Scorer,
    schema: Schema,
    *,
    decided: Callable[[], Lineup | None] = lambda: None,
    began_with: Callable[[Lineup, datetime], str | None] = lambda present, _at: present.trial,
    clock: Clock = now,
) -> Ranking | None:
    """Rank whoever is to be ranked in the open campaigns; None before there is a champion.

    While the line-up in service is not the one `decided`, or the list of now is being prepared (`began_with` returns
    None: `monitor.ranking.beginning`), only those are ranked who came in or came back: else each step would be a whole
    list. Indicators that a file left out are those known at `clock()`. Raises Unavailable when a service does not
    answer; the scores written before stay. Raises InputError, after all others are ranked, when the scoring service
    refused rows or an indicator that they need has no value.
    """
    present = lineup(scorer)
    if present is None:
        return None
    lists, at = open_lists(db), clock()
    known = economy.figures_at(db, schema, at) if any(one.in_economy for one in lists) else KnownFigures({})
    asked, trial = decided(), began_with(present, at)
    keys = RankKeys(
        present, day_of_call(schema, at), schema.hash, known.hash, present.trial if trial is None else trial
    )
    ranking = Ranking(present, at, keys, known, clock)
    ranking.awaited = asked if asked != present else None  # None, too, where no decision names a champion
    try:
        for one in lists:
            if lost := one.find_the_lost(f"{at:%Y-%m-%d}"):
                log.warning(
                    "rank: %d people of campaign %s had no known word; they are ranked now.", lost, one.campaign
                )
            _rank_those(one, one.to_be_ranked, scorer, schema, ranking)
        if trial is not None and not ranking.awaited:
            for one in lists:
                for word in sorted(set(one.words) - keys.current(one.campaign)):
                    _rank_those(one, word, scorer, schema, ranking)
        for one in lists:
            _still_waiting(one, schema, ranking)
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


def _rank_those(people: OpenList, word: str, scorer: Scorer, schema: Schema, ranking: Ranking) -> None:
    """Rank the people with this `word`, until the run is overtaken: the rest would be ranked twice."""
    for _ in range(0, ROUND, BATCH):
        if ranking.overtaken:
            return
        found = people.people(word, BATCH)
        if not found:
            return
        if ranking.looked_at:
            # Also where the versions are the same: their weights, levels or share may be those of the next list.
            ranking.overtaken |= str(lineup(scorer)) != str(ranking.lineup)
            if ranking.overtaken:
                return
        ranking.looked_at += len(found)
        prospects = _complete(people, found, schema, ranking)
        if prospects:
            _ask(people, prospects, scorer, schema, ranking)


def _ask(people: OpenList, prospects: Sequence[Document], scorer: Scorer, schema: Schema, ranking: Ranking) -> None:
    """Rank `prospects` (at least one) in one request; without those that break a rule, if any do."""
    try:
        rows, keys = [p["features"] for p in prospects], [p["_id"] for p in prospects]
        scores = scorer.score(rows, keys, request_id=request_id(ranking.lineup, prospects), with_reasons=True)
    except InputError as error:
        fit = _set_aside(people, prospects, schema, ranking)
        if len(fit) == len(prospects):
            ranking.refused.append(error)
            failed = {RANK_KEY: ranking.keys.failed(people.campaign, str(prospects[0].get(RANK_KEY)))}
            people.put([(prospect, failed) for prospect in prospects])
        elif fit:
            _ask(people, fit, scorer, schema, ranking)
        return
    others = {(score.route, score.version) for score in scores} - ranking.lineup.routes
    ranking.overtaken |= bool(others)  # the next run has the new line-up and ranks these again
    answered = ranking.clock()
    ranked = [(p, _ranked(p, score, ranking, answered)) for p, score in zip(prospects, scores, strict=True)]
    if others:
        ranked = [(p, {**fields, "ranked_by": "", **rank_again(people.campaign)}) for p, fields in ranked]
    written = people.put(ranked)
    ranking.ranked += written
    ranking.closed += len(ranked) - written


def _set_aside(people: OpenList, prospects: Sequence[Document], schema: Schema, ranking: Ranking) -> list[Document]:
    """Mark those of `prospects` that break a rule, so that no run sends them again; returns the others."""
    fit, aside = [], []
    for prospect in prospects:
        error = protocol.refusal(schema, prospect["features"], prospect["_id"])
        if error is None:
            fit.append(prospect)
            continue
        ranking.aside[people.campaign, str(error.column)] += 1
        refused = {"refused": {"schema": schema.hash, "why": str(error)}}
        aside.append((prospect, {**refused, RANK_KEY: ranking.keys.refused(people.campaign)}))
    people.put(aside)
    return fit


def _tell(db: Db, ranking: Ranking, clock: Clock) -> None:
    """Log how many were set aside, without their keys: the log and events outlive the records of a person."""
    for (campaign, column), many in sorted(ranking.aside.items()):
        what = f"{many} prospects of campaign {campaign} get no score: they break the rule of column '{column}'"
        log.warning("rank: %s.", what)
        event_log.append(
            db, who="monitor", what=Event.PROSPECTS_SET_ASIDE, subject=campaign, why=what, clock=clock, prospects=many
        )


def _complete(people: OpenList, prospects: Sequence[Document], schema: Schema, ranking: Ranking) -> list[Document]:
    """The prospects as of the run's moment, without those whose indicators are not all known: these wait."""
    complete, waiting = [], []
    for prospect in prospects:
        features = call_values.next_call(schema, prospect, ranking.at)
        if prospect.get("economy") is not None:
            try:
                ranking.known.require(column.name for column in economy.missing_indicators(schema, features))
            except InputError as error:
                ranking.unknown.setdefault(str(error.column), error)
                waiting.append((prospect, {RANK_KEY: ranking.keys.waiting(people.campaign)}))
                continue
            features = ranking.known.fill(features, schema)
        complete.append({**prospect, "features": features})
    people.put(waiting)
    return complete


def _still_waiting(people: OpenList, schema: Schema, ranking: Ranking) -> None:
    """Say again what somebody on the list waits for, as long as the economy lacks it."""
    word = ranking.keys.waiting(people.campaign)
    if word in people.words:
        _complete(people, people.people(word, 1), schema, ranking)


def _ranked(prospect: Document, score: Score, ranking: Ranking, answered: datetime) -> Document:
    """The fields of a prospect that was ranked by an answer of the moment `answered`."""
    in_economy = prospect.get("economy") is not None
    ranked = {
        "score": score.score,
        "score_version": score.version,
        "score_route": score.route,
        "prediction": score.prediction,
        KEPT_PREDICTIONS: with_newest(prospect, score.prediction, answered),
        "ranked_by": str(ranking.lineup),
        "reasons": to_documents(score.reasons),
        "draw": draw(prospect["_id"]),  # the reports' sample: `monitor.reports.sample`
        RANK_KEY: ranking.keys.ranked(prospect["campaign"], score.route, in_economy=in_economy),
    }
    if in_economy:
        ranked["economy"] = ranking.known.hash
    if prospect.get("refused"):
        ranked["refused"] = None
    return ranked
