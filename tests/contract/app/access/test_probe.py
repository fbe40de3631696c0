"""The probe outside: it needs no account, says what is not well, and gives nothing else away."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from app.access import door, probe
from app.access.door import Guard, Reception
from app.access.figures import Counted
from app.shell.appliance import SessionLimits
from core.clock import now
from core.errors import Unavailable
from core.stores.mongo import Db, Document

pytestmark = pytest.mark.mongo


@pytest.fixture
def seen(db: Db) -> Document:
    """The monitor's look a moment ago: all is well."""
    look: Document = {
        "_id": "condition",
        "seen": {"at": now()},
        "services": [{"name": "mlflow", "ok": True, "why": ""}],
        "failing": [],
        "alarms": [],
        "notices": {"addresses": 1, "error": ""},
    }
    db.appliance.insert_one(look)
    return look


def browsers(db: Db | None) -> Iterator[TestClient]:
    def found() -> Reception:
        if db is None:
            raise Unavailable("MongoDB is away at mongodb://secret@mongo")
        return Reception(db, SessionLimits())

    app = Starlette(
        routes=[*door.routes(found), *probe.routes(found)],
        middleware=[Middleware(Counted), Middleware(Guard, reception=found)],
    )
    with TestClient(app, follow_redirects=False) as made:
        yield made


@pytest.fixture
def outside(db: Db) -> Iterator[TestClient]:
    yield from browsers(db)


def test_all_well_is_200(outside: TestClient, seen: Document) -> None:
    answer = outside.get("/status")
    assert answer.status_code == 200
    assert {**answer.json(), "at": ""} == {"ok": True, "wrong": [], "at": ""}


def test_what_is_not_well_is_named_without_figures_and_names_of_people(
    outside: TestClient, db: Db, seen: Document
) -> None:
    bad = {
        "services": [{"name": "prefect", "ok": False, "why": "ConnectError at http://prefect:4200"}],
        "failing": ["drift car-loans"],
        "alarms": [{"cause": "disk", "why": "900 MiB are free"}, {"cause": "job:drift car-loans", "why": "x"}],
        "notices": {"addresses": 1, "error": "mailto://ann:secret@example.org did not take a message"},
    }
    db.appliance.update_one({"_id": "condition"}, {"$set": bad})
    answer = outside.get("/status")
    assert answer.status_code == 503
    assert answer.json()["wrong"] == ["disk", "job:drift", "notices", "service:prefect"]
    assert not any(word in answer.text for word in ("secret", "4200", "900", "car-loans", "ann"))


def test_a_monitor_that_is_away_is_named(outside: TestClient, db: Db, seen: Document) -> None:
    db.appliance.replace_one({"_id": "condition"}, {**seen, "seen": {"at": now() - timedelta(minutes=4)}})
    assert outside.get("/status").json()["wrong"] == ["monitor"]


def test_a_database_that_is_away_is_named_and_nothing_else() -> None:
    for browser in browsers(None):
        answer = browser.get("/status")
        assert answer.status_code == 503
        assert answer.json()["wrong"] == ["service:mongo"]
        assert "secret" not in answer.text


def test_it_is_made_once_in_some_seconds(db: Db, seen: Document) -> None:
    passed = [0.0]
    found = probe.Probe(lambda: Reception(db, SessionLimits()), lambda: passed[0])
    assert found.answer()["ok"]
    db.appliance.delete_one({"_id": "condition"})
    passed[0] = probe.KEPT_SECONDS - 0.1
    assert found.answer()["ok"]
    passed[0] = probe.KEPT_SECONDS
    assert found.answer()["wrong"] == ["monitor"]


def test_whoever_waited_for_a_slow_look_gets_its_answer() -> None:
    passed, looks = [0.0], list[float]()

    def away() -> Reception:
        looks.append(passed[0])
        passed[0] += 2 * probe.KEPT_SECONDS  # as long as MongoDB's client waits, and longer than an answer is kept
        raise Unavailable("MongoDB is away.")

    found = probe.Probe(away, lambda: passed[0])
    with ThreadPoolExecutor(2) as callers:
        answers = [asked.result() for asked in [callers.submit(found.answer) for _ in range(2)]]
    assert answers[0] == answers[1]
    assert looks == [0.0]


@pytest.mark.parametrize("path", ["/status", "/statusx", "/metrics", "/metrics/monitor"])
def test_only_the_probe_is_open(outside: TestClient, path: str, seen: Document) -> None:
    assert (outside.get(path).status_code == 401) == (path != "/status")
    assert outside.post(path).status_code in (401, 405)
