"""A campaign file's calendar: the years of its calls, from the order of their months."""

from __future__ import annotations

from datetime import UTC, datetime

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class CampaignCalendar:
    """Times for files in time order whose rows have only the month of a call.

    A month before the previous row's month belongs to the next year. Rows of one month are a second apart, so times
    keep the order of the file; the day is not known, and nothing uses it as one.
    """

    def __init__(self, start: str) -> None:
        year, month = start.split("-")
        self._year, self._month, self._row = int(year), int(month), 0

    def at(self, month: str) -> datetime:
        """The time of the next row, whose call was in `month` (three letters)."""
        number = MONTHS.index(month) + 1
        if number != self._month:
            self._year += number < self._month
            self._month, self._row = number, 0
        self._row += 1
        day, second = divmod(self._row, 86_400)
        return datetime(self._year, number, 1 + day, second // 3600, second // 60 % 60, second % 60, tzinfo=UTC)
