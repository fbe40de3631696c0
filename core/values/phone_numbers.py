"""Phone numbers in any spelling, and the one form that all spellings share (E.164)."""

from __future__ import annotations

import re
from dataclasses import dataclass

LEAST_DIGITS = 5
"""A number in a country's own spelling has more than this, extensions of a company aside."""


@dataclass(frozen=True)
class PhoneNumber:
    """A number in E.164, "" if none can be made of it.

    `is_wrong`: nobody can call it. Where a number's country is not known, a number of that country's own spelling is
    neither: it can be called from there, and nobody can check it.
    """

    e164: str
    is_wrong: bool


def read(text: str, region: str = "") -> PhoneNumber:
    """The number in `text`. `region`: the country whose own spelling it may have, such as DE.

    Without a region only international spellings (+49…, 0049…) can be read. A number counts if its country has numbers
    of that length: which of them are given out changes every month, and a list of them would refuse good ones.
    """
    import phonenumbers  # noqa: PLC0415  its tables take a tenth of a second

    written = text.strip()
    if written.startswith("00") and not region:
        written = f"+{written[2:]}"
    may_be_local = not region and not written.startswith("+") and len(re.sub(r"\D", "", written)) >= LEAST_DIGITS
    try:
        number = phonenumbers.parse(written, region or None)
    except phonenumbers.NumberParseException:
        return PhoneNumber("", not may_be_local)
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return PhoneNumber("", is_wrong=True)
    return PhoneNumber(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), is_wrong=False)


def is_region(text: str) -> bool:
    """Whether `text` is a country with phone numbers of its own, such as DE."""
    import phonenumbers  # noqa: PLC0415  its tables take a tenth of a second

    return text in phonenumbers.SUPPORTED_REGIONS
