"""Phone numbers in any spelling, and the one form that all spellings share (E.164)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PhoneNumber:
    """A number as people wrote it, and in E.164 ("" if no number can be made of it)."""

    text: str
    e164: str

    @property
    def is_usable(self) -> bool:
        """Whether it can be called."""
        return bool(self.e164)


def read(text: str, region: str = "") -> PhoneNumber:
    """The number in `text`. `region`: the country whose own spelling it may have, such as DE.

    Without a region only international spellings (+49…, 0049…) can be read. A number counts if its country has numbers
    of that length: which of them are given out changes every month, and a list of them would refuse good ones.
    """
    import phonenumbers  # noqa: PLC0415  its tables take a tenth of a second

    written = text.strip()
    if not region and written.startswith("00"):
        written = f"+{written[2:]}"
    try:
        number = phonenumbers.parse(written, region or None)
    except phonenumbers.NumberParseException:
        return PhoneNumber(text, "")
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return PhoneNumber(text, "")
    return PhoneNumber(text, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def is_region(text: str) -> bool:
    """Whether `text` is a country with phone numbers of its own, such as DE."""
    import phonenumbers  # noqa: PLC0415  its tables take a tenth of a second

    return text in phonenumbers.SUPPORTED_REGIONS
