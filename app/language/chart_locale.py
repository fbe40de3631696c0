"""Gives charts the page's formats of numbers and dates: translates Babel's locale data into Vega's terms."""

from __future__ import annotations

import re

import altair as alt
from babel import Locale

from app.language import formats, locale

# https://unicode.org/reports/tr35/tr35-dates.html#Date_Field_Symbol_Table and https://d3js.org/d3-time-format
_DAYS = {"d": "%-d", "dd": "%d"}
_MONTHS = {"MM": "%m", "MMM": "%b", "LLL": "%b", "MMMM": "%B", "LLLL": "%B"}
_FIELDS = {**_DAYS, **_MONTHS, "y": "%Y", "yyyy": "%Y"}


def day(*, year: bool = True) -> str:
    """The format of a day for Vega: `%-d %b %Y`."""
    parts = re.findall(r"'[^']*'|[A-Za-z]+|[^A-Za-z']+", formats.day_pattern(year=year))
    return "".join(_FIELDS.get(part, part.strip("'")) for part in parts)


def numbers_and_dates() -> alt.Locale:
    """The locale of a chart. https://vega.github.io/vega/docs/api/locale"""
    here = locale()
    return alt.Locale(number=_numbers(here), time=_dates(here))


def _numbers(here: Locale) -> alt.NumberLocale:
    symbols = here.number_symbols["latn"]
    return alt.NumberLocale(
        decimal=symbols["decimal"],
        thousands=symbols["group"],
        grouping=[3],
        currency=["", ""],
        percent=here.percent_formats[None].pattern.lstrip("#,0."),
    )


def _dates(here: Locale) -> alt.TimeLocale:
    day_names, month_names = here.days["format"], here.months["format"]
    week = [6, *range(6)]  # from Sunday; Babel counts from Monday
    return alt.TimeLocale(
        dateTime=f"{day()}, %H:%M",
        date=day(),
        time="%H:%M",
        periods=["AM", "PM"],
        days=[day_names["wide"][place] for place in week],
        shortDays=[day_names["abbreviated"][place] for place in week],
        months=[month_names["wide"][number] for number in range(1, 13)],
        shortMonths=[month_names["abbreviated"][number] for number in range(1, 13)],
    )
