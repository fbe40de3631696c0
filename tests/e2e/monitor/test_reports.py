"""The monitor on the services that the environment names: a snapshot in the Evidently UI, and the process itself."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from core.schema import Schema
from core.settings.group import ROOT
from core.stores.evidently import EvidentlyUI, dashboard, project_id
from core.stores.mongo import Db
from monitor.reports import shelf as reports
from monitor.reports.drift.limits import DriftLimits
from monitor.reports.drift.review import DriftReview
from monitor.reports.quality import review_quality
from monitor.reports.shelf import ReportStore
from tests.arrivals import LeaningModel, deliver
from tests.fake_evidently import FakeRegistry
from tests.listed import put_on_a_list

SIZE = 200
LIMITS = DriftLimits(window=SIZE, category=0.2, number=0.3, score=0.3)
MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def ui() -> EvidentlyUI:
    if "EVIDENTLY_URL" not in os.environ:
        pytest.skip("EVIDENTLY_URL names no Evidently UI; scripts/test starts one")
    return EvidentlyUI(os.environ["EVIDENTLY_URL"])


@pytest.fixture
def project(ui: EvidentlyUI) -> Iterator[str]:
    """A project of this test's own, removed afterwards; its name."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    yield name
    httpx.delete(f"{ui.url}/api/v2/projects/{project_id(name)}", timeout=30, trust_env=False)


