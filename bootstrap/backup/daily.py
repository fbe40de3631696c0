"""The service that makes backups: one every day, a drill every week. `python -m bootstrap.backup.daily`.

What is due is read from the archive, so a start, a crash or a backup by hand changes nothing: a backup is due once the
hour has come and the archive has none since then. An appliance that was off at that hour makes it at its next start.
"""

from __future__ import annotations

import logging
import shutil
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from bootstrap import VERSION
from bootstrap.backup import drill as drills
from bootstrap.backup.archive import Archive
from bootstrap.backup.keeping import Keep
from bootstrap.backup.page import backup_page
from bootstrap.backup.stores import Settings, elsewhere, stores
from bootstrap.backup.take import take, words
from core.clock import Clock, now
from core.errors import CallwiseError, Conflict, InputError
from core.settings.loading import load

log = logging.getLogger("callwise.backup")

LOOK_SECONDS = 20.0
AGAIN = timedelta(hours=1)
"""From a failure to the next try."""
FIRST = timedelta(hours=1)
"""From the start of the service to the first backup of a new appliance, which may be tried out for minutes alone."""
WEEK = timedelta(days=6, hours=12)
"""From one drill to the next, so that it is the same backup of the week, a minute earlier or later."""
LATE = timedelta(hours=30)
"""Age of the newest backup from which the page says that something is wrong."""

UNREADABLE = (CallwiseError, OSError, ValueError)
"""What a damaged archive, or one that is away, makes of a look at it; ValueError: a file of it that is no JSON."""


@dataclass
class Daily:
    """Looks for what is due and does it. Raises nothing that a backup or a drill may raise: the page says it."""

    settings: Settings
    archive: Archive
    clock: Clock = now
    failures: dict[str, str] = field(default_factory=dict)
    _unreadable: str = ""
    _since: datetime | None = None
    _not_before: dict[str, datetime] = field(default_factory=dict)

    def look(self) -> None:
        """Make a backup or a drill if it is due. An archive that cannot be read is a failure, and ends no service."""
        try:
            self._look()
            self._unreadable = ""
        except UNREADABLE as error:
            if self._unreadable != str(error):
                log.error("the archive cannot be read: %s", error)  # noqa: TRY400  a sentence for people
            self._unreadable = str(error)

    def _look(self) -> None:
        at = self.clock()
        self._since = self._since or at
        if self.archive.last is None and at - self._since < FIRST:
            return
        if self.settings.callwise_backup_daily == "off":
            return
        if not backup_due(self.archive.last, at, self.settings.callwise_backup_hour):
            return
        # A drill comes after a backup of its own: at the quiet hour, and not while somebody backs up by hand.
        if self._try("backup", at, self._take) and drill_due(self.archive.drilled_equal, at):
            self._try("drill", at, self._drill)

    def report(self) -> dict[str, Any]:
        """For the page: `ok`, the last backup and drill, the last drill that found all equal, and what failed.

        Of `failures` there are those of this process that nothing has mended since.
        """
        try:
            last, drilled, equal = self.archive.last, self.archive.drilled, self.archive.drilled_equal
            failures = {what: why for what, why in self.failures.items() if not self._mended(what)}
            failures |= {"backup": self._unreadable} if self._unreadable else {}
        except UNREADABLE as error:
            last = drilled = equal = None
            failures = {**self.failures, "backup": str(error)}
        late = self.settings.callwise_backup_daily == "on" and last is not None and self.clock() - last > LATE
        return {
            "ok": not failures and not late and drilled == equal,
            "daily": self.settings.callwise_backup_daily,
            "last_backup": last.isoformat() if last else None,
            "last_drill": drilled.isoformat() if drilled else None,
            "last_equal_drill": equal.isoformat() if equal else None,
            "failures": failures,
        }

    def _mended(self, what: str) -> bool:
        """Whether somebody has done by hand what failed here."""
        done = self.archive.last if what == "backup" else self.archive.drilled_equal
        return done is not None and done > self._not_before[what] - AGAIN

    def _try(self, what: str, at: datetime, run: Callable[[], str]) -> bool:
        if at < self._not_before.get(what, at):
            return False
        try:
            log.info("%s: %s.", what, run())
            self.failures.pop(what, None)
            return True
        except UNREADABLE as error:
            log.error("%s failed: %s", what, error)  # noqa: TRY400  a sentence for people
            self.failures[what] = str(error)
            self._not_before[what] = self.clock() + AGAIN
            return False

    def _take(self) -> str:
        settings = self.settings
        made = take(
            stores(settings),
            self.archive,
            settings.callwise_backup_scratch,
            keep=Keep.from_settings(settings),
            version=VERSION,
            elsewhere=elsewhere(settings),
            clock=self.clock,
        )
        what = f"made at {words(made.backup.at)}, {made.size / 1e6:.1f} MB in {made.seconds:.0f} s"
        return f"{what}, {len(made.gone)} old ones gone"

    def _drill(self) -> str:
        result = drills.drill(self.archive, self.settings.callwise_backup_scratch / "drill")
        self.archive.note_drill(result.document(), self.clock())
        if not result.equal:
            raise InputError(f"{result.summary()}.", next="scripts/backup, and scripts/backup --drill.")
        return result.summary()


def remove_leftovers(archive: Archive, scratch: Path) -> None:
    """Remove the copies, secrets among them, of a backup or drill whose process was killed."""
    if left := [scratch / name for name in ("copy", "read", "drill") if (scratch / name).exists()]:
        with suppress(Conflict), archive.locked():
            for folder in left:
                shutil.rmtree(folder, ignore_errors=True)


def backup_due(last: datetime | None, at: datetime, hour: int) -> bool:
    """Whether a backup is due at `at`: none was made since `hour` (UTC) last struck."""
    struck = at.replace(hour=hour, minute=0, second=0, microsecond=0)
    if struck > at:
        struck -= timedelta(days=1)
    return last is None or last < struck


def drill_due(drilled: datetime | None, at: datetime) -> bool:
    """Whether a drill is due at `at`, the last one having been at `drilled`."""
    return drilled is None or at - drilled >= WEEK


def main() -> int:
    """Run until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    try:
        settings = load(Settings)
        archive = Archive(settings.callwise_backup_folder, settings.callwise_backup_passphrase.get_secret_value())
        daily = Daily(settings, archive)
        remove_leftovers(archive, settings.callwise_backup_scratch)
        backup_page(settings.callwise_backup_host, settings.callwise_backup_port, daily.report)
        log.info("backups go to %s; daily: %s.", archive.folder, settings.callwise_backup_daily)
        while True:
            daily.look()
            time.sleep(LOOK_SECONDS)
    except CallwiseError as error:
        print(f"backup: {error}", file=sys.stderr)
        return 1


def _end(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)  # so that copies are removed and a scratch appliance is stopped


if __name__ == "__main__":
    sys.exit(main())
