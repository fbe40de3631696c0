"""A stream with an onset, through reports and incidents on a real store: one incident, once, and one training asked."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest

from core.models.proof import Proof
from core.models.registry import Loaded, ModelVersion
from core.models.succession import Succession
from core.schema import Schema
from core.stores.mongo import Db
from monitor.incidents.facts import IncidentRules
from monitor.incidents.follow_up import FollowUp
from monitor.messages.digest import Digest
from monitor.reports.drift.arrivals import BEFORE
from monitor.reports.drift.review import DriftReview
from monitor.reports.expected import review_expected
from monitor.reports.parity import review_parity
from monitor.reports.quality import review_quality
from monitor.reports.shelf import ReportStore
from tests.aliases import Aliases
from tests.arrivals import LeaningModel, deliver, rows
from tests.fake_evidently import FakeEvidently, FakeRegistry
from tests.fake_prefect import FakePrefect
from tests.listed import put_on_a_list
from tests.monitoring.conftest import LIMITS, LOOKS, START, WATCHING, calls, people, scored
from tests.scoring.fakes import FakeModel
from trainer.data.snapshot import OUTCOME

pytestmark = pytest.mark.mongo

MODEL, VERSION = "prospect-scorer", "1"


class Watched:
    """An appliance whose monitoring looks when it is told to."""

    def __init__(self, db: Db, schema: Schema, reference: pd.DataFrame) -> None:
        self.db, self.schema, self.at, self.logged = db, schema, START, 0
        self.prefect, self.registry = FakePrefect(), FakeRegistry(VERSION, reference, LeaningModel(schema))
        self.shelf = ReportStore(db, FakeEvidently().ui(), "test", clock=self.clock)
        Succession(db, MODEL, Aliases(), by="trainer", clock=self.clock).promote(VERSION, why="the first")

    def clock(self) -> datetime:
        return self.at

    def see(self, frame: pd.DataFrame) -> None:
        """Let the people of `frame` arrive by a file, be scored and called."""
        records, outcomes = [], []
        for place, (call, features) in enumerate(zip(calls(frame), rows(frame), strict=True), self.logged):
            at = START + timedelta(seconds=place)
            records.append({"_id": f"r{place:06d}:0", "prospect": f"p{place}", "at": at, "features": features,
                            "score": call.score, "version": VERSION, "level": 0.0})  # fmt: skip
            outcomes.append({"_id": f"p{place}:1", "prospect": f"p{place}", "at": at, "positive": call.positive})
        put_on_a_list(self.db, (str(record["prospect"]) for record in records))
        deliver(self.db, frame[self.schema.feature_names], self.at, f"{self.logged}.csv")
        self.db.predictions.insert_many(records)
        self.db.outcomes.insert_many(outcomes)
        self.logged += len(records)

    def look(self) -> str:
        """What the jobs do, once each."""
        self.at += timedelta(minutes=15)
        self.prefect.now = self.at
        DriftReview(self.shelf, self.registry, self.schema, LIMITS, MODEL, "code", clock=self.clock).run()
        review_quality(self.shelf, self.registry, WATCHING.callwise_quality_window, "code")
        return FollowUp(self.db, self.prefect.client(), MODEL, IncidentRules(), clock=self.clock).run()


class Models:
    """A registry whose only model says 0.5 of everybody."""

    def __init__(self, schema: Schema) -> None:
        self.model = FakeModel(0.5, schema.feature_names)

    def version(self, number: str) -> ModelVersion:
        return ModelVersion(MODEL, number, "run", {})

    def load(self, version: ModelVersion) -> Loaded:
        return Loaded(self.model, Proof([], []), pd.DataFrame())


def test_an_incident_opens_once_and_asks_for_one_training(db: Db, schema: Schema, reference: pd.DataFrame) -> None:
    house, step = Watched(db, schema, reference), LIMITS.window // LOOKS
    for seed in range(1 + BEFORE):
        house.see(people(schema, LIMITS.window, 2 + seed))
        house.look()
    assert house.look() == "no incident"
    others = scored(people(schema, 5 * step, 3).assign(contact="cellular"))
    for start in range(0, len(others), step):
        house.see(others.iloc[start : start + step])
        house.look()
        house.look()
    [incident] = db.incidents.find({"cause": "drift"})
    bad = list(db.reports.find({"kind": "drift", "verdict.drift": True}).sort([("made.at", 1)]))
    assert len(bad) > 1, "it was found more than once"
    assert incident["opened"]["report"] == bad[0]["_id"]
    assert [entry["status"] for entry in incident["history"]] == ["open", "retraining"]
    assert len(house.prefect.runs) == 1
    assert len(list(db.events.find({"what": "incident open", "subject": incident["_id"]}))) == 1


def test_lost_quality_opens_its_own(db: Db, schema: Schema, reference: pd.DataFrame) -> None:
    house = Watched(db, schema, reference)
    house.see(people(schema, LIMITS.window, 2))
    house.look()
    sold_to_nobody = people(schema, 300, 3)
    sold_to_nobody[OUTCOME] = 0
    house.see(sold_to_nobody)
    assert house.look() == "quality: retraining"
    assert [one["cause"] for one in db.incidents.find()] == ["quality"]


def test_every_report_says_which_code_made_it(db: Db, schema: Schema, reference: pd.DataFrame) -> None:
    """Every kind that there is: what `reports` holds without it could not be made again."""
    house = Watched(db, schema, reference)
    house.see(people(schema, LIMITS.window, 2))
    house.look()
    review_expected(house.shelf, house.registry, WATCHING.callwise_quality_window, "code")
    Digest(db, MODEL, "monday", 6, "code", clock=lambda: START + timedelta(days=8)).run()

    review_parity(db, Models(schema), [VERSION], 10, "code", champion=VERSION, clock=house.clock)
    made = {report["kind"]: report["verdict"].get("code_version") for report in db.reports.find()}
    assert made == dict.fromkeys(("drift", "performance", "estimate", "parity", "digest"), "code")
