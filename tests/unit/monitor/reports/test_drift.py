"""Seeded data with a known answer, through the real Evidently; the UI and the registry are fakes."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.errors import Unavailable
from core.models.level import levelled
from core.schema import Schema
from core.stores import event_log
from core.stores.evidently import project_id
from core.stores.mongo import Db
from monitor.reports import drift
from monitor.reports.drift import DriftLimits, review_drift
from monitor.reports.shelf import Shelf
from monitor.reports.windows import Scored
from tests.fake_evidently import FakeEvidently, FakeRegistry
from tests.listed import put_on_a_list

LIMITS = DriftLimits(window=1000, distance=0.1, share=0.3)
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
Shift = Callable[[pd.DataFrame], pd.DataFrame]


def people(schema: Schema, size: int, seed: int) -> pd.DataFrame:
    """A population with some spread in every column, `previous` constant as in a first campaign."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    for column in schema.features:
        if column.is_category:
            weights = np.arange(1, len(column.categories) + 1)
            columns[column.name] = rng.choice(column.categories, size, p=weights / weights.sum())
        else:
            columns[column.name] = rng.normal(50, 10, size).round(1)
    return pd.DataFrame(columns).assign(previous=0, score=rng.beta(1, 8, size))


def as_window(frame: pd.DataFrame) -> list[Scored]:
    rows: list[dict[str, Any]] = [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]
    return [
        Scored(f"r:{n}", f"p:{n}", START - timedelta(seconds=n), row, row.pop("score")) for n, row in enumerate(rows)
    ]


def verdict(schema: Schema, change: Shift, seed: int = 2) -> drift.DriftVerdict:
    window = as_window(change(people(schema, 1000, seed)))
    return drift.compare(schema, people(schema, 5000, 1), window, LIMITS, "7", "code")[0]


def test_the_same_population_does_not_drift(schema: Schema) -> None:
    for seed in (2, 3, 4):
        found = verdict(schema, lambda frame: frame, seed)
        assert (found.drifted, found.share, found.score.drifted, found.is_drift) == ([], 0.0, False, False)


def test_a_model_is_held_to_what_it_has_learnt_last(schema: Schema) -> None:
    before, now = people(schema, 3000, 1), people(schema, 2000, 5).assign(age=lambda frame: frame["age"] + 30)
    reference, window = pd.concat([before, now], ignore_index=True), now.sample(1000, random_state=3)
    found = drift.compare(schema, reference, as_window(window), LIMITS, "7", "code")[0]
    assert (found.reference, found.drifted, found.is_drift) == (2000, [], False)
    returned = drift.compare(schema, reference, as_window(people(schema, 1000, 2)), LIMITS, "7", "code")[0]
    assert returned.drifted == ["age"], "who came before is not who it was trained for"


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        (lambda f: f.assign(age=f["age"] + 10), ["age"]),
        (lambda f: f.assign(job="student"), ["job"]),
        (lambda f: f.assign(previous=1, euribor3m=f["euribor3m"] * 0.5), ["previous", "euribor3m"]),
    ],
)
def test_columns_that_moved_are_named_and_few_are_not_drift(schema: Schema, change: Shift, columns: list[str]) -> None:
    found = verdict(schema, change)
    assert found.drifted == columns
    assert not found.is_drift


def test_enough_columns_are_drift(schema: Schema) -> None:
    names = schema.feature_names[-6:]  # 6 of 19, over 0.3
    found = verdict(schema, lambda frame: frame.assign(**dict.fromkeys(names, 200.0)))
    assert set(found.drifted) >= set(names)
    assert found.is_drift


def test_the_score_alone_is_drift(schema: Schema) -> None:
    found = verdict(schema, lambda frame: frame.assign(score=frame["score"] * 1.5))
    assert (found.drifted, found.score.drifted, found.is_drift) == ([], True, True)


def test_the_same_window_gives_the_same_verdict_and_says_what_it_rests_on(schema: Schema) -> None:
    first, second = (verdict(schema, lambda frame: frame.assign(age=80.0)) for _ in range(2))
    assert first == second
    assert (first.window, first.reference, first.version, first.code_version) == (1000, 2000, "7", "code")
    assert (first.first, first.last, first.until) == ("r:999", "r:0", START)


def test_evidently_counts_the_same_columns(schema: Schema) -> None:
    import json

    window = as_window(people(schema, 1000, 2).assign(age=80.0, job="student"))
    found, snapshot = drift.compare(schema, people(schema, 5000, 1), window, LIMITS, "7", "code")
    counts = [r for r in json.loads(snapshot)["metric_results"].values() if "count" in r]
    assert [result["count"]["value"] for result in counts] == [len(found.drifted)] == [2]


def log_window(db: Db, frame: pd.DataFrame, version: str = "7", start: int = 0, level: float = 0.0) -> None:
    frame = frame.assign(score=levelled(frame["score"], level))
    records = [
        {"_id": f"r{start}:{n}", "prospect": f"p{start + n}", "at": START + timedelta(minutes=start),
         "features": {k: v for k, v in row.items() if k not in ("score", "outcome")},
         "score": row["score"], "version": version, "route": "champion", "level": level}
        for n, row in enumerate(frame.to_dict("records"))
    ]  # fmt: skip
    put_on_a_list(db, (str(record["prospect"]) for record in records))
    db.predictions.insert_many(records)


