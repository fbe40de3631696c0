"""Dates and times as people write them, as ISO text, and the order of day and month, which all values show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Self

from core.sentences import Sentence
from core.values.visible import visible

REMEMBERED = 20_000  # texts that a rule was applied to last
_FIRST = datetime(1899, 12, 30)  # noqa: DTZ001  day 0 of spreadsheets, which have no zone
_SERIALS = range(1, 2_958_466)  # up to the year 9999
_CENTURY = 30  # years below it are 20xx, as spreadsheets read them
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero ene gennaio gen janeiro januari jän jänner",
            "feb february februar février fév fevrier febrero febbraio fevereiro fev februari",
            "mar march märz mär mrz mars marzo março maart mrt",
            "apr april avril avr abril abr aprile",
            "may mai mayo maggio mag maio mei",
            "jun june juni juin junio giugno giu junho",
            "jul july juli juillet juil julio luglio lug julho",
            "aug august août aout agosto ago augustus",
            "sep sept september septembre septiembre settembre set setembro",
            "oct october oktober okt octobre octubre ottobre ott outubro out",
            "nov november novembre noviembre novembro",
            "dec december dezember dez décembre déc diciembre dic dicembre dezembro",
        ),
        1,
    )
    for name in names.split()
}
_TIME = (
    r"(?:[T ,]\s*(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?:uhr|h)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?)?"
)
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})(?P<sep>[-/.])(?P<month>\d{1,2})(?P=sep)(?P<day>\d{1,2})" + _TIME, re.IGNORECASE
)
_TOGETHER = re.compile(r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})" + _TIME, re.IGNORECASE)
_TWO = re.compile(r"(?P<one>\d{1,2})(?P<sep>[-/.])(?P<two>\d{1,2})(?P=sep)(?P<year>\d{4}|\d{2})" + _TIME, re.IGNORECASE)
_DAY_NAMED = re.compile(
    r"(?:[^\W\d_]+\.?,? )?(?P<day>\d{1,2})(?:st|nd|rd|th)?\.?[ -]?(?P<name>[^\W\d_]+)\.?,?[ -]?(?P<year>\d{4}|\d{2})"
    + _TIME,
    re.IGNORECASE,
)
_NAME_DAY = re.compile(
    r"(?P<name>[^\W\d_]+)\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})" + _TIME, re.IGNORECASE
)


@dataclass(frozen=True)
class DateReading:
    """How the dates of a column are written: whether in `11/07/2026` the day comes first; None if no date needs it."""

    day_first: bool | None = None

    def document(self) -> dict[str, Any]:
        """The stored form."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """The reading whose stored form is `document`."""
        return cls(**document)

    def iso(self, raw: Any) -> Any:
        """The date as ISO text, with its time and offset if it has them; what is no date is returned as it is.

        A number is a spreadsheet's day. Raises ValueError for a date that is written in the other order or is
        ambiguous; its arguments are the broken rule, and the rule without the value.
        """
        if isinstance(raw, datetime):
            return raw.date().isoformat() if raw.time() == time() and not raw.tzinfo else _text(raw)
        if isinstance(raw, date):
            return raw.isoformat()
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            return serial(raw)
        text = visible(str(raw))
        dates = meanings(text)
        if len(dates) > 1:
            if self.day_first is None:
                one, two = dates
                raise ValueError(
                    Sentence(
                        "{value} can be {one} or {two}; its column does not tell", value=repr(text), one=one, two=two
                    ),
                    Sentence("can be two dates; its column does not tell"),
                )
            return dates[0 if self.day_first else 1]
        if dates and self.day_first is not None and (order := shows(text)) is not None and order != self.day_first:
            first = Sentence("the day first") if self.day_first else Sentence("the month first")
            raise ValueError(
                Sentence("{value} is written otherwise than the dates of its column, which have {first}",
                         value=repr(text), first=first),
                Sentence("is written otherwise than the dates of its column, which have {first}", first=first),
            )  # fmt: skip
        return dates[0] if dates else raw


@dataclass
class DateEvidence:
    """What the values of a column say of the order of day and month, in rows; `dates` are all dates."""

    day_first: int = 0
    month_first: int = 0
    unclear: int = 0
    dates: int = 0

    def add(self, value: Any, rows: int = 1) -> None:
        """Add a value that is in so many rows."""
        if isinstance(value, date):
            self.dates += rows
        if not isinstance(value, str):
            return
        text = visible(value)
        found = meanings(text)
        self.dates += rows * bool(found)
        self.unclear += rows * (len(found) > 1)
        order = shows(text) if found else None
        self.day_first += rows * (order is True)
        self.month_first += rows * (order is False)

    @property
    def reading(self) -> DateReading | None:
        """The reading that the values show; None where some need the order and none or both orders are shown."""
        if self.day_first and self.month_first:
            return None
        if self.day_first or self.month_first:
            return DateReading(bool(self.day_first))
        return None if self.unclear else DateReading()


def serial(number: float) -> Any:
    """The ISO text of a spreadsheet's day, or `number` itself if it is none."""
    if int(number) not in _SERIALS:
        return number
    moment = _FIRST + timedelta(days=float(number))
    moment += timedelta(microseconds=500_000)  # a fraction of a day is exact to some milliseconds
    moment = moment.replace(microsecond=0)
    return moment.date().isoformat() if moment.time() == time() else moment.isoformat()


