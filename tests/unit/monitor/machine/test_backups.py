"""Alarms about backups and drills, from the page of the service that makes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bootstrap.backup.archive import Archive, Backup
from bootstrap.backup.daily import Daily
from bootstrap.backup.page import backup_page
from bootstrap.backup.stores import Settings
from core.settings.loading import load
from monitor.machine.alarms import Done, Measured, alarms
from monitor.machine.backups import Backups, backups_of, told

AT = datetime(2026, 11, 3, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
REFUSED = "The store mlflow is empty."


class House:
    """A service of backups with its page, at a moment that is moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.at = AT
        settings = load(
            Settings,
            {
                "CALLWISE_BACKUP_OF": str(folder), "CALLWISE_BACKUP_FOLDER": str(folder / "archive"),
                "CALLWISE_BACKUP_SCRATCH": str(folder / "scratch"), "CALLWISE_BACKUP_PASSPHRASE": "generated",
                "MONGODB_URI": "mongodb://127.0.0.1:1", "S3_ENDPOINT_URL": "http://127.0.0.1:1", "S3_ACCESS_KEY": "key",
                "S3_SECRET_KEY": "generated",
            },
        )  # fmt: skip
        self.archive = Archive(settings.callwise_backup_folder, "generated")
        self.archive.folder.mkdir()
        self.daily = Daily(settings, self.archive, lambda: self.at)
        self.page = backup_page("127.0.0.1", 0, self.report)
        self.address = f"http://127.0.0.1:{self.page.port}/health"

    def report(self) -> dict[str, Any]:
        """What the service of now says."""
        return self.daily.report()

    def restart(self) -> None:
        """The service starts anew: what it had in memory is gone."""
        self.daily = Daily(self.daily.settings, self.archive, lambda: self.at)

    def backup(self) -> None:
        self.archive.keep(Backup(f"{self.at:%d%H}", self.at, {}))

    def drill(self, *, equal: bool = True) -> None:
        self.archive.note_drill({"equal": equal}, self.at)

    def fail(self, what: str) -> None:
        self.daily._try(what, self.at, self._refuse)

    def _refuse(self) -> str:
        raise OSError(REFUSED)

    def seen(self) -> Backups:
        return backups_of(self.address)

    def ringing(self) -> dict[str, str]:
        """The alarms about backups and drills, with their reason."""
        found = self.seen()
        measured = Measured(at=self.at, backup=found.backup, drill=found.drill)
        return {one.cause: one.why for one in alarms(measured, ()) if one.bad and one.cause in ("backup", "drill")}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.page.close()


def test_before_the_first_backup_nobody_is_told_anything(house: House) -> None:
    assert house.seen() == Backups()
    assert house.ringing() == {}


def test_a_backup_and_a_drill_are_seen_until_they_are_old(house: House) -> None:
    house.backup()
    house.drill()
    assert house.seen() == Backups(Done(AT, ok=True), Done(AT, ok=True))
    house.at += 35 * HOUR
    assert house.ringing() == {}
    house.at += HOUR
    assert house.ringing().keys() == {"backup"}
    house.at = AT + 10 * 24 * HOUR
    house.backup()
    assert house.ringing().keys() == {"drill"}


def test_a_backup_that_fails_is_an_alarm_until_one_succeeds(house: House) -> None:
    house.fail("backup")
    assert house.ringing() == {"backup": "no backup has succeeded yet"}
    house.at += HOUR
    house.backup()
    assert house.ringing() == {}
    house.at += HOUR
    house.fail("backup")
    assert house.ringing() == {
        "backup": "the last backup that succeeded is of 2026-11-03 09:00 UTC; the newest one failed"
    }


def test_a_drill_that_found_a_difference_is_an_alarm_also_after_a_restart(house: House) -> None:
    house.drill()
    house.at += HOUR
    house.drill(equal=False)
    house.restart()
    assert house.seen().drill == Done(AT, ok=False)
    assert "the newest one failed" in house.ringing()["drill"]
    assert not house.daily.report()["ok"]
    house.drill()
    assert house.ringing() == {}


def test_a_first_drill_that_found_a_difference_is_an_alarm(house: House) -> None:
    house.drill(equal=False)
    assert house.ringing() == {"drill": "no drill of a restore has succeeded yet"}


def test_where_backups_are_switched_off_there_is_no_alarm(house: House) -> None:
    house.backup()
    house.fail("drill")
    off = house.daily.settings.model_copy(update={"callwise_backup_daily": "off"})
    house.daily.settings = off
    assert house.seen() == Backups()


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/health", "nonsense"])
def test_a_page_that_does_not_answer_says_nothing(address: str) -> None:
    assert backups_of(address) == Backups()


def test_another_page_says_nothing(house: House) -> None:
    assert backups_of(house.address.replace("/health", "/other")) == Backups()
    with pytest.raises(KeyError):
        told({"ok": True})
