import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

import pytest
import streamlit as st

from app.language import chart_locale, formats
from core.schema import Schema
from core.schema.column import Column, Value


@pytest.mark.parametrize(
    ("column", "raw", "words"),
    [
        ("pdays", 999, "Never contacted before"),
        ("pdays", 3, "3 days"),
        ("pdays", 1, "1 day"),
        ("age", 41, "41 years"),
        ("job", "admin.", "Admin"),
        ("job", "blue-collar", "Blue-collar"),
        ("education", "university.degree", "University degree"),
        ("education", "basic.4y", "Basic 4y"),
        ("default", "unknown", "Unknown"),
        ("housing", "no", "No"),
        ("nr.employed", 4991.6, "4,991.6 thousands"),
        ("euribor3m", 4.857, "4.857%"),
        ("emp.var.rate", -0.1, "-0.1%"),
        ("previous", None, "not known"),
    ],
)
def test_values_are_words_and_codes_are_explained(schema: Schema, column: str, raw: Value | None, words: str) -> None:
    assert formats.value(schema.by_name[column], raw) == words


def test_scores_are_given_twice() -> None:
    assert (formats.percent(0.34214), formats.exact(0.34214)) == ("34.2%", "0.3421")


@pytest.mark.parametrize(
    ("seconds", "text"), [(900, "15 min"), (119, "1 min"), (60, "1 min"), (59.2, "1 min"), (45, "45 s"), (-3, "0 s")]
)
def test_time_left(seconds: float, text: str) -> None:
    assert formats.time_left(timedelta(seconds=seconds)) == text


def test_times_are_on_the_clock_of_the_person_who_looks() -> None:
    at = datetime(2026, 11, 3, 16, 5, tzinfo=UTC)
    assert formats.moment(at, "Europe/Lisbon") == "3 Nov 2026, 16:05"
    assert formats.moment(at, "Europe/Prague", day=False) == "17:05"
    assert formats.moment(at, None) == "3 Nov 2026, 16:05 UTC"
    assert formats.moment(at, "Not/AZone", day=False) == "16:05 UTC"


@pytest.mark.parametrize(("number", "text"), [(0, "0"), (999, "999"), (41188, "41,188")])
def test_counts_have_their_thousands_apart(number: int, text: str) -> None:
    assert formats.count(number) == text


def test_what_somebody_typed_is_never_markdown() -> None:
    assert formats.plain("[a](http://b) **c** :red[d] $e$") == (r"\[a\]\(http\://b\) \*\*c\*\* \:red\[d\] \$e\$")


class Screen:
    """Stands for somebody's browser."""

    cookies: ClassVar[dict[str, str]] = {}

    def __init__(self, locale: str | None) -> None:
        self.locale = locale


