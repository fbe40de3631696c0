"""Plain numbers are read fast, and as the library reads them."""

from __future__ import annotations

import random

import phonenumbers
import pytest

from core.values import phone_numbers
from core.wishes.number_reading import read_number

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def slow(text: str, region: str = "") -> str:
    number = phone_numbers.read(text, region)
    return "" if number.is_wrong else number.e164


def spellings(chance: random.Random, region: str) -> list[str]:
    """Digits that look like numbers of the country, of good and bad lengths, in its own and in international form."""
    code = phonenumbers.country_code_for_region(region)
    made = []
    for length in range(3, 14):
        national = "".join(chance.choice("0123456789") for _ in range(length))
        made += [f"+{code}{national}", f"00{code}{national}", f"0{national}", national, f"{code}{national}"]
    example = phonenumbers.example_number(region)
    if example is not None:
        own = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
        made += [own, own.replace(" ", ""), phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)]
        made += [phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)]
    return made


@pytest.mark.parametrize("region", REGIONS)
def test_both_readings_agree_in_every_country(region: str) -> None:
    chance = random.Random(region)
    for text in (spelling for _ in range(2) for spelling in spellings(chance, region)):
        for where in ("", region, "DE"):
            assert read_number(text, where) == slow(text, where), (text, where)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("+491715550001", ""),
        ("00491715550001", ""),
        ("01715550001", "DE"),
        ("0171 555 0001", "DE"),
        ("+49 171-5550001", ""),
    ],
)
def test_plain_numbers_do_not_need_the_library(text: str, region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the library was asked")

    read_number(text, region)
    monkeypatch.setattr(phone_numbers, "read", refuse)
    assert read_number(text, region) == "+491715550001"


@pytest.mark.parametrize(
    "text", ["", "no number", "12", "+", "00", "+999123456", "+49" + "1" * 40, "\u0660\u0661\u0667", "01715550001"]
)
def test_what_is_no_number_with_its_country_is_none(text: str) -> None:
    assert read_number(text) == "" == slow(text)
