import json

import pytest

from core.stores.mongo import Db
from monitor.jobs.cause_states import record_state
from monitor.reports import shelf as reports
from monitor.reports.shelf import ReportStore
from tests.fake_evidently import FakeEvidently


def snapshot(report: str) -> str:
    return json.dumps({"metadata": {"report": report}})


def test_publishing_twice_shows_one_snapshot(db: Db) -> None:
    fake = FakeEvidently()
    shelf = ReportStore(db, fake.ui(), "test")
    shelf.store_verdict("a", "drift", {"drift": False})
    assert shelf.publish("a", snapshot("a")) == shelf.publish("a", snapshot("a"))
    assert len(fake.runs) == 1


def test_two_processes_at_once_agree_on_one(db: Db) -> None:
    fake = FakeEvidently()
    shelf = ReportStore(db, fake.ui(), "test")
    project = fake.ui().ensure_project("test")
    oldest = fake.ui().add_snapshot(project, snapshot("a"))
    fake.ui().add_snapshot(project, snapshot("a"))
    assert shelf.publish("a", snapshot("a")).endswith(oldest)
    assert list(fake.runs) == [oldest]


def test_the_first_verdict_on_a_window_stands(db: Db) -> None:
    shelf = ReportStore(db, FakeEvidently().ui(), "test")
    shelf.store_verdict("a", "drift", {"drift": False})
    shelf.store_verdict("a", "drift", {"drift": True})
    (stored,) = db.reports.find()
    assert stored["verdict"] == {"drift": False}


def test_only_the_newest_snapshots_are_kept_and_every_verdict(db: Db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "SNAPSHOTS", 3)
    fake = FakeEvidently()
    shelf = ReportStore(db, fake.ui(), "test")
    for report in "abcde":
        shelf.store_verdict(report, "drift", {})
        shelf.publish(report, snapshot(report))
    assert [run["metadata"]["report"] for run in fake.runs.values()] == ["c", "d", "e"]
    assert len(list(db.reports.find())) == 5


def test_a_turn_killed_between_event_and_state_leaves_one_event(db: Db) -> None:
    assert record_state(db, "drift", "drifting", "report-1", "because")
    db.appliance.delete_one({"_id": "monitor:drift"})
    assert record_state(db, "drift", "drifting", "report-1", "because")
    assert not record_state(db, "drift", "drifting", "report-2", "still")
    assert [event["subject"] for event in db.events.find()] == ["report-1"]
