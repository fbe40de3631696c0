"""The job that judges drift, on a real store; the UI and the registry are fakes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.errors import Unavailable
from core.models.decisions import DecisionKind
from core.models.succession import Succession
from core.oversight import report_words
from core.schema import Schema
from core.stores import event_log
from core.stores.evidently import project_id
from core.stores.mongo import Db
from monitor.reports.drift import arrivals, comparison
from monitor.reports.drift.arrivals import Arrival, Cohorts
from monitor.reports.drift.limits import DriftLimits
from monitor.reports.drift.review import DriftReview
from monitor.reports.shelf import ReportStore
from replay.living import quick
from tests.aliases import Aliases
from tests.arrivals import LeaningModel, deliver
from tests.fake_evidently import FakeEvidently, FakeRegistry
from tests.made_up_outcomes import made_up

LIMITS = DriftLimits(window=300, category=0.1, number=0.18, score=0.15)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
MODEL = "prospect-scorer"


def people(schema: Schema, size: int, seed: int) -> pd.DataFrame:
    return made_up(schema, size, seed=seed)[schema.feature_names]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeEvidently:
    """An Evidently UI; reports are made without pages, which take a second each."""

    def without_pages(*given: object) -> tuple[dict[str, float], str]:
        found, _ = quick.distances(*given)  # type: ignore[arg-type]
        return found, json.dumps({"metadata": given[-1]["metadata"]})  # type: ignore[index]

    monkeypatch.setattr(comparison, "report_distances", without_pages)
    return FakeEvidently()


class House:
    """An appliance whose drift is judged when it is told to; the champion came into use on the first day."""

    def __init__(self, db: Db, fake: FakeEvidently, schema: Schema, version: str | None = "7") -> None:
        self.db, self.fake, self.schema, self.at = db, fake, schema, START
        self.registry = FakeRegistry(version, made_up(schema, 1_000, seed=1), LeaningModel(schema))
        if version:
            Succession(db, MODEL, Aliases(), by="trainer", clock=lambda: START).promote(version, why="the first")

    def file(self, frame: pd.DataFrame, name: str, came_called: int | None = None) -> None:
        self.at += DAY
        deliver(self.db, frame, self.at, name, came_called=came_called)

    def accept(self, incident: str) -> None:
        """Half a day later the training of `incident` makes a refresh."""
        succession = Succession(self.db, MODEL, Aliases(), by="monitor", clock=lambda: self.at + DAY / 2)
        succession.decide(lambda _state: (DecisionKind.REFRESHED, "9"), "why", incident, {})

    def look(self) -> str:
        shelf = ReportStore(self.db, self.fake.ui(), "test", clock=lambda: self.at)
        return DriftReview(shelf, self.registry, self.schema, LIMITS, MODEL, "code", clock=lambda: self.at).run()


def test_without_a_champion_or_with_too_few_people_there_is_no_verdict(
    db: Db, fake: FakeEvidently, schema: Schema
) -> None:
    assert "no champion yet" in House(db, fake, schema, None).look()
    house = House(db, fake, schema)
    house.file(people(schema, 299, 2), "a.csv")
    assert house.look() == "no verdict: 299 of 300 people have arrived"
    assert list(db.reports.find()) == []
    assert fake.runs == {}


def test_the_first_file_is_told_beside_training_and_is_no_alarm(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    house = House(db, fake, schema)
    house.file(people(schema, 500, 2).assign(age=90), "a.csv")
    assert "information and no alarm" in house.look()
    report = db.reports.find_one()
    assert report is not None
    assert (report["verdict"]["against"], report["verdict"]["drift"]) == ("training", False)
    assert "age" in report["verdict"]["drifted"]


def test_a_small_window_is_never_compared_with_people_of_its_own_file() -> None:
    def file(name: str, many: int, day: int) -> list[Arrival]:
        return [Arrival(f"{name}{n}", START + day * DAY, {}, name) for n in range(many)]

    for files, window, before in (
        ([("only", 1_000)], 300, 0),
        ([("new", 1_000), ("old", 300)], 300, 300),
        ([("new", 1_000), ("old", 1_000)], 1_000, 1_000),
        ([("new", 100), ("old", 900), ("older", 1_000)], 1_000, 1_000),
        ([("new", 1_000), ("old", 1_000), ("older", 1_000)], 1_000, 2_000),
    ):
        arrived = [one for day, (name, many) in enumerate(files) for one in file(name, many, -day)]
        found = Cohorts.of(arrived, [], 1_000)
        assert (len(found.window), len(found.before)) == (window, before), files
        assert files[0][0] not in {one.file for one in found.before}


@pytest.mark.parametrize(("many", "size"), [(300, 300), (400, 400), (900, 900), (1_200, 1_000)])
def test_behind_new_people_a_history_changes_no_window(many: int, size: int) -> None:
    def file(name: str, many: int, day: int, *, left: bool = False) -> list[Arrival]:
        return [Arrival(f"{name}{n}", START + day * DAY, {}, name, left) for n in range(many)]

    new = [*file("b", many, 2), *file("a", many, 1)]
    history = file("history", 1_000, 0, left=True)
    found, without = Cohorts.of([*new, *history], history, 1_000), Cohorts.of(new, [], 1_000)
    assert (found.window, found.before, list(found.accepted)) == (without.window, without.before, [])
    assert (len(found.window), len(found.before)) == (size, size)
    few = Cohorts.of([*file("c", 100, 3), *history], [], 1_000)
    assert (len(few.window), few.before) == (300, []), "there is hardly anybody else"


def test_a_file_of_other_people_is_drift_and_is_named(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    house = House(db, fake, schema)
    for number in range(3):
        house.file(people(schema, 300, 2 + number), f"{number}.csv")
    assert house.look().startswith("no drift: 0 of 11 columns moved")
    house.file(people(schema, 300, 9).assign(age=90), "the elderly.csv")
    said = house.look()
    assert said.startswith("drift found: 1 of 11 columns moved: age")
    assert "300 of the newest came with the file the elderly.csv" in said


def test_who_is_ranked_called_or_changed_later_is_no_news(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    house = House(db, fake, schema)
    for number in range(3):
        house.file(people(schema, 300, 2 + number), f"{number}.csv")
    house.look()
    best = [one["_id"] for one in db.prospects.find().limit(450)]
    db.prospects.update_many({"_id": {"$in": best}}, {"$set": {"status": "done", "score": 0.9}})
    db.predictions.insert_many([{"_id": f"r:{key}", "prospect": key, "at": START, "score": 0.9} for key in best])
    for one in db.prospects.find().limit(600):
        older = {
            "import": "later",
            "at": house.at + DAY,
            "was": {"features": {"age": one["features"]["age"]}},
            "new": {},
        }
        changed = {"features": {**one["features"], "age": 90}, "history": [older]}
        db.prospects.update_one({"_id": one["_id"]}, {"$set": changed})
    assert "less than a tenth" in house.look()
    house.file(people(schema, 40, 12), "few.csv")
    assert house.look().startswith("no drift"), "each person has the values of their arrival"


def test_the_calls_that_a_file_brought_are_nobody_who_arrived(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    house = House(db, fake, schema)
    house.file(people(schema, 400, 2), "a.csv")
    db.prospects.update_many({}, {"$unset": {"arrival": ""}})
    assert house.look() == "no verdict: 0 of 300 people have arrived"


def test_whoever_a_history_left_over_is_no_measure_for_those_who_come(
    db: Db, fake: FakeEvidently, schema: Schema
) -> None:
    """Nobody had called them, because others were better: a list of new people differs from them, and nothing moved."""
    house = House(db, fake, schema)
    house.at -= 2 * DAY  # the history was there before the champion
    house.file(people(schema, 600, 2).assign(age=70), "history.csv", came_called=2_000)
    house.at += DAY
    house.file(people(schema, 400, 3), "monday.csv", came_called=0)
    assert "information and no alarm" in house.look()
    house.file(people(schema, 400, 4), "tuesday.csv", came_called=20)
    assert house.look().startswith("no drift: 0 of 11 columns moved")
    house.file(people(schema, 400, 5).assign(age=90), "wednesday.csv", came_called=0)
    assert house.look().startswith("drift found: 1 of 11 columns moved: age")


def test_a_large_file_is_not_compared_with_itself(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    house = House(db, fake, schema)
    for number in range(2):
        house.file(people(schema, 300, 2 + number), f"{number}.csv")
    house.file(people(schema, 2_000, 9).assign(age=90), "large.csv")
    assert house.look().startswith("drift found: 1 of 11 columns moved: age")


def test_the_order_of_a_file_is_no_drift(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    house = House(db, fake, schema)
    for number in range(4):
        house.file(people(schema, 250, 2 + number).sort_values("age", ignore_index=True), f"{number}.csv")
    assert house.look().startswith("no drift")


def test_a_slow_change_ends_with_a_model_that_came_into_use_after_it(
    db: Db, fake: FakeEvidently, schema: Schema
) -> None:
    house = House(db, fake, schema)
    house.at -= 10 * DAY
    for number in range(3):
        house.file(people(schema, 300, 2 + number), f"{number}.csv")
    house.at = START + DAY
    older = people(schema, 900, 8)
    for number in range(3):
        house.file(
            older.iloc[300 * number : 300 * number + 300].assign(age=lambda f: f["age"] + 15), f"old{number}.csv"
        )
    said = house.look()
    assert said.startswith("drift found: 1 of 11 columns moved: age")
    assert "from when a model was last accepted" in said
    Succession(db, MODEL, Aliases(), by="monitor", clock=lambda: house.at + DAY).promote("8", why="it is better")
    house.registry.version = "8"
    house.at += 2 * DAY
    assert house.look().startswith("no drift")


def test_a_first_model_is_judged_by_the_people_who_came_first_after_it(
    db: Db, fake: FakeEvidently, schema: Schema
) -> None:
    """Once everybody before the window has changed, too, they alone tell that the people have changed slowly."""
    house = House(db, fake, schema)
    for number in range(2):
        house.file(people(schema, 300, 2 + number), f"{number}.csv")
    for number in range(4):
        house.file(people(schema, 300, 4 + number).assign(age=lambda f: f["age"] + 15), f"old{number}.csv")
    said = house.look()
    assert said.startswith("drift found: 1 of 11 columns moved: age")
    assert "from when a model was last accepted" in said


def test_upkeep_accepts_nobody_and_the_training_of_an_incident_does(
    db: Db, fake: FakeEvidently, schema: Schema
) -> None:
    house = House(db, fake, schema)
    for number in range(2):
        house.file(people(schema, 300, 2 + number), f"{number}.csv")

    def file_older(many: int) -> None:
        for number in range(many):
            frame = people(schema, 300, 10 + number).assign(age=lambda f: f["age"] + 15)
            house.file(frame, f"{house.at:%d}-{number}.csv")

    file_older(4)
    succession = Succession(db, MODEL, Aliases(), by="monitor", clock=lambda: house.at + DAY / 2)
    succession.decide(lambda _state: (DecisionKind.REFRESHED, "8"), "why", None, {})
    succession.decide(lambda _state: (DecisionKind.RENEWED, "8"), "why", None, {})
    house.registry.version = "8"
    assert house.look().startswith("drift found")
    house.accept("drift:1")
    file_older(1)
    assert house.look().startswith("no drift")
    succession.decide(lambda _state: (DecisionKind.LEFT_OUT, "9"), "it is worse", None, {})
    file_older(1)
    assert house.look().startswith("drift found"), "the champion has not learnt from these people"


def test_the_same_people_twice_are_one_report_and_one_snapshot(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    house = House(db, fake, schema)
    house.file(people(schema, 600, 2), "a.csv")
    house.look()
    assert "less than a tenth" in house.look()
    report = db.reports.find_one()
    assert report is not None
    assert list(fake.runs) == [report["snapshot"]["id"]]
    assert fake.runs[report["snapshot"]["id"]]["metadata"]["report"] == report["_id"]
    assert report["snapshot"]["page"].endswith(f"/projects/{project_id('test')}/reports/{report['snapshot']['id']}")


def test_a_tenth_of_new_people_is_worth_a_new_report(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    house = House(db, fake, schema)
    house.file(people(schema, 900, 2), "a.csv")
    house.look()
    house.file(people(schema, 29, 3), "b.csv")
    assert "less than a tenth" in house.look()
    house.file(people(schema, 1, 4), "c.csv")
    assert "no drift" in house.look()
    assert len(fake.runs) == 2


def test_a_verdict_outlives_a_ui_that_is_down_and_is_shown_later(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    house = House(db, fake, schema)
    house.file(people(schema, 600, 2), "a.csv")
    fake.refuse = lambda method, path: "snapshots" in path
    with pytest.raises(Unavailable):
        house.look()
    report = db.reports.find_one()
    assert report is not None
    assert report["snapshot"] is None
    fake.refuse = lambda *_: False
    house.look()
    assert len(list(db.reports.find())) == len(fake.runs) == 1


def test_only_a_change_of_state_is_an_event(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    house, rng = House(db, fake, schema), np.random.default_rng(1)
    for number, age in enumerate((None, None, 90, 90, 90, 90)):
        frame = people(schema, 300, 2 + number)
        house.file(frame.assign(age=rng.integers(80, 100, 300)) if age else frame, f"{number}.csv")
        house.look()
        if number == 4:
            house.accept("drift:1")
    told = [event["what"] for event in db.events.find().sort([("_id", 1)]) if str(event["what"]).startswith("drift")]
    assert told == ["drift: drifting", "drift: well"]
    assert event_log.first_broken(db) is None


def test_nobody_is_read_again_while_nothing_arrives(
    db: Db, fake: FakeEvidently, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = House(db, fake, schema)
    house.file(people(schema, 600, 2), "a.csv")
    shelf = ReportStore(db, fake.ui(), "test", clock=lambda: house.at)
    job = DriftReview(shelf, house.registry, schema, LIMITS, MODEL, "code", clock=lambda: house.at)
    said = job.run()
    monkeypatch.setattr(arrivals, "read", lambda *_: pytest.fail("people were read again"))
    assert job.run() == said


def test_another_economy_is_judged_although_nobody_has_arrived(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    house, column = House(db, fake, schema), "euribor3m"
    for number in range(3):
        house.file(people(schema, 300, 2 + number).drop(columns=[column]), f"{number}.csv")
    for value, said in ((3.0, "no drift"), (-99.0, "drift found")):
        house.at += DAY
        vintage = {"value": value, "known": {"at": house.at}, "source": "test"}
        period = f"{house.at:%Y-%m-%d}"
        named = {"_id": f"{column}:{period}", "series": column, "period": period, "unit": "%"}
        db.indicators.insert_one({**named, "vintages": [vintage], "revision": 1, "seen": {"at": house.at}})
        assert house.look().startswith(said)
        assert "less than a tenth" in house.look()
    assert len(fake.runs) == 2
    assert "euribor3m is -99, and the model has learnt from" in report_words.words("drift", newest(db))


def newest(db: Db) -> dict[str, Any]:
    return dict(list(db.reports.find())[-1]["verdict"])
