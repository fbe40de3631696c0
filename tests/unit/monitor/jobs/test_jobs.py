import json
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import SettingsError, Unavailable
from monitor.jobs import job as job_module
from monitor.jobs.health import Health, health_page
from monitor.jobs.job import Job, Runs, retry_seconds
from monitor.jobs.schedule import Schedule


class Flaky:
    """A job that fails while `error` is set."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def __call__(self) -> str:
        if self.error:
            raise self.error
        return "done"


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def is_alive(schedule: Schedule) -> bool:
    return schedule.alive


def test_a_failure_is_said_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "callwise.monitor")
    flaky, runs = Flaky(), Runs()
    job = Job("rank", 3, flaky)
    flaky.error = Unavailable("It is down.", next="Start it.")
    for _ in range(3):
        runs.run(job)
    flaky.error = None
    for _ in range(2):
        runs.run(job)
    assert [record.getMessage() for record in caplog.records] == [
        "rank failed and is tried again in 3 s: It is down. Start it.",
        "rank: works again after 3 failed runs.",
        "rank: done.",
    ]


def test_failures_in_a_row_count_until_a_success() -> None:
    flaky, runs = Flaky(), Runs()
    job = Job("drift", 3, flaky)
    flaky.error = RuntimeError("a mistake")
    runs.run(job)
    runs.run(job)
    assert runs.failing(3) == []
    runs.run(job)
    assert runs.failing(3) == ["drift"]
    report = runs.report()["drift"]
    assert (report["error"], report["last_success"], report["runs"]) == ("RuntimeError: a mistake", None, 3)
    flaky.error = None
    runs.run(job)
    assert runs.failing(1) == []
    assert runs.report()["drift"]["last_success"] >= report["last_failure"]


def test_a_daily_job_whose_first_run_fails_is_run_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_module, "RETRY_SECONDS", 0.02)
    ran: list[int] = []

    def away_at_first() -> str:
        ran.append(1)
        if len(ran) < 3:
            raise Unavailable("It is starting.")
        return "done"

    runs = Runs()
    schedule = Schedule(runs)
    schedule.put("", [Job("parity", 86_400, away_at_first)])
    schedule.start()
    try:
        wait_until(lambda: "parity" in runs.report() and runs.report()["parity"]["said"] == "done")
        assert (len(ran), runs.failing(1)) == (3, [])
    finally:
        schedule.stop()


def test_a_job_that_keeps_failing_waits_longer_but_never_longer_than_its_interval() -> None:
    daily, frequent = Job("parity", 86_400, str), Job("rank", 3, str)
    assert [retry_seconds(daily, failures) for failures in (1, 2, 3, 30)] == [15, 30, 60, 86_400]
    assert retry_seconds(frequent, 1) == 3


def test_a_job_that_raises_harms_no_other_and_a_long_one_is_not_run_beside_itself() -> None:
    flaky, ended, started, ticks = Flaky(), threading.Event(), [], []
    flaky.error = ValueError("always")

    def long() -> str:
        started.append(1)
        ended.wait(30)
        return "long"

    def tick() -> str:
        ticks.append(1)
        return "tick"

    runs = Runs()
    schedule = Schedule(runs)
    schedule.put("", [Job("bad", 0.02, flaky), Job("long", 0.02, long), Job("tick", 0.02, tick)])
    assert not is_alive(schedule)
    schedule.start()
    try:
        wait_until(lambda: len(ticks) >= 5 and runs.failing(5) == ["bad"])
        assert len(started) == 1
        assert is_alive(schedule)
    finally:
        ended.set()
        schedule.stop()
    assert not is_alive(schedule)


def test_a_group_that_is_put_while_the_plan_is_read_does_not_harm_it() -> None:
    schedule = Schedule(Runs())

    class Names(list[str]):
        def __iter__(self) -> Iterator[str]:
            schedule.put("loans", [Job("drift loans", 900, lambda: "done")])
            return super().__iter__()

    schedule.put("", [Job("rank", 3, lambda: "done")])
    schedule._groups[""] = Names(["rank"])
    assert schedule.jobs == ["rank"]
    assert schedule.jobs == ["rank", "drift loans"]


def fetched(port: int, path: str) -> tuple[int, dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_the_health_page_says_200_503_and_why() -> None:
    health = Health(True, {"failing": []})
    page = health_page("127.0.0.1", 0, lambda: health)
    try:
        assert fetched(page.port, "/health") == (200, {"ok": True, "failing": []})
        health = Health(False, {"failing": ["drift"]})
        assert fetched(page.port, "/health") == (503, {"ok": False, "failing": ["drift"]})
        assert fetched(page.port, "/")[0] == 404
        with pytest.raises(SettingsError, match="cannot bind"):
            health_page("127.0.0.1", page.port, lambda: health)
    finally:
        page.close()


def test_every_job_can_be_run_by_hand(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from monitor import __main__ as command
    from monitor.main import JOBS, jobs, read_settings

    env = {"MONGODB_URI": "mongodb://127.0.0.1:1", "MLFLOW_TRACKING_URI": "http://127.0.0.1:1",
           "MLSERVER_URL": "http://127.0.0.1:1", "EVIDENTLY_URL": "http://127.0.0.1:1",
           "PREFECT_API_URL": "http://127.0.0.1:1/api"}  # fmt: skip
    assert [job.name for job in jobs(read_settings(env))] == list(JOBS)
    monkeypatch.setattr("sys.argv", ["monitor", "--help"])
    with pytest.raises(SystemExit, match="0"):
        command.main()
    shown = capsys.readouterr().out
    assert all(f"{name} " in shown and about in shown for name, about in JOBS.items())
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.argv", ["monitor", "rank"])
    assert command.main() == 1
    assert "The scoring service did not answer" in capsys.readouterr().err
