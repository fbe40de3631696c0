"""Each alarm is raised once and ended once: by figures that go over a limit, linger at it, and come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.oversight import incident_words
from core.oversight.space import MIB, Work
from monitor.machine import alarms as rules
from monitor.machine.alarms import Done, Failing, Measured, alarms
from monitor.machine.certificate import Certificate
from monitor.machine.services import Seen
from monitor.machine.watch import CAUSES

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)
RESERVE = 4096 * MIB
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def measured(**what: Any) -> Measured:
    return Measured(**{"at": AT, "reserve": RESERVE, **what})


def disk(mib: int) -> Measured:
    return measured(free={"/var/lib": mib * MIB, "spool": 90_000 * MIB})


def certificate(total: timedelta, left: timedelta) -> Measured:
    return measured(certificate=Certificate(AT + left - total, AT + left))


def backlog(waiting: int, seconds: float) -> Measured:
    return measured(backlog=waiting, backlog_seconds=seconds)


def failing(minutes: int) -> Measured:
    since = AT - timedelta(minutes=minutes)
    return measured(failing={"drift": Failing(since, 9, "Evidently does not answer")})


def silent(minutes: int) -> Measured:
    since = {"prefect": AT - timedelta(minutes=minutes)}
    return measured(silent=since, services=[Seen("prefect", ok=False, why="ConnectError: refused")])


def backup(age: timedelta | None, *, ok: bool = True) -> Measured:
    return measured(backup=Done(None if age is None else AT - age, ok))


def drill(age: timedelta) -> Measured:
    return measured(drill=Done(AT - age, ok=True))


def follow(cause: str, looks: list[Measured]) -> list[bool]:
    """Whether `cause` is an alarm after each look."""
    bad: set[str] = set()
    seen = []
    for look in looks:
        for one in alarms(look, bad):
            (bad.add if one.bad else bad.discard)(one.cause)
        seen.append(cause in bad)
    return seen


@pytest.mark.parametrize(
    ("cause", "looks", "expected"),
    [
        # 4,096 MiB is the reserve, and 4,506 the end of the alarm: at the border nothing is told twice.
        ("disk", [disk(4096), disk(4095), disk(4200), disk(4505), disk(4506)], [0, 1, 1, 1, 0]),
        # The door's own authority gives 12 hours and renews with 4 left; a public one 90 days, with 30 left.
        ("certificate", [certificate(12 * HOUR, 4 * HOUR), certificate(12 * HOUR, HOUR)], [0, 1]),
        ("certificate", [certificate(90 * DAY, 15 * DAY), certificate(90 * DAY, 13 * DAY)], [0, 1]),
        ("certificate", [certificate(365 * DAY, 15 * DAY), certificate(365 * DAY, -DAY)], [0, 1]),
        ("clock", [measured(unkept=AT - HOUR / 2), measured(unkept=AT - HOUR), measured()], [0, 1, 0]),
        ("clock", [measured(jumped=(AT, -86_400.0)), measured(jumped=(AT - HOUR, 5.0))], [1, 0]),
        ("backlog", [backlog(9, 599), backlog(9, 600), backlog(5, 3), backlog(0, 0)], [0, 1, 1, 0]),
        ("memory:mlserver", [measured(memory={"mlserver": share}) for share in (0.91, 0.92, 0.86, 0.84)], [0, 1, 1, 0]),
        ("job:drift", [failing(14), failing(15), failing(16), measured()], [0, 1, 1, 0]),
        ("service:prefect", [silent(9), silent(10), silent(11), measured()], [0, 1, 1, 0]),
        ("backup", [backup(35 * HOUR), backup(36 * HOUR), backup(HOUR)], [0, 1, 0]),
        ("backup", [backup(HOUR, ok=False), backup(HOUR)], [1, 0]),
        ("backup", [backup(None, ok=False)], [1]),
        ("drill", [drill(9 * DAY), drill(10 * DAY), drill(HOUR)], [0, 1, 0]),
        ("stores", [measured(lost=["mlflow"]), measured()], [1, 0]),
    ],
)
def test_each_alarm_begins_and_ends(cause: str, looks: list[Measured], expected: list[int]) -> None:
    assert follow(cause, looks) == [bool(one) for one in expected]


def test_what_is_unknown_is_no_alarm_and_ends_none() -> None:
    bad = {"disk", "certificate", "backlog", "memory:monitor", "backup", "drill"}
    assert {one.cause for one in alarms(measured(), bad)} == {"clock", "stores"}


def test_a_new_process_ends_no_alarm_of_which_it_knows_no_end() -> None:
    """It knows no earlier failure of a job, and the clock is unkept since its first look."""
    bad = {"job:drift", "job:retired", "clock"}
    found = {one.cause: one for one in alarms(measured(unkept=AT, untried={"drift"}), bad)}
    assert [cause for cause in sorted(bad) if found[cause].bad] == ["clock", "job:drift"]
    assert found["job:drift"].why == "drift has not succeeded since the monitor started"
    found = {one.cause: one for one in alarms(measured(), bad)}
    assert not any(found[cause].bad for cause in bad)


def test_a_full_disk_says_which_place_and_what_stopped() -> None:
    look = measured(free={"/a": 900 * MIB, "/b": 9000 * MIB}, stopped=[Work.REPORTS, Work.TRAININGS])
    why = next(one.why for one in alarms(look, ()) if one.cause == "disk")
    assert why == "900 MiB are free in /a; stopped: reports, trainings"


def test_reasons_name_what_failed() -> None:
    found = {one.cause: one.why for look in (failing(20), silent(20)) for one in alarms(look, ())}
    assert found["job:drift"] == "drift failed 9 times in a row: Evidently does not answer"
    assert found["service:prefect"] == "prefect: ConnectError: refused"


@pytest.mark.parametrize("kind", CAUSES)
def test_each_alarm_says_in_words_what_it_is_and_what_to_do(kind: str) -> None:
    cause = f"{kind}:x" if kind in ("memory", "job", "service") else kind
    assert incident_words.cause_name(cause) != cause
    assert incident_words.kept_and_next(cause, "open")[1] not in ("", incident_words.OTHER)
    assert cause not in incident_words.MENDED_BY_TRAINING
    assert rules.DISK_MARGIN > 1
