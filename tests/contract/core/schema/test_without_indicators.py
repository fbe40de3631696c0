"""A campaign whose schema has no indicator and no weekday goes all the way: set-up, import, training, jobs, screens."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from app.calls.person import key_columns, sections
from bootstrap.setup import steps as setup
from core.calls import filters as wanted
from core.clock import now
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, import_campaign
from core.schema import Schema, economy, read_schema
from core.schema.calendar import MONTHS
from core.scoring.reasons import eligible_columns
from core.settings.addresses import DatasetSettings
from core.settings.group import ROOT
from core.settings.loading import load
from core.settings.loop import TrainerSettings
from core.stores.mongo import Db
from monitor import main
from monitor.reports.drift.comparison import compare
from monitor.reports.drift.limits import DriftLimits
from tests.arrivals import cohorts
from tests.made_up_outcomes import made_up
from tests.screens import drawn, texts
from tests.signing import KEYS
from trainer.data import snapshot
from trainer.data.snapshot import read_outcomes, write_outcomes
from trainer.fitting import recipe
from trainer.fitting.candidates import LEFT_OUT, Candidate, build
from trainer.fitting.recipe import Unwatched

OLDER = ROOT / "tests" / "schemas" / "bank-full.yaml"
ROWS = 3_000
PLAIN = Candidate("logistic regression", {"left_out": "nothing", "c": 0.05})
P = ParamSpec("P")
T = TypeVar("T")
HEADER = (
    "age,job,marital,education,default,balance,housing,loan,contact,day,month,duration,campaign,pdays,previous,"
    "poutcome,y"
)


@pytest.fixture(scope="module")
def older() -> Schema:
    return read_schema(OLDER)


@pytest.fixture
def file(older: Schema, tmp_path: Path) -> Path:
    """A campaign file as the archive writes it, in time order: calls made, and at its end people to call."""
    rows = made_up(older, ROWS, seed=5)
    months = [*MONTHS[4:], *MONTHS[:4]]
    path = tmp_path / "bank-full.csv"
    with path.open("w", newline="") as out:
        lines = csv.writer(out, delimiter=";")
        lines.writerow(HEADER.split(","))
        for place, row in enumerate(rows.to_dict("records")):
            row |= {"month": months[place * 12 // ROWS], "duration": 100, "pdays": -1 if place % 3 else 90}
            row["y"] = "" if place >= ROWS - 50 else "yes" if row[snapshot.OUTCOME] else "no"
            lines.writerow([row[name] for name in HEADER.split(",")])
    return path


@pytest.fixture
def imported(db: Db, older: Schema, file: Path, tmp_path: Path) -> Db:
    wanted.ensure_indexes(db, older)
    report = import_campaign(
        db, older, ImportRequest(CampaignFile.open(file), "older"), rejects=tmp_path / "rejects.csv"
    )
    assert (report.inserted, report.rejected) == (ROWS, 0)
    return db


def test_the_schema_has_the_columns_of_the_older_file(older: Schema) -> None:
    assert [*(column.name for column in older.columns), older.outcome.column] == HEADER.split(",")
    assert economy.indicators(older) == ()
    assert older.calendar is not None
    assert older.calendar.columns == ("month",)


def test_set_up_stores_no_indicator_that_the_schema_does_not_have(db: Db, schema: Schema, tmp_path: Path) -> None:
    def stored(path: Path) -> int:
        env = {
            **{name: os.environ[name] for name in ("MONGODB_URI", "S3_ENDPOINT_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY")},
            **{name: os.environ[name] for name in ("MLFLOW_TRACKING_URI", "PREFECT_API_URL", "EVIDENTLY_URL")},
            "MONGODB_DATABASE": db.name,
            "CALLWISE_DATA_REGISTRY": str(tmp_path / "registry"),
            "CALLWISE_SCHEMA": str(path),
            **KEYS,
        }
        steps = {step.name: step.run for step in setup.steps(load(setup.Settings, env))}
        steps["database"]()
        steps["indicators"]()
        return db.indicators.count_documents({})

    assert stored(OLDER) == 0
    assert stored(ROOT / "data" / "schema.yaml") > 100
    assert issubclass(setup.Settings, DatasetSettings)


def test_calls_come_in_with_their_months_and_a_model_is_learnt_from_them(
    imported: Db, older: Schema, tmp_path: Path
) -> None:
    first, *_, last = sorted(outcome["at"] for outcome in imported.outcomes.find({}, {"at": 1}))
    assert (first.year, first.month, last.year, last.month) == (2008, 5, 2009, 4)
    path = tmp_path / "dataset.parquet"
    write_outcomes(read_outcomes(imported, older), older, path)
    frame = pd.read_parquet(path)
    assert len(frame) == ROWS - 50

    def given(name: str, function: Callable[P, T], /) -> Callable[P, T]:
        """The step as it is; the search, which takes most of the time and stops nobody, finds `PLAIN` at once."""

        def found(*args: P.args, **more: P.kwargs) -> T:
            return PLAIN if name == "search" else function(*args, **more)  # type: ignore[return-value]

        return found

    made = recipe.train_model(frame, older, TrainerSettings(), None, watch=Unwatched(), step=given)
    assert made.verdict.passed
    rows, sold = frame[older.feature_names], frame[snapshot.OUTCOME]
    for left_out in LEFT_OUT:
        candidate = Candidate(PLAIN.kind, {**PLAIN.params, "left_out": left_out})
        scores = build(candidate, older, seed=7).fit(rows, sold).predict_proba(rows)[:, 1]
        assert roc_auc_score(sold, scores) > 0.6


def test_every_job_of_the_monitor_is_made_and_says_that_there_is_nothing_to_fetch(db: Db, tmp_path: Path) -> None:
    env = {
        **{name: os.environ[name] for name in ("MONGODB_URI", "MLFLOW_TRACKING_URI", "EVIDENTLY_URL")},
        "PREFECT_API_URL": os.environ["PREFECT_API_URL"],
        **{name: os.environ[name] for name in ("PREFECT_API_AUTH_STRING",) if name in os.environ},
        "MONGODB_DATABASE": db.name,
        "MLSERVER_URL": "http://127.0.0.1:9",
        "CALLWISE_SCHEMA": str(OLDER),
        "CALLWISE_ECONOMY_SERIES": str(tmp_path / "there-is-none.yaml"),
    }
    jobs = {job.name: job.run for job in main.jobs(main.read_settings(env))}
    assert set(jobs) == set(main.JOBS)
    assert jobs["indicators"]() == "no series feeds an indicator of the schema"
    assert jobs["settle"]() == "every call is recorded to the end"


def test_what_is_known_of_the_economy_is_nothing_and_nothing_is_missing(imported: Db, older: Schema) -> None:
    known = economy.figures_at(imported, older, datetime.now(UTC))
    assert known.values == {}
    person = imported.prospects.find_one({"status": "open"})
    assert person is not None
    assert economy.missing_indicators(older, person["features"]) == []
    assert [section.role.value for section in sections(older, person["features"])] == [
        "profile", "history", "call_context",
    ]  # fmt: skip
    assert "month" not in [column.name for column in eligible_columns(older)]
    assert key_columns(older)


def test_its_columns_can_drift(older: Schema) -> None:
    before = made_up(older, 1_000)[older.feature_names]
    same, poorer = (made_up(older, 500, seed=9)[older.feature_names] for _ in range(2))
    poorer["balance"] -= 40
    for newest, drifted in ((same, []), (poorer, ["balance"])):
        people = cohorts(pd.concat([before, newest], ignore_index=True), now(), 500)
        limits = DriftLimits(500, 0.1, 0.18, 0.15)
        verdict, _ = compare(older, people, lambda frame: np.zeros(len(frame)), before, limits, "7", "code")
        assert {column.column for column in verdict.columns} == set(older.feature_names) - set(verdict.left_out)
        assert (verdict.left_out, verdict.economy, verdict.drifted) == (["month"], (), drifted)


def test_the_screens_say_that_there_is_no_economy_and_show_the_person(
    imported: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    with drawn(imported, monkeypatch, "overview", CALLWISE_SCHEMA=str(OLDER)) as draw:
        page = draw()
        assert not page.exception
        assert "Something went wrong" not in texts(page)
    with drawn(imported, monkeypatch, "economy", "calls", CALLWISE_SCHEMA=str(OLDER)) as draw:
        page = draw()
        assert "The campaign schema has no figures of the economy, so the model uses none." in texts(page)
        page = page.button(key="take").click().run()
        assert not page.exception
        assert [e.value for e in page.subheader if e.value.startswith("Person")]
        assert "Something went wrong" not in texts(page)
