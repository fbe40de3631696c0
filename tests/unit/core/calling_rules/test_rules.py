"""Rules that contradict themselves are refused by name, and hours are read as people write them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from core.calling_rules.holiday_calendar import countries, holiday
from core.calling_rules.places import zone_text
from core.calling_rules.presets import preset
from core.calling_rules.rules import CallingRules
from core.calling_rules.written_hours import hours_text, read_hours
from core.errors import InputError
from core.values import time_zones


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"zone": "Europe/Nowhere"}, "'Europe/Nowhere' is no time zone"),
        ({"country": "XX"}, "The holidays of 'XX' are not known"),
        ({"region": "ZH"}, "'ZH' is no region of DE"),
        ({"hours": ((),) * 7}, "On at least one day"),
        ({"hours": (((540, 600),),) * 6}, "seven days"),
        ({"hours": (((600, 540),),) * 7}, "begin before they end"),
        ({"hours": (((540, 1500),),) * 7}, "between 00:00 and 24:00"),
        ({"hours": (((541, 600),),) * 7}, "quarters of an hour"),
        ({"hours": (((540, 660), (600, 720)),) * 7}, "do not overlap"),
        ({"a_day": 0}, "from 1 to 1000"),
        ({"in_all": 1001}, "from 1 to 1000"),
        ({"pauses": {"no answer": -1}}, "from 0 minutes to 90 days"),
    ],
)
def test_rules_that_contradict_themselves_are_refused(change: dict[str, Any], rule: str) -> None:
    with pytest.raises(InputError, match=rule) as refused:
        replace(preset("DE"), **change).check()
    assert refused.value.kept == "The calling rules are unchanged."


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("9-12, 13:30 - 20h", ((540, 720), (810, 1200))),
        ("09:00\u201320:00", ((540, 1200),)),
        ("8.30 bis 12 und 13-24", ((510, 720), (780, 1440))),
        ("", ()),
        (" \u2013 ", ()),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, spans: tuple[tuple[int, int], ...]) -> None:
    assert read_hours(text) == spans
    assert read_hours(hours_text(spans)) == spans


@pytest.mark.parametrize("text", ["all day", "9", "9-", "9:60-10:00", "9-12-15"])
def test_what_is_no_hours_is_refused_with_the_form_that_is(text: str) -> None:
    with pytest.raises(InputError, match="are no hours such as") as refused:
        read_hours(text)
    assert "13:00-20:00" in refused.value.next


def test_holidays_of_a_region_and_of_an_unknown_country() -> None:
    assert holiday("DE", "BY", date(2026, 1, 6)) == "Heilige Drei K\u00f6nige"
    assert holiday("DE", "", date(2026, 1, 6)) == ""
    assert holiday("", "", date(2026, 1, 1)) == holiday("QQ", "", date(2026, 1, 1)) == ""
    assert "BY" in countries()["DE"]


def phone(e164: str, *, wrong: bool = False) -> dict[str, Any]:
    return {"kind": "phone", "text": "as written", "e164": e164, "wrong": wrong}


@pytest.mark.parametrize(
    ("values", "zones"),
    [
        ([phone("+4915112345678")], "Europe/Berlin"),
        ([phone("+34612345678")], "Atlantic/Canary Europe/Madrid"),
        ([phone("+12125551234"), phone("+13125551234")], "America/Chicago America/New_York"),
        ([phone("+12125551234"), {"kind": "country", "text": "us"}], "America/New_York"),
        ([phone(""), {"kind": "country", "text": "AT"}], "Europe/Vienna"),
        ([phone("+4915112345678"), {"kind": "country", "text": "CH"}], "Europe/Zurich"),
        ([phone("+4915112345678"), {"kind": "time_zone", "text": "Asia/Tokyo"}], "Asia/Tokyo"),
        ([phone("")], ""),
        ([phone("", wrong=True)], "-"),
        ([phone("", wrong=True), phone("+4915112345678")], "Europe/Berlin"),
        ([{"kind": "phone", "text": None}, {"kind": "time_zone", "text": "Asia/Tokyo"}], "-"),
        ([], "-"),
    ],
)
def test_where_a_person_is_by_their_columns(values: list[dict[str, Any]], zones: str) -> None:
    assert zone_text(values, has_phones=True) == zones


def test_without_a_column_of_numbers_nobody_lacks_one() -> None:
    assert zone_text([{"kind": "name", "text": "Ada"}], has_phones=False) == ""


def test_a_free_number_counts_as_one_of_its_country_and_clocks_that_agree_as_one() -> None:
    free = time_zones.of_number("+18005551234")
    assert {time_zones.country_of(zone) for zone in free} == {"US"}
    assert "America/Detroit" not in free
    assert "America/New_York" in free
    assert time_zones.of_country("DE") == ("Europe/Berlin",)
    assert time_zones.of_number("+911123456789") == ("Asia/Kolkata",)
    assert time_zones.country_of("Asia/Calcutta") == "IN"
    assert (time_zones.country_of("UTC"), time_zones.of_country("QQ")) == ("", ())
    assert time_zones.parted(time_zones.joined(["b/c", "a/b", "b/c"])) == ("a/b", "b/c")
    assert time_zones.parted(time_zones.NO_NUMBER) == ()


def test_rules_keep_their_form_in_the_store() -> None:
    rules = replace(preset("FR"), pauses={"no answer": 90}, other_time=False)
    assert CallingRules.from_document({**rules.document(), "number": 3, "by": "mia"}) == rules
