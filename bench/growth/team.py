"""A team at work for some days of the past: what it and the appliance write, by the code that writes it in service.

A month has 30 days and a list of its own: a file of `people`, imported on its first day and ranked on each of its days.
The team makes `calls` a day and signs in; there are two quality reports a month, and `trainings`, the last of which a
gate refuses. Fits are not repeated: each training has its own dataset, run, pages and version, with the first one's
model. Many documents are written at a time where service writes one after the other.
"""

from __future__ import annotations

import csv
import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
from pymongo import UpdateOne

from bench import crowd
from core.calls.lifecycle import STANDARD, Result
from core.calls.rank_key import rank_if_open
from core.calls.recording import CallReport, new_call
from core.clock import Clock
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, import_campaign
from core.models.decisions import CHAMPION
from core.scoring.kept_predictions import KEPT_PREDICTIONS, with_newest
from core.scoring.packed import ROWS, pack
from core.scoring.prediction import Prediction
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Document
from monitor.reports.quality import judge, report_id
from monitor.reports.shelf import ReportStore
from monitor.reports.windows import Called
from trainer.data.lineage import Lineage, code_version
from trainer.fitting import recipe
from trainer.fitting.recipe import ValidatedModel
from trainer.fitting.search import SearchTrial
from trainer.gates.verdict import Verdict
from trainer.pipeline import handover, tracking
from trainer.pipeline.archive import archive
from trainer.pipeline.refresh import RECIPE, REFRESH_OF, recipe_tag
from trainer.pipeline.registration import register
from trainer.pipeline.training import Trainer, take_snapshot

DAYS, AGENTS, SALES, REPORTS, REPORTED = 30, 10, 0.12, (10, 20), 200
OUTCOMES = 0.52
"""The share of calls that end with an outcome, as in `bench.screens.shift`."""
COPIED = ("_id", "prospect", "campaign", "call", "earlier", "result", "agent", "at")


@dataclass
class Kept(recipe.Unwatched):
    """Keeps what a training tells, to tell it again."""

    verdicts: list[Verdict] = field(default_factory=list)
    trials: list[SearchTrial] = field(default_factory=list)

    def trial(self, tried: SearchTrial) -> None:
        """See `recipe.Watch`."""
        self.trials.append(tried)

    def enforce(self, verdict: Verdict) -> None:
        """See `recipe.Watch`."""
        self.verdicts.append(verdict)
        super().enforce(verdict)