@pytest.fixture
def at_home(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    def come_from(locale: str | None) -> None:
        monkeypatch.setattr(st, "context", Screen(locale))
        monkeypatch.setattr(st, "session_state", {})

    return come_from


@pytest.mark.parametrize(
    ("locale", "percent", "exact", "count", "moment", "day", "field"),
    [
        (None, "34.2%", "0.3421", "41,188", "23 Nov 2026, 16:20", "Mon, 23 Nov 2026", "YYYY/MM/DD"),
        ("en-GB", "34.2%", "0.3421", "41,188", "23 Nov 2026, 16:20", "Mon, 23 Nov 2026", "DD/MM/YYYY"),
        ("en-US", "34.2%", "0.3421", "41,188", "Nov 23, 2026, 4:20 PM", "Mon, Nov 23, 2026", "MM/DD/YYYY"),
        ("de-DE", "34,2 %", "0,3421", "41.188", "23. Nov. 2026, 16:20", "Mo., 23. Nov. 2026", "DD.MM.YYYY"),
        ("de-CH", "34.2%", "0.3421", "41'188", "23. Nov. 2026, 16:20", "Mo., 23. Nov. 2026", "DD.MM.YYYY"),
        ("xx-YY", "34.2%", "0.3421", "41,188", "23 Nov 2026, 16:20", "Mon, 23 Nov 2026", "YYYY/MM/DD"),
    ],
)
def test_everybody_reads_as_at_home(
    at_home: Callable[[str | None], None], locale: str | None, percent: str, exact: str, count: str, moment: str,
    day: str, field: str,
) -> None:  # fmt: skip
    at_home(locale)
    at = datetime(2026, 11, 23, 15, 20, tzinfo=UTC)
    found = (
        formats.percent(0.34214),
        formats.exact(0.34214),
        formats.count(41188),
        formats.moment(at, "Europe/Berlin"),
        formats.date_of(at.date(), weekday=True),
        formats.day_field(),
    )
    # Which space or apostrophe parts digits and units differs by version of the locale data.
    assert tuple(re.sub("[\u00a0\u202f]", " ", text).replace("\u2019", "'") for text in found) == (
        percent, exact, count, moment, day, field,
    )  # fmt: skip


@pytest.mark.parametrize(("share", "text"), [(0.0005, "0.1%"), (0.00049, "0.0%"), (0.99951, "100.0%"), (1.0, "100.0%")])
def test_a_percentage_is_rounded_once(share: float, text: str) -> None:
    assert formats.percent(share) == text == f"{share:.1%}"


@pytest.mark.parametrize(
    ("column", "raw", "words"),
    [
        ("pdays", 999, "Noch nie kontaktiert"),
        ("pdays", 3, "3 Tage"),
        ("pdays", 1, "1 Tag"),
        ("age", 41, "41 Jahre"),
        ("job", "admin.", "Verwaltung"),
        ("housing", "no", "Nein"),
        ("nr.employed", 4991.6, "4.991,6 Tausend"),
        ("emp.var.rate", -0.1, "-0,1\u00a0%"),
        ("previous", None, "nicht bekannt"),
    ],
)
def test_values_are_said_in_the_words_that_the_schema_brings(
    at_home: Callable[[str | None], None], schema: Schema, column: str, raw: Value | None, words: str
) -> None:
    at_home("de-DE")
    assert formats.value(schema.by_name[column], raw) == words


def test_what_a_schema_has_no_words_for_is_said_in_its_own(
    at_home: Callable[[str | None], None], schema: Schema
) -> None:
    bare = Schema.model_validate({**schema.model_dump(mode="json"), "words": {}})
    at_home("de-DE")
    assert formats.label(schema.by_name["job"]) == "Beruf"
    assert formats.label(bare.by_name["job"]) == "Job"
    assert formats.value(bare.by_name["education"], "basic.4y") == "Basic 4y"
    assert formats.value(bare.by_name["age"], 41) == "41 years"


@pytest.mark.parametrize(
    ("locale", "groups"),
    [
        (None, ["under 30", "30 to under 40", "40 to under 50", "50 to under 60", "60 and above"]),
        ("de-DE", ["unter 30", "30 bis unter 40", "40 bis unter 50", "50 bis unter 60", "60 und mehr"]),
    ],
)
def test_groups_of_a_number_are_words(
    at_home: Callable[[str | None], None], schema: Schema, locale: str | None, groups: list[str]
) -> None:
    at_home(locale)
    age = schema.by_name["age"]
    assert [formats.group(age, name) for name in age.groups] == groups
    days = Column.model_validate({**schema.by_name["pdays"].model_dump(), "bounds": [7]})
    assert formats.group(days, days.groups[-1]) == "Never contacted before"
    with pytest.raises(ValueError, match="not in tuple"):
        formats.group(age, "of any age")


@pytest.mark.parametrize("locale", [None, "en-US", "de-DE"])
def test_charts_write_days_as_the_page_does(at_home: Callable[[str | None], None], locale: str | None) -> None:
    at_home(locale)
    day = date(2026, 3, 5)
    names = chart_locale.numbers_and_dates().to_dict()["time"]
    written = chart_locale.day().replace("%-d", "5").replace("%Y", "2026").replace("%b", names["shortMonths"][2])
    assert written == formats.date_of(day)
    assert (len(names["days"]), len(names["shortDays"]), len(names["months"])) == (7, 7, 12)
    assert names["shortDays"][4].strip(".") == formats.date_of(day, weekday=True).split(",")[0].strip(".")
