"""The page Operation, from the monitor's last look: nothing yet, all well, and much that is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app.language import formats
from app.operation import figures
from core.clock import now
from core.oversight.job_words import WORDS
from core.oversight.space import MIB, Work
from core.oversight.space import WORDS as WORK_WORDS
from core.stores.mongo import Db
from monitor.main import JOBS

pytestmark = pytest.mark.mongo

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)


def look(at: datetime = AT, **what: Any) -> dict[str, Any]:
    """The monitor's look at an appliance that is well."""
    job = {"every": 3.0, "next": at, "last": at, "seconds": 0.2, "failures": 0, "error": "", "said": "done"}
    return {
        "_id": "condition",
        "seen": {"at": at},
        "services": [{"name": name, "ok": True, "why": ""} for name in ("mlflow", "prefect")],
        "jobs": [{"name": name, **job} for name in WORDS],
        "failing": [],
        "alarms": [],
        "disk": {"places": [{"place": "/var/lib", "free": 9000 * MIB}], "reserve": 4096 * MIB},
        "stopped": [],
        "certificate": {"ends": at + timedelta(days=60)},
        "clock": {"kept": True},
        "memory": [{"service": "mlserver", "share": 0.41}],
        "backlog": {"waiting": 0, "oldest_seconds": 0.0},
        "notices": {"addresses": 2, "error": ""},
        "backup": None,
        "drill": None,
        **what,
    }


def much(at: datetime = AT) -> dict[str, Any]:
    """A look at an appliance with much that is not well."""
    seen = look(at)
    seen["services"][1] |= {"ok": False, "why": "ConnectError: [Errno 111] Connection refused"}
    seen["jobs"][4] |= {"name": "drift car-loans", "failures": 12, "error": "Evidently does not answer.", "last": None}
    alarms = [{"cause": "disk", "why": "900 MiB are free in /var/lib; stopped: reports, trainings, imports"}]
    alarms += [{"cause": "service:prefect", "why": "prefect: refused"}]
    return {
        **seen,
        "failing": ["drift car-loans"],
        "alarms": alarms,
        "stopped": ["reports", "trainings", "imports"],
        "backlog": {"waiting": 41_188, "oldest_seconds": 5400.0},
        "notices": {"addresses": 0, "error": "Mail did not take a message."},
        "backup": {"at": at, "ok": False, "bytes": 9},
    }


def texts(test: AppTest) -> str:
    return "\n".join(e.value for e in [*test.error, *test.warning, *test.success, *test.info, *test.markdown])


@pytest.fixture
def opened(db: Db, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Opens the page; returns its text."""
    for name, value in {
        "MONGODB_DATABASE": db.name,
        "S3_ENDPOINT_URL": "http://127.0.0.1:9",
        "S3_ACCESS_KEY": "nobody",
        "S3_SECRET_KEY": "not-a-real-one",
    }.items():
        monkeypatch.setenv(name, value)

    def script() -> None:
        from app import main
        from app.operation import page as operation_page

        operation_page.page(main.wire())

    def run() -> str:
        test = AppTest.from_function(script, default_timeout=60).run()
        return "\n".join(e.value for e in [*test.error, *test.warning, *test.success, *test.info, *test.markdown])

    return run


def test_before_the_first_look_it_says_so_and_of_an_old_one_that_nobody_looks(
    db: Db, opened: Callable[[], str]
) -> None:
    assert "has not looked at the appliance yet" in opened()
    db.appliance.insert_one(look(now() - timedelta(minutes=5)))
    said = opened()
    assert "The monitor is away" in said
    assert "Everything runs" not in said


def test_what_is_not_well_is_told_with_what_to_do(db: Db, opened: Callable[[], str]) -> None:
    db.appliance.insert_one(look(now()))
    assert "Everything runs" in opened()
    db.appliance.replace_one({"_id": "condition"}, much(now()))
    said = opened().replace("\\", "")
    assert "The server's disk is nearly full." in said
    assert "What to do: Make room on the server" in said
    assert "Stopped for want of room: reports, trainings, imports." in said
    assert "Mail did not take a message." in said
    assert "Everything runs" not in said


def test_every_job_and_every_work_has_words() -> None:
    assert set(WORDS) == {*JOBS, "kinds"}
    assert set(WORK_WORDS) == set(Work)


def test_jobs_that_fail_come_first_and_a_kinds_job_says_what_it_does() -> None:
    first = figures.jobs(much(), "UTC")[0]
    assert first["Job"] == r"drift car\-loans"
    assert first["What it does"] == "compare the people who came last with those before"
    assert first["State"].startswith("✗ failed 12 times in a row")
    assert first["Last success"] == "not yet"


def test_a_time_is_no_list_in_any_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "moment", lambda *_: "1. Dez. 2026, 01:53")
    job = figures.jobs(look(), "UTC")[0]
    assert job["Next run"] == job["Last success"] == r"1\. Dez\. 2026, 01\:53"


def test_services_that_answer_need_no_reason() -> None:
    assert [set(row) for row in figures.services(look())] == [{"Service", "State"}] * 2
    assert "refused" in figures.services(much())[0]["Why"]


def test_room_is_told_in_words() -> None:
    rows = {row["What"]: row["State"] for row in figures.room(much(), "UTC")}
    assert rows["Predictions that wait"] == "41,188 records, the oldest for 90 min"
    assert rows["Disk: of the data"] == "8.8 GiB free"
    assert rows["Last backup"].endswith("; the newest one failed")
    assert rows["Last drill of a restore"] == "not yet"
    assert rows["Notifications"] == "to nobody: no address is set"
    assert rows["Certificate of the door"].startswith("valid until 2 Jan 2027")