@dataclass
class Team:
    """What writes; `day` is the moment of the simulation, and `seed` makes two years alike."""

    trainer: Trainer
    shelf: ReportStore
    people: int
    calls: int
    trainings: int
    day: datetime
    seed: int = 1
    _model: ValidatedModel | None = None
    _kept: Kept = field(default_factory=Kept)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311  made-up people
        self.trainer = replace(self.trainer, clock=self.clock)
        self.shelf = replace(self.shelf, clock=self.clock)

    @property
    def clock(self) -> Clock:
        """Says the day of the simulation."""
        return lambda: self.day

    def month(self, number: int) -> None:
        """Thirty days, from `day` on."""
        campaign = f"month-{number:02d}"
        self._import(campaign)
        people = list(self.trainer.db.prospects.find({"campaign": campaign}))
        if number == 1:
            self._fit()
        trained = {DAYS * (place + 1) // (self.trainings + 1) for place in range(self.trainings)}
        for day in range(DAYS):
            self._rank(campaign, people, day)
            people = self._call(people)
            for agent in range(2):  # of ten, because the people are a part of a team's, too
                event_log.append(
                    self.trainer.db, who=f"agent {agent}", what=Event.SIGNED_IN, subject="", clock=self.clock
                )
            if day in REPORTS:
                self._report(f"{number}-{day}")
            if day in trained:
                self._train(refused=day == max(trained))
            self.day += timedelta(days=1)
        self._close(campaign, people)

    def _import(self, campaign: str) -> None:
        schema = self.trainer.schema
        rows = [crowd.file_row(schema, f"{number:07d}", self.chance) for number in range(1, self.people + 1)]
        with tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder:
            path = Path(folder) / f"{campaign}.csv"
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, rows[0])
                writer.writeheader()
                writer.writerows(rows)
            request = ImportRequest(CampaignFile.open(path), campaign)
            import_campaign(self.trainer.db, schema, request, rejects=Path(folder) / "r.csv", clock=self.clock)

    def _rank(self, campaign: str, people: Sequence[Document], day: int) -> None:
        """Score everybody who is open, and note it at each; the list's documents are written when they change."""
        for start in range(0, len(people), ROWS):
            some, request = people[start : start + ROWS], f"{campaign}-{day}-{start}"
            rows = [
                Prediction(
                    f"{request}:{row}",
                    request,
                    person["_id"],
                    person["features"],
                    self.chance.betavariate(1.2, 8),
                    "1",
                    CHAMPION,
                    self.day,
                ).document()
                for row, person in enumerate(some)
            ]
            self.trainer.db.predictions.insert_many(pack(rows), ordered=False)
            for row, person in zip(rows, some, strict=True):
                person[KEPT_PREDICTIONS] = with_newest(person, row["_id"], self.day)
                person.update({"prediction": row["_id"], "score": row["score"]})

    def _call(self, people: list[Document]) -> list[Document]:
        """Call the best; returns who is open after that."""
        db, at = self.trainer.db, self.day + timedelta(hours=10)
        best = sorted(people, key=lambda person: -person["score"])[: self.calls]
        calls = [new_call(p, f"agent {self.chance.randrange(AGENTS)}", self._result(), at, STANDARD) for p in best]
        if not calls:
            return people
        outcomes = [
            {name: call[name] for name in COPIED} | {"positive": call["result"] == Result.SOLD}
            for call in calls
            if Result(call["result"]).is_outcome
        ]
        db.calls.insert_many(calls)
        if outcomes:
            db.outcomes.insert_many(outcomes)
        for person, call in zip(best, calls, strict=True):
            listed = rank_if_open(call["campaign"], call["after"]["status"])
            person.update({**call["after"], "calls": call["call"], **listed})
        _write(self.trainer, best)
        return [person for person in people if person["status"] == "open"]

    def _result(self) -> CallReport:
        if self.chance.random() > OUTCOMES:
            return CallReport(Result.WRONG_NUMBER)
        return CallReport(Result.SOLD if self.chance.random() < SALES else Result.REFUSED)

    def _close(self, campaign: str, people: Sequence[Document]) -> None:
        """The next list takes its place."""
        _write(self.trainer, people)
        state = {"is": "closed", "by": "bench", "at": self.day}
        self.trainer.db.campaigns.update_one({"_id": campaign}, {"$set": {"state": state}})

    def _report(self, key: str) -> None:
        scores = [self.chance.betavariate(1.2, 8) for _ in range(REPORTED)]
        window = [
            Called(f"{key}:{place}", self.day, self.chance.random() < SALES, score)
            for place, score in enumerate(scores)
        ]
        reference = pd.DataFrame({"outcome": [int(one.positive) for one in window], "score": scores})
        verdict, content = judge(reference, window, "1", "bench")
        report = report_id("1", window)
        self.shelf.store_verdict(report, "performance", verdict.document())
        self.shelf.publish(report, content)

    def _fit(self) -> None:
        """Fit the model that all versions share, as the first training does."""
        trainer = self.trainer
        frame, _ = take_snapshot(trainer)
        self._model = recipe.train_model(frame, trainer.schema, trainer.settings, None, watch=self._kept)

    def _train(self, *, refused: bool) -> None:
        """A training as the pipeline does it, but for the fit; a `refused` one makes no version."""
        trainer, models, made = self.trainer, self.trainer.models, self._model
        if made is None:
            return
        _, taken = take_snapshot(trainer)
        code = code_version(trainer.settings.callwise_code_version)
        lineage = Lineage.from_snapshot(taken, trainer.schema, code, reason="bench", incident=None, parent=None)
        with tracking.run(models.client, trainer.experiment, name=taken.tag, tags=lineage.tags()) as run:
            for tried in self._kept.trials:
                run.trial(tried)
            for verdict in self._kept.verdicts:
                run.enforce(verdict)
            if not refused:
                state = trainer.succession.state()
                tags = {RECIPE: recipe_tag(made.candidate), "why": "bench"}
                tags |= {REFRESH_OF: state.champion} if state.champion else {}
                version = register(
                    models, made.model, made.trained_on, trainer.schema, lineage, run.id, tags, trainer.signer
                )
                handover.hand_over(trainer.succession, models, version, why="bench")
                archive(models, trainer.succession.state(), clock=self.clock)
        models.client.set_terminated(run.id, end_time=int(self.day.timestamp() * 1000))


def _write(trainer: Trainer, people: Sequence[Document]) -> None:
    fields = ("status", "claim", "calls", "score", "prediction", "rank_key", KEPT_PREDICTIONS)
    writes = [
        UpdateOne({"_id": person["_id"]}, {"$set": {name: person[name] for name in fields if name in person}})
        for person in people
    ]
    for start in range(0, len(writes), crowd.BATCH):
        trainer.db.prospects.bulk_write(writes[start : start + crowd.BATCH], ordered=False)
