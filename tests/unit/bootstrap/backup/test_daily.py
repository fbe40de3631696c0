"""When a backup and a drill are due, and what the page says."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bootstrap.backup.archive import Archive, Backup
from bootstrap.backup.daily import AGAIN, FIRST, Daily, backup_due, drill_due, remove_leftovers
from bootstrap.backup.page import backup_page
from bootstrap.backup.stores import Settings
from core.errors import Conflict, SettingsError
from core.settings.loading import load

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def daily(tmp_path: Path, clock: Hand, monkeypatch: pytest.MonkeyPatch) -> Daily:
    """A service whose backups are noted in its archive and made of nothing."""
    settings = load(
        Settings,
        {
            "CALLWISE_BACKUP_OF": str(tmp_path), "CALLWISE_BACKUP_FOLDER": str(tmp_path / "archive"),
            "CALLWISE_BACKUP_SCRATCH": str(tmp_path / "scratch"), "CALLWISE_BACKUP_PASSPHRASE": "generated",
            "MONGODB_URI": "mongodb://127.0.0.1:1", "S3_ENDPOINT_URL": "http://127.0.0.1:1", "S3_ACCESS_KEY": "key",
            "S3_SECRET_KEY": "generated",
        },
    )  # fmt: skip
    archive = Archive(settings.callwise_backup_folder, "generated")
    archive.folder.mkdir()

    def noted(self: Daily) -> str:
        archive.keep(Backup(f"{clock():%d%H}", clock(), {}))
        return "made"

    def drilled(self: Daily) -> str:
        archive.note_drill({"equal": True}, clock())
        return "equal"

    monkeypatch.setattr(Daily, "_take", noted)
    monkeypatch.setattr(Daily, "_drill", drilled)
    return Daily(settings, archive, clock)


@pytest.mark.parametrize(
    ("last", "at", "due"),
    [
        (None, AT, True),
        (datetime(2026, 3, 2, 2, 0, tzinfo=UTC), AT, False),
        (datetime(2026, 3, 2, 1, 59, tzinfo=UTC), AT, True),  # by hand, before the hour
        (datetime(2026, 3, 1, 2, 0, tzinfo=UTC), datetime(2026, 3, 2, 1, 59, tzinfo=UTC), False),
        (datetime(2026, 3, 1, 1, 0, tzinfo=UTC), datetime(2026, 3, 2, 1, 0, tzinfo=UTC), True),  # was off at the hour
    ],
)
def test_a_backup_is_due_once_the_hour_has_struck(last: datetime | None, at: datetime, due: bool) -> None:
    assert backup_due(last, at, 2) is due


def test_a_drill_is_due_every_week() -> None:
    assert drill_due(None, AT)
    assert not drill_due(AT - timedelta(days=6, hours=1), AT)
    assert drill_due(AT - timedelta(days=6, hours=23, minutes=59), AT)


def test_a_backup_by_hand_brings_no_drill(daily: Daily, clock: Hand) -> None:
    daily.archive.keep(Backup("by hand", AT, {}))
    daily.look()
    assert daily.archive.drilled is None
    clock.at += timedelta(days=1)
    daily.look()
    assert daily.archive.drilled == clock.at


def test_a_drill_that_found_a_difference_is_made_again_with_the_next_backup(daily: Daily, clock: Hand) -> None:
    daily.archive.keep(Backup("first", AT - timedelta(days=1), {}))
    daily.archive.note_drill({"equal": False}, AT - timedelta(hours=20))
    assert not daily.report()["ok"]
    daily.look()
    assert daily.archive.drilled_equal == clock.at
    assert daily.report()["ok"]


@pytest.mark.parametrize("name", ["backups.json", "drill.json"])
def test_an_archive_that_cannot_be_read_is_said_and_ends_no_service(daily: Daily, clock: Hand, name: str) -> None:
    daily.archive.keep(Backup("first", AT - timedelta(days=1), {}))
    daily.archive.note_drill({"equal": True}, AT)
    whole = (daily.archive.folder / name).read_bytes()
    (daily.archive.folder / name).write_text("{")
    daily.look()
    said = daily.report()
    assert not said["ok"]
    assert said["failures"]["backup"]
    (daily.archive.folder / name).write_bytes(whole)
    clock.at += timedelta(hours=2)
    daily.look()
    assert daily.report()["ok"]


def test_two_weeks_go_by(daily: Daily, clock: Hand) -> None:
    made, drills = set(), set()
    for _ in range(14 * 24 * 4):
        daily.look()
        made.add(daily.archive.last)
        drills.add(daily.archive.drilled)
        clock.at += timedelta(minutes=15)
    first = AT + FIRST
    strikes = [datetime(2026, 3, day, 2, 0, tzinfo=UTC) for day in range(3, 17)]
    assert made - {None} == {first, *strikes}
    assert drills - {None} == {first, *strikes[6::7]}
    assert daily.report()["ok"]


def test_an_appliance_that_is_tried_out_for_minutes_gets_none(daily: Daily, clock: Hand) -> None:
    daily.look()
    clock.at += FIRST - timedelta(seconds=1)
    daily.look()
    assert daily.archive.last is None


def test_what_fails_is_said_and_tried_again_in_an_hour(
    daily: Daily, clock: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def refuse(self: Daily) -> str:
        tries.append(clock())
        raise Conflict("The store mlflow is empty.")

    monkeypatch.setattr(Daily, "_take", refuse)
    daily.look()
    start = clock.at
    while clock.at < start + FIRST + 2 * AGAIN:
        clock.at += timedelta(minutes=1)
        daily.look()
    assert tries == [start + FIRST, start + FIRST + AGAIN, start + FIRST + 2 * AGAIN]
    assert daily.report() == {
        "ok": False, "daily": "on", "last_backup": None, "last_drill": None, "last_equal_drill": None,
        "failures": {"backup": "The store mlflow is empty."},
    }  # fmt: skip
    monkeypatch.setattr(Daily, "_take", lambda self: "made")
    clock.at += AGAIN
    daily.look()
    assert daily.report()["ok"]


def test_what_somebody_does_by_hand_ends_a_failure(daily: Daily, clock: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Daily) -> str:
        raise Conflict("The store mlflow is empty.")

    monkeypatch.setattr(Daily, "_take", refuse)
    daily.look()
    clock.at += FIRST
    daily.look()
    assert not daily.report()["ok"]
    clock.at += timedelta(minutes=1)
    daily.archive.keep(Backup("by hand", clock.at, {}))
    assert daily.report()["ok"]
    assert daily.report()["failures"] == {}


def test_a_backup_that_is_late_is_said(daily: Daily, clock: Hand) -> None:
    daily.archive.keep(Backup("a", AT - timedelta(hours=31), {}))
    assert not daily.report()["ok"]


def test_it_can_be_switched_off(daily: Daily, clock: Hand) -> None:
    off = daily.settings.model_copy(update={"callwise_backup_daily": "off"})
    silent = replace(daily, settings=off)
    for _ in range(5):
        silent.look()
        clock.at += timedelta(days=1)
    assert silent.archive.last is None
    assert silent.report()["ok"]


def test_copies_of_a_killed_backup_go_at_the_next_start_and_those_of_a_running_one_stay(daily: Daily) -> None:
    scratch = daily.settings.callwise_backup_scratch
    (scratch / "copy" / "secrets").mkdir(parents=True)
    with daily.archive.locked():
        remove_leftovers(daily.archive, scratch)
        assert (scratch / "copy").exists()
    remove_leftovers(daily.archive, scratch)
    assert not (scratch / "copy").exists()


def test_a_bad_drill_is_a_failure(daily: Daily, monkeypatch: pytest.MonkeyPatch) -> None:
    class Different:
        equal = False

        def summary(self) -> str:
            return "comes back DIFFERENT in s3"

        def document(self) -> dict[str, Any]:
            return {"equal": False}

    monkeypatch.undo()
    monkeypatch.setattr("bootstrap.backup.drill.drill", lambda *_: Different())
    monkeypatch.setattr(Daily, "_take", lambda self: "made")
    daily.archive.keep(Backup("a", daily.clock() - timedelta(days=1), {}))
    daily.look()
    assert daily.report()["failures"] == {
        "drill": "comes back DIFFERENT in s3. scripts/backup, and scripts/backup --drill."
    }


def test_the_page_says_it_and_nothing_else() -> None:
    page = backup_page("127.0.0.1", 0, lambda: {"ok": False, "failures": {"backup": "the disk is full"}})
    try:
        address = f"http://127.0.0.1:{page.port}"
        with urllib.request.urlopen(f"{address}/health") as reply:
            assert json.load(reply) == {"ok": False, "failures": {"backup": "the disk is full"}}
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address}/")
        with pytest.raises(SettingsError, match="CALLWISE_BACKUP_PORT"):
            backup_page("127.0.0.1", page.port, dict)
    finally:
        page.close()