@lru_cache(maxsize=REMEMBERED)
def shows(text: str) -> bool | None:
    """Whether `text` puts the day before the month in figures; None if it does not show that."""
    match = _TWO.fullmatch(text)
    if match is None or match["sep"] == "." or match["one"] == match["two"]:
        return None
    one, two = int(match["one"]), int(match["two"])
    return None if one <= 12 and two <= 12 else one > 12


@lru_cache(maxsize=REMEMBERED)
def meanings(text: str) -> tuple[str, ...]:
    """The dates, as ISO text, that `text` can mean: none, one, or two, of which the first has the day first."""
    if len(text) > 60 or not any(map(str.isdigit, text)):
        return ()
    for pattern in (_YEAR_FIRST, _TOGETHER, _DAY_NAMED, _NAME_DAY):
        if (match := pattern.fullmatch(text)) and (found := _named(match)):
            return (found,)
    match = _TWO.fullmatch(text)
    if match is None:
        return ()
    one, two, year = int(match["one"]), int(match["two"]), _year(match["year"])
    orders = [(one, two)] if match["sep"] == "." else [(one, two), (two, one)]
    dates = [iso for day, month in orders if (iso := _iso(match, year, month, day))]
    return tuple(dict.fromkeys(dates))


def _named(match: re.Match[str]) -> str:
    parts = match.groupdict()
    month = int(parts["month"]) if "month" in parts else _MONTHS.get(parts["name"].casefold(), 0)
    return _iso(match, _year(match["year"]), month, int(match["day"]))


def _year(text: str) -> int:
    year = int(text)
    if len(text) == 4:
        return year
    return year + (2000 if year < _CENTURY else 1900)


def _iso(match: re.Match[str], year: int, month: int, day: int) -> str:
    """ISO text, or "" if there is no such day or time."""
    try:
        on = date(year, month, day)
        if match["hour"] is None:
            return on.isoformat()
        hour = int(match["hour"])
        if half := (match["half"] or "").lower():
            if not 1 <= hour <= 12:
                return ""
            hour = hour % 12 + 12 * half.startswith("p")
        at = time(hour, int(match["minute"]), int(match["second"] or 0))
    except ValueError:
        return ""
    if at == time() and not match["zone"]:
        return on.isoformat()
    return f"{on.isoformat()}T{at.isoformat()}{_zone(match['zone'])}"


def _zone(text: str | None) -> str:
    if not text:
        return ""
    if text.upper() in ("Z", "UTC", "GMT"):
        return "+00:00"
    return text if ":" in text else f"{text[:3]}:{text[3:]}"


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