@pytest.fixture
def fake() -> FakeEvidently:
    return FakeEvidently()


def reviewed(db: Db, fake: FakeEvidently, schema: Schema, version: str | None = "7") -> str:
    registry = FakeRegistry(version, people(schema, 5000, 1))
    return review_drift(Shelf(db, fake.ui(), "test"), registry, schema, LIMITS, "code")


def test_without_a_champion_or_with_too_few_predictions_there_is_no_verdict(
    db: Db, fake: FakeEvidently, schema: Schema
) -> None:
    assert "no champion yet" in reviewed(db, fake, schema, None)
    log_window(db, people(schema, 999, 2))
    assert "no verdict: 999 of 1000" in reviewed(db, fake, schema)
    assert list(db.reports.find()) == []
    assert fake.runs == {}


def test_the_same_window_twice_is_one_report_and_one_snapshot(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    log_window(db, people(schema, 1000, 2))
    assert "no drift: 0 of 19 columns" in reviewed(db, fake, schema)
    assert "less than a tenth" in reviewed(db, fake, schema)
    report = db.reports.find_one()
    assert report is not None
    assert (report["_id"], report["verdict"]["drift"]) == ("drift:7:r0:999", False)
    assert list(fake.runs) == [report["snapshot"]["id"]]
    assert fake.runs[report["snapshot"]["id"]]["metadata"]["report"] == report["_id"]
    assert report["snapshot"]["page"].endswith(f"/projects/{project_id('test')}/reports/{report['snapshot']['id']}")


def test_the_level_that_scores_are_used_at_is_no_drift(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    log_window(db, people(schema, 1000, 2), level=1.5)
    assert "no drift: 0 of 19 columns" in reviewed(db, fake, schema)
    found = db.reports.find_one()
    assert found is not None
    assert found["verdict"]["score"]["distance"] < LIMITS.distance
    log_window(db, people(schema, 1000, 3).assign(score=lambda frame: levelled(frame["score"], 1.5)), start=2000)
    assert "drift found" in reviewed(db, fake, schema), "the same scores, had the model itself given them"


def test_a_tenth_of_new_predictions_is_worth_a_new_report(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    log_window(db, people(schema, 1000, 2))
    reviewed(db, fake, schema)
    log_window(db, people(schema, 99, 3), start=2000)
    assert "less than a tenth" in reviewed(db, fake, schema)
    log_window(db, people(schema, 1, 4), start=3000)
    assert "no drift" in reviewed(db, fake, schema)
    assert len(fake.runs) == 2


def test_the_same_people_asked_about_again_are_no_news(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    log_window(db, people(schema, 1000, 2))
    reviewed(db, fake, schema)
    for minutes in (1, 2, 3):  # the newest of them again, and again: no record of theirs is in the window any more
        again = list(db.predictions.find({"prospect": {"$gte": "p980", "$lte": "p999"}, "at": START}))
        later = START + timedelta(minutes=minutes)
        db.predictions.insert_many([{**one, "_id": f"again{minutes}:{one['_id']}", "at": later} for one in again])
        assert "less than a tenth" in reviewed(db, fake, schema)
    assert len(fake.runs) == 1


def test_a_verdict_outlives_a_ui_that_is_down_and_is_shown_later(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    log_window(db, people(schema, 1000, 2))
    fake.refuse = lambda method, path: "snapshots" in path
    with pytest.raises(Unavailable):
        reviewed(db, fake, schema)
    report = db.reports.find_one()
    assert report is not None
    assert report["snapshot"] is None
    fake.refuse = lambda *_: False
    reviewed(db, fake, schema)
    assert len(list(db.reports.find())) == len(fake.runs) == 1


def test_while_the_ui_is_down_no_verdict_is_given_more_often(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    log_window(db, people(schema, 1000, 2))
    fake.refuse = lambda method, path: "snapshots" in path
    with pytest.raises(Unavailable):
        reviewed(db, fake, schema)
    log_window(db, people(schema, 99, 3), start=2000)
    assert "less than a tenth" in reviewed(db, fake, schema)
    assert len(list(db.reports.find())) == 1


def test_only_a_change_of_state_is_an_event(db: Db, fake: FakeEvidently, schema: Schema) -> None:
    moved = people(schema, 1000, 3).assign(score=0.9)
    for minute, frame in enumerate([people(schema, 1000, 2), moved, moved, people(schema, 1000, 4)]):
        log_window(db, frame, start=10_000 * minute)
        reviewed(db, fake, schema)
    told = [(event["what"], event["subject"]) for event in db.events.find().sort([("_id", 1)])]
    assert told == [("drift: drifting", "drift:7:r10000:999"), ("drift: well", "drift:7:r30000:999")]
    assert event_log.first_broken(db) is None
