"""The levels that scoring takes over: a MongoDB that is away, or holds nonsense, changes none."""

import threading
from datetime import UTC, datetime

import pytest

from core.errors import InputError, Unavailable
from core.models.canary_in_force import CanaryShare
from serving.levels import Levels
from tests.scoring.fakes import FakeLevels


@pytest.fixture
def held() -> FakeLevels:
    return FakeLevels()


@pytest.mark.parametrize("error", [Unavailable("MongoDB is down."), InputError("'level:1' holds no level.")])
def test_what_cannot_be_read_changes_nothing_and_is_said_once(
    held: FakeLevels, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    caplog.set_level("INFO")
    levels = Levels(held.read)
    held.shifts = {"1": 0.5}
    levels.refresh()
    held.error = error
    for _ in range(5):
        levels.refresh()
    assert levels.shifts == {"1": 0.5}
    held.error, held.shifts = None, {"1": 0.25, "2": -1.0}
    for _ in range(5):
        levels.refresh()
    assert levels.shifts == {"1": 0.25, "2": -1.0}
    assert caplog.text.count("the levels cannot be read") == 1
    assert caplog.text.count("the levels can be read again") == 1
    assert caplog.text.count("levels: version 1 +0.250, version 2 -1.000") == 1


def test_a_start_without_mongodb_is_a_start_without_levels(held: FakeLevels) -> None:
    held.shifts, held.error = {"1": 0.5}, Unavailable("MongoDB is down.")
    levels, stop = Levels(held.read), threading.Event()
    stop.set()
    levels.run(0.01, stop)
    assert levels.looked.is_set()
    assert levels.shifts == {}
    held.error = None
    levels.refresh()
    assert levels.shifts == {"1": 0.5}


def test_a_request_keeps_the_levels_it_took(held: FakeLevels) -> None:
    levels = Levels(held.read)
    held.shifts = {"1": 0.5}
    levels.refresh()
    taken = levels.shifts
    held.shifts = {"1": 0.75}
    levels.refresh()
    assert (taken, levels.shifts) == ({"1": 0.5}, {"1": 0.75})


def test_the_thread_outlives_a_look_that_fails(held: FakeLevels) -> None:
    held.error, held.shifts = RuntimeError("unheard of"), {"1": 0.5}
    levels, stop = Levels(held.read), threading.Event()
    thread = threading.Thread(target=levels.run, args=(0.01, stop))
    thread.start()
    assert levels.looked.wait(10)
    held.error = None
    while not levels.shifts:
        stop.wait(0.01)
    stop.set()
    thread.join()
    assert levels.shifts == {"1": 0.5}


def test_the_canarys_share_is_taken_over_and_stays_while_it_cannot_be_read(held: FakeLevels) -> None:
    share = CanaryShare("2", 0.3, datetime(2026, 3, 2, tzinfo=UTC))
    levels = Levels(held.read, canary=lambda: share)
    levels.refresh()
    assert levels.canary == share
    held.error = Unavailable("MongoDB is down.")
    levels.refresh()
    assert levels.canary == share
