"""Formats numbers, times and values for the reader's language and region, the same on every page.

The examples show the form for English without a region.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

from app.language import SOURCE, _, locale
from core.schema.column import BLANK, OTHER, Column, Value
from core.sentences import Sentence

NOT_YET = Sentence("not yet")  # in place of a number that does not exist yet; pass it to `translate`

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(T|$)")  # as a person's document keeps it
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|:~$])")


def percent(share: float, decimals: int = 1) -> str:
    """A share of 1 as a percentage with `decimals`: 0.3421 is `34.2%`."""
    # Rounded here, because Babel rounds a half in the last digit differently.
    return _percent(Decimal(f"{share:.{decimals}%}"[:-1]), "0." + "0" * decimals if decimals else "0")


def exact(score: float) -> str:
    """A score with four decimals, precise enough to find it in the prediction log: `0.3421`."""
    return fixed(score, 4)


def fixed(figure: float, decimals: int) -> str:
    """A number with `decimals` (one or more): `0.358`."""
    return format_decimal(Decimal(f"{figure:.{decimals}f}"), "0." + "0" * decimals, locale=locale())


def count(number: int) -> str:
    """A count with grouped thousands: `41,188`."""
    return format_decimal(number, locale=locale())


def time_left(remaining: timedelta) -> str:
    """The time left in whole minutes, below one minute in seconds: `14 min`, `45 s`."""
    seconds = max(0, math.ceil(remaining.total_seconds()))
    if seconds >= 60:
        return _("{minutes} min").format(minutes=count(seconds // 60))
    return _("{seconds} s").format(seconds=seconds)


def moment(at: datetime, zone: str | None, *, day: bool = True) -> str:
    """An aware time in `zone`, an IANA name: `23 Nov 2026, 16:20`. If the zone is unknown: in UTC, and marked so."""
    try:
        local, suffix = at.astimezone(ZoneInfo(zone or "")), ""
    except (ZoneInfoNotFoundError, ValueError):
        local, suffix = at.astimezone(ZoneInfo("UTC")), " UTC"
    here = locale()
    clock = format_datetime(local, _clock(here), locale=here) + suffix
    return here.datetime_formats["medium"].format(clock, date_of(local)) if day else clock


def date_of(day: date, *, weekday: bool = False) -> str:
    """A day: `23 Nov 2026`, with its weekday `Mon, 23 Nov 2026`."""
    return format_date(day, day_pattern(weekday=weekday), locale=locale())


def day_pattern(*, weekday: bool = False, year: bool = True) -> str:
    """The reader's format of a day, as a pattern of the Unicode locale data: `d MMM y`."""
    here = locale()
    if (here.language, here.territory) == (SOURCE, None):
        # The locale data treat English without a region as that of the United States.
        return ("EEE, " if weekday else "") + "d MMM" + (" y" if year else "")
    skeleton = ("y" if year else "") + "MMM" + ("E" if weekday else "") + "d"
    return str(here.datetime_skeletons[skeleton])


def day_field() -> str:
    """The reader's format of a day in a date field, in Streamlit's terms: `DD/MM/YYYY`."""
    here = locale()
    if (here.language, here.territory) == (SOURCE, None):
        return "YYYY/MM/DD"
    order = re.sub(r"[^dMy]", "", here.date_formats["short"].pattern)
    apart = next((mark for mark in "./-" if mark in here.date_formats["short"].pattern), "/")
    fields = {"d": "DD", "M": "MM", "y": "YYYY"}
    return apart.join(fields[letter] for letter in dict.fromkeys(order))


def number(figure: float) -> str:
    """A number with its decimals, at most four: `4,991.6`."""
    here = locale()
    pattern = here.decimal_formats[None].pattern.replace("0.###", "0.####")
    return format_decimal(Decimal(f"{figure:.4f}"), pattern, locale=here)


def ungrouped(figure: str) -> str:
    """A number such as "4991.6" with the reader's decimal sign and no sign between thousands."""
    return format_decimal(Decimal(figure), "0.######", locale=locale())


def value(column: Column, raw: Value | None) -> str:
    """A column's value in words: codes by meaning, categories without the file's spelling, numbers with unit."""
    if raw is None or raw == BLANK:
        return _("not known")
    words = column.words(locale().language)
    if isinstance(raw, str):
        return _word(column, raw)
    if raw in column.special:
        return capital(words.special.get(int(raw)) or column.special[int(raw)])
    if column.unit == "%":
        return _percent(Decimal(f"{raw:.4f}"), "0.####")
    return f"{number(raw)} {unit(column, raw)}".rstrip()


def _word(column: Column, raw: str) -> str:
    """A word of a category, or a date as a person's document keeps it."""
    if raw == OTHER:
        return _("others")
    if not column.is_category and _DATE.match(raw):
        is_day = len(raw) == len("2026-07-11")
        return date_of(date.fromisoformat(raw)) if is_day else moment(datetime.fromisoformat(raw), column.zone or "UTC")
    return column.words(locale().language).categories.get(raw) or (raw if column.open else _words(raw))


def unit(column: Column, figure: float) -> str:
    """The column's unit for `figure`, in words; empty if it has none."""
    words = column.words(locale().language)
    if figure == 1 and words.unit:
        return words.one or words.unit
    if figure == 1 and column.unit in ("years", "days", "seconds"):
        return column.unit.removesuffix("s")
    return words.unit or column.unit


def label(column: Column) -> str:
    """The column's name for people."""
    return column.words(locale().language).label or column.label


def group(column: Column, name: str) -> str:
    """The group `name` of a column, in words. Raises ValueError if it is not one of the column's `groups`."""
    if name in column.categories or name in (BLANK, OTHER):
        return value(column, name)
    place, bounds = column.groups.index(name), [number(bound) for bound in column.bounds]
    if place > len(bounds):
        return value(column, list(column.special)[place - len(bounds) - 1])
    if place == 0:
        return _("under {high}").format(high=bounds[0])
    if place == len(bounds):
        return _("{low} and above").format(low=bounds[-1])
    return _("{low} to under {high}").format(low=bounds[place - 1], high=bounds[place])


def capital(text: str) -> str:
    """`text` with a capital first letter."""
    return text[:1].upper() + text[1:]


def plain(text: str) -> str:
    """`text` escaped, so that a typed name appears as typed and never as Markdown."""
    return _MARKDOWN.sub(r"\\\1", text)


def _words(category: str) -> str:
    text = re.sub(r"(?<=[A-Za-z0-9])[._](?=[A-Za-z0-9])", " ", category).strip(". ")
    return capital(text) if text else category


def _percent(hundredths: Decimal, digits: str) -> str:
    here = locale()
    pattern = here.percent_formats[None].pattern.replace("0", digits)
    return format_percent(hundredths.scaleb(-2), pattern, locale=here)


def _clock(here: Locale) -> str:
    """The pattern of a time of day, with twelve hours or twenty-four."""
    if (here.language, here.territory) == (SOURCE, None):
        return "HH:mm"
    return str(here.time_formats["short"].pattern)