def people(schema: Schema, size: int, seed: int, age: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {
        column.name: rng.choice(column.categories, size) if column.is_category else rng.normal(age, 5, size)
        for column in schema.features
    }
    score = rng.beta(1, 6, size)
    return pd.DataFrame(columns).assign(score=score, outcome=(rng.random(size) < score).astype(int))


def played(db: Db, schema: Schema, age: float) -> None:
    """People arrive, who are 40 years old, then others; these are scored and called."""
    frame, names = people(schema, SIZE, 2, age), schema.feature_names
    for day in (2, 1):
        deliver(db, people(schema, SIZE, 2 + day, 40)[names], MORNING - timedelta(days=day), f"{day}.csv")
    deliver(db, frame[names], MORNING, "newest.csv")
    db.campaigns.insert_one({"_id": "c"})
    put_on_a_list(db, (f"p{n}" for n in range(len(frame))))
    for n, row in enumerate(frame.to_dict("records")):
        at = MORNING + n * timedelta(minutes=1)
        record = {"_id": f"r:{n:05d}", "prospect": f"p{n}", "at": at, "score": row["score"], "version": "7"}
        db.predictions.insert_one({**record, "features": {name: row[name] for name in names}})
        positive = bool(row["outcome"])
        db.outcomes.insert_one({"_id": f"p{n}:1", "prospect": f"p{n}", "at": at, "positive": positive})


def asked(ui: EvidentlyUI, path: str, **more: Any) -> Any:
    """An answer of the UI, without our client in between."""
    reply = httpx.request("POST" if more else "GET", f"{ui.url}{path}", timeout=30, trust_env=False, **more)
    return reply.raise_for_status().json()


@pytest.mark.mongo
def test_reports_are_seen_in_the_evidently_ui(db: Db, ui: EvidentlyUI, project: str, schema: Schema) -> None:
    played(db, schema, 60)
    registry = FakeRegistry("7", people(schema, 1000, 1, age=40), LeaningModel(schema))
    shelf = ReportStore(db, ui, project)
    for _ in range(2):
        DriftReview(shelf, registry, schema, LIMITS, "m", "code").run()
        review_quality(shelf, registry, SIZE, "code")

    stored = {report["kind"]: report for report in db.reports.find()}
    key = project_id(project)
    seen = asked(ui, f"/api/projects/{key}/snapshots")
    assert sorted((s["metadata"]["report"], s["tags"]) for s in seen) == [
        (stored["drift"]["_id"], ["drift"]),
        (stored["performance"]["_id"], ["quality"]),
    ]
    assert {s["metadata"]["code_version"] for s in seen} == {"code"}
    verdict = stored["drift"]["verdict"]
    assert verdict["drift"] is True
    moved = {column["column"] for column in verdict["columns"] if column["drifted"]}
    assert moved == {"age", "pdays", "previous"}
    assert set(verdict["drifted"]) == moved
    # What the dashboard's panels show.
    panels = {panel["title"]: panel for panel in asked(ui, f"/api/v2/dashboards/{key}")["panels"]}
    for title, expected in (
        ("Columns that drifted", len(moved) / (len(verdict["columns"]) + 1)),  # the codes of pdays have a distance, too
        ("Drift of the score", verdict["score"]["distance"]),
        ("AUC", stored["performance"]["verdict"]["quality"]["auc"]),
        ("Better half", stored["performance"]["verdict"]["quality"]["top_half_capture"]),
        ("Brier score", stored["performance"]["verdict"]["quality"]["brier"]),
    ):
        (value,) = panels[title]["values"]
        wanted = {name: value[name] for name in ("tags", "metadata", "metric", "metric_labels")}
        series = asked(ui, f"/api/v2/snapshots/{key}/data_series_batch", json={"series_filter": [wanted]})["series"]
        assert [one["values"] for one in series] == [[pytest.approx(expected)]], title


def test_setting_up_three_times_leaves_one_project_and_one_set_of_panels(ui: EvidentlyUI, project: str) -> None:
    for _ in range(3):
        ui.ensure_project(project)
    assert len([known for known in asked(ui, "/api/v2/projects") if known["name"] == project]) == 1
    panels = asked(ui, f"/api/v2/dashboards/{project_id(project)}")["panels"]
    assert [panel["id"] for panel in panels] == [panel["id"] for panel in dashboard(project)["panels"]]


@pytest.mark.mongo
def test_old_snapshots_go(
    db: Db, ui: EvidentlyUI, project: str, schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "SNAPSHOTS", 1)
    played(db, schema, 40)
    registry = FakeRegistry("7", people(schema, 1000, 1, age=40), LeaningModel(schema))
    shelf = ReportStore(db, ui, project)
    DriftReview(shelf, registry, schema, LIMITS, "m", "code").run()
    review_quality(shelf, registry, SIZE, "code")
    (kept,) = asked(ui, f"/api/projects/{project_id(project)}/snapshots")
    assert kept["tags"] == ["quality"]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.mongo
def test_the_process_answers_for_its_health_and_ends_when_asked(db: Db, tmp_path: Path) -> None:
    port = free_port()
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CALLWISE_")},
        "MONGODB_DATABASE": db.name,
        "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path / 'mlflow.db'}",
        "MLSERVER_URL": f"http://127.0.0.1:{free_port()}",  # nobody is there
        "EVIDENTLY_URL": f"http://127.0.0.1:{free_port()}",
        "CALLWISE_MONITOR_PORT": str(port),
        "CALLWISE_RANK_SECONDS": "0.1",
        "PYTHONPATH": str(ROOT),
    }
    with (tmp_path / "log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "monitor"], env=env, cwd=tmp_path, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        report: dict[str, Any] = {}
        deadline = time.monotonic() + 120
        while report.get("failing") != ["rank"]:
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()
            assert process.poll() is None, (tmp_path / "log").read_text()
            try:
                reply = httpx.get(f"http://127.0.0.1:{port}/health", timeout=10, trust_env=False)
            except httpx.ConnectError:
                time.sleep(0.2)
                continue
            report = reply.json()
            assert reply.status_code == (503 if report["failing"] else 200)
        assert report["scheduler"] is True
        assert "scoring service did not answer" in report["jobs"]["rank"]["error"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
    log = (tmp_path / "log").read_text()
    assert log.count("rank failed and is tried again") == 1  # many runs, said once
    assert "Traceback" not in log
