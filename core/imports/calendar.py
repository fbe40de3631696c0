"""A campaign file's calendar: months in order, from which the year of a call follows."""

from __future__ import annotations

from datetime import UTC, datetime

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class CampaignCalendar:
    """Dates for files in time order whose rows say only the month of a call.

    A month that lies before the last one seen belongs to the next year. Rows of one month are spread a second apart,
    so that time keeps the order of the file; the day is not known and is never used as one.
    """

    def __init__(self, start: str) -> None:
        year, month = start.split("-")
        self._year, self._month, self._row = int(year), int(month), 0

    def at(self, month: str) -> datetime:
        """The moment given to the next row, which says it was called in `month` (three letters)."""
        number = MONTHS.index(month) + 1
        if number != self._month:
            self._year += number < self._month
            self._month, self._row = number, 0
        self._row += 1
        day, second = divmod(self._row, 86_400)
        return datetime(self._year, number, 1 + day, second // 3600, second // 60 % 60, second % 60, tzinfo=UTC)
