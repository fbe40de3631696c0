"""Which backups stay: the last of days, weeks and months, and the newest three."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bootstrap.backup.archive import Backup
from bootstrap.backup.keeping import Keep

START = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)
RULE = Keep(days=7, weeks=4, months=3)


def daily(days: int) -> list[Backup]:
    return [Backup(f"{day}", START + timedelta(days=day)) for day in range(days)]


def kept(backups: list[Backup], rule: Keep = RULE) -> list[str]:
    gone = {backup.name for backup in rule.surplus(backups)}
    return [f"{backup.at:%m-%d}" for backup in reversed(backups) if backup.name not in gone]


def test_days_weeks_and_months_keep_their_last() -> None:
    # The last is of Monday, April 20. Weeks end on Sunday; the fourth is the week before the last three Sundays.
    assert kept(daily(110)) == [
        "04-20", "04-19", "04-18", "04-17", "04-16", "04-15", "04-14", "04-12", "04-05", "03-31", "02-28",
    ]  # fmt: skip


def test_day_by_day_the_same_stay_as_at_once() -> None:
    left: list[Backup] = []
    for backup in daily(110):
        gone = RULE.surplus([*left, backup])
        left = [one for one in (*left, backup) if one not in gone]
    assert kept(left) == kept(daily(110))


def test_the_newest_three_stay_even_of_one_day() -> None:
    same_day = [Backup(f"{hour}", START + timedelta(hours=hour)) for hour in range(6)]
    assert [backup.name for backup in Keep(1, 0, 0).surplus(same_day)] == ["2", "1", "0"]


def test_an_appliance_that_was_off_for_a_year_keeps_what_it_has() -> None:
    old = daily(5)
    assert RULE.surplus([*old, Backup("new", START + timedelta(days=400))]) == []


def test_nothing_to_keep_is_nothing_to_remove() -> None:
    assert RULE.surplus([]) == []
