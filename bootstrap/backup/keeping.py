"""Which backups stay: the last of each of the newest days, weeks and months that have one.

A backup may be the last of its day, of its week and of its month at once. The newest three stay in any case, so that
somebody who makes one by hand before a change can still go back to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from bootstrap.backup.archive import Backup
from core.settings.backup import BackupSettings

NEWEST = 3


@dataclass(frozen=True)
class Keep:
    """How many days, weeks (Monday to Sunday) and months, in UTC, keep their last backup."""

    days: int
    weeks: int
    months: int

    @classmethod
    def from_settings(cls, settings: BackupSettings) -> Self:
        """The rule in the settings."""
        return cls(settings.callwise_backup_days, settings.callwise_backup_weeks, settings.callwise_backup_months)

    def surplus(self, backups: Sequence[Backup]) -> list[Backup]:
        """The backups that go, the newest first."""
        newest_first = sorted(backups, key=lambda backup: backup.at, reverse=True)
        kept = {backup.name for backup in newest_first[:NEWEST]}
        periods: list[tuple[int, Callable[[datetime], object]]] = [
            (self.days, lambda at: at.date()),
            (self.weeks, lambda at: at.isocalendar()[:2]),
            (self.months, lambda at: (at.year, at.month)),
        ]
        for many, period in periods:
            last: dict[object, str] = {}
            for backup in newest_first:
                last.setdefault(period(backup.at), backup.name)
            kept.update(list(last.values())[:many])
        return [backup for backup in newest_first if backup.name not in kept]
