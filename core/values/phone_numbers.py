"""Phone numbers in any spelling, and the one form that all spellings share (E.164)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

MOST_DIGITS = 15  # ITU-T E.164, section 6
LEAST_DIGITS = 5
"""A number in a country's own spelling has more than this, extensions of a company aside."""


_FRACTION = re.compile(r"(?<=\d)\.0$")  # a spreadsheet's number


@dataclass(frozen=True)
class PhoneNumber:
    """A number in E.164, "" if none can be made of it.

    `is_wrong`: nobody can call it. Where a number's country is not known, a number of that country's own spelling is
    neither: it can be called from there, and nobody can check it.
    """

    e164: str
    is_wrong: bool


def read(text: str, region: str = "") -> PhoneNumber:
    """The number in `text`, or the first of several. `region`: the country whose own spelling it may have, such as DE.

    Without a region only international spellings (+49…, 0049…) can be read. A number counts if its country has numbers
    of that length: which of them are given out changes every month, and a list of them would refuse good ones.
    """
    import phonenumbers  # noqa: PLC0415  its tables take a tenth of a second

    written = _FRACTION.sub("", text.strip()).replace("_", " ")
    if written.startswith("00") and not region:
        written = f"+{written[2:]}"
    may_be_local = not region and not written.startswith("+") and len(re.sub(r"\D", "", written)) >= LEAST_DIGITS
    number = _whole(written, region) or _first(written, region)
    if number is None:
        return PhoneNumber("", not may_be_local)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return PhoneNumber(e164, is_wrong=False) if len(e164) <= MOST_DIGITS + 1 else PhoneNumber("", is_wrong=True)


def is_region(text: str) -> bool:
    """Whether `text` is a country with phone numbers of its own, such as DE."""
    import phonenumbers  # noqa: PLC0415  its tables take a tenth of a second

    return text in phonenumbers.SUPPORTED_REGIONS


def _whole(text: str, region: str) -> Any:
    """The number that all of `text` is, or None. Letters are no digits here, as they are on a telephone's keys."""
    import phonenumbers  # noqa: PLC0415  as above

    if any(letter.isalpha() for letter in text):
        return None
    number = _parsed(text, region)
    if number is None:
        return None
    if region and not text.startswith(("+", "00")):
        # A spreadsheet takes the plus away: 49171… is no number of Germany's own spelling, which begins with a 0.
        bare, before = re.sub(r"\D", "", text), phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True)
        is_own = bare.startswith(before) if before else phonenumbers.is_valid_number(number)
        if not is_own and bare.startswith(str(number.country_code)):
            other = _parsed(f"+{bare}")
            number = other if other is not None and phonenumbers.is_valid_number(other) else number
    return number if _is_possible(number) else None


def _parsed(text: str, region: str = "") -> Any:
    """The number that the library reads in `text`, or None."""
    import phonenumbers  # noqa: PLC0415  as above

    try:
        return phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return None


def _first(text: str, region: str) -> Any:
    """The first number in a text with words, or with several numbers, or None."""
    import phonenumbers  # noqa: PLC0415  as above

    found = phonenumbers.PhoneNumberMatcher(text, region or None, leniency=phonenumbers.Leniency.POSSIBLE)
    return next((match.number for match in found if _is_possible(match.number)), None)


def _is_possible(number: Any) -> bool:
    """Whether its country has whole numbers of that length; some cities have shorter ones within."""
    import phonenumbers  # noqa: PLC0415  as above

    return phonenumbers.is_possible_number_with_reason(number) == phonenumbers.ValidationResult.IS_POSSIBLE
