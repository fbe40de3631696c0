"""A campaign file's calendar: the moments that follow from months or weekdays in the order of the file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class CampaignCalendar:
    """Times for files in time order whose rows have only the month of a call, or only its weekday.

    A month before the previous row's month belongs to the next year; a weekday other than the previous row's is the
    next day of that name. Rows of one month, or day, are a second apart, so times keep the order of the file. Where the
    month is known the day is not, and nothing uses it as one.
    """

    def __init__(self, start: str) -> None:
        year, month = start.split("-")
        self._year, self._month, self._row = int(year), int(month), 0
        self._day = datetime(int(year), int(month), 1, tzinfo=UTC)

    def at(self, month: str) -> datetime:
        """The time of the next row, whose call was in `month` (three letters)."""
        number = MONTHS.index(month) + 1
        if number != self._month:
            self._year += number < self._month
            self._month, self._row = number, 0
        self._row += 1
        day, second = divmod(self._row, 86_400)
        return datetime(self._year, number, 1 + day, second // 3600, second // 60 % 60, second % 60, tzinfo=UTC)

    def on(self, weekday: str) -> datetime:
        """The time of the next row, whose call was on `weekday` (three letters)."""
        ahead = (WEEKDAYS.index(weekday) - self._day.weekday()) % 7
        if ahead:
            self._day, self._row = self._day + timedelta(days=ahead), 0
        self._row += 1
        return self._day + timedelta(seconds=min(self._row, 86_399))
