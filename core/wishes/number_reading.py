"""Reads phone numbers as `core.values.phone_numbers` does, and plain ones fast.

That takes 15 to 60 µs a number, which is minutes for a register. Of digits alone, the library first takes a national
prefix away, as its country's pattern says, and then looks at the length; so does this, with the library's own tables,
and asks the library about everything else. `tests/unit/core/wishes/test_number_reading.py` compares both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from core.values import phone_numbers
from core.values.phone_numbers import MOST_DIGITS

_BETWEEN = str.maketrans("", "", " -")
_LONGEST_CODE = 3
_PLAIN = re.compile(r"\+?\d+", re.ASCII)


@dataclass(frozen=True)
class _Country:
    """What the library knows of a country code: `code` as digits, the pattern of prefixes, and possible lengths."""

    code: str
    prefix: Any
    lengths: frozenset[int]

    def e164(self, national: str) -> str:
        """The number with this national part, or "" if the library has to be asked."""
        if national.startswith("0") or len(national) not in self.lengths or len(self.code + national) > MOST_DIGITS:
            return ""
        if self.prefix is not None and self.prefix.match(national):
            return ""
        return f"+{self.code}{national}"


def read_number(text: str, region: str = "") -> str:
    """The number in `text` in E.164; "" if it is none, or its country is not known. `region`: as in `phone_numbers`."""
    bare = text.translate(_BETWEEN)
    if _PLAIN.fullmatch(bare) and (found := _fast(bare, region)):
        return found
    number = phone_numbers.read(text, region)
    return "" if number.is_wrong else number.e164


def _fast(bare: str, region: str) -> str:
    if bare.startswith("+"):
        digits = bare[1:]
    elif bare.startswith("00") and not region:
        digits = bare[2:]
    elif region and bare.startswith("0") and not bare.startswith("00") and (own := _own(region)):
        own_country, otherwise = own
        return "" if otherwise(bare) else own_country.e164(bare[1:])
    else:
        return ""
    for length in range(1, _LONGEST_CODE + 1):
        if country := _country(digits[:length]):
            return country.e164(digits[length:])
    return ""


@cache
def _country(code: str) -> _Country | None:
    """The country code `code`, or None if there is none."""
    import phonenumbers  # noqa: PLC0415  its tables take a tenth of a second

    if not code or code.startswith("0") or int(code) not in phonenumbers.COUNTRY_CODE_TO_REGION_CODE:
        return None
    region = phonenumbers.region_code_for_country_code(int(code))
    tables: Any = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(int(code), region)
    pattern = tables.national_prefix_for_parsing
    return _Country(code, re.compile(pattern) if pattern else None, frozenset(filter(_possible(code), range(1, 16))))


def _possible(code: str) -> Callable[[int], bool]:
    """Whether numbers of the country code may have a national part of a length: of no length but whole ones."""
    import phonenumbers  # noqa: PLC0415  as above

    def possible(length: int) -> bool:
        number = phonenumbers.PhoneNumber(country_code=int(code), national_number=int("2" * length))
        return bool(phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE)

    return possible


@cache
def _own(region: str) -> tuple[_Country, Callable[[str], bool]] | None:
    """The country of `region`, if its own spelling is a 0 in front of the national part; and what else may begin so."""
    import phonenumbers  # noqa: PLC0415  as above

    tables: Any = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if tables is None or tables.national_prefix_for_parsing != "0" or tables.national_prefix_transform_rule:
        return None
    country = _country(str(tables.country_code))
    if country is None or len(phonenumbers.COUNTRY_CODE_TO_REGION_CODE[tables.country_code]) > 1:
        return None
    abroad, whole = re.compile(tables.international_prefix), re.compile(tables.general_desc.national_number_pattern)
    # A way out of the country, or a number that has the 0 itself: the library weighs both readings.
    return country, lambda bare: bool(abroad.match(bare) or whole.fullmatch(bare))
