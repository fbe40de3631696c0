"""Where a person is, as far as their contact data tell: the zones that stand in the field `zone` of a prospect.

A column with time zones goes first, then the country of a column with the zones of the numbers in it, then the numbers.
A person with several numbers may be where any of them is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.schema.column import Contact
from core.values import time_zones
from core.values.time_zones import NO_NUMBER


def zone_text(values: Iterable[Mapping[str, Any]], *, has_phones: bool) -> str:
    """The zones of a person with these contact `values`, as a prospect keeps them (`core.values.time_zones`).

    `has_phones`: the kind has columns of phone numbers, so a person without a number that can be called is known to
    have none.
    """
    known = [value for value in values if value["text"]]
    numbers = [value for value in known if value["kind"] == Contact.PHONE and not value.get("wrong")]
    if has_phones and not numbers:
        return NO_NUMBER
    if said := _first(known, Contact.TIME_ZONE):
        return said
    found = {zone for number in numbers if number.get("e164") for zone in time_zones.of_number(number["e164"])}
    if country := _first(known, Contact.COUNTRY).upper():
        return time_zones.joined(
            [zone for zone in found if time_zones.country_of(zone) == country] or time_zones.of_country(country)
        )
    return time_zones.joined(found)


def _first(values: Iterable[Mapping[str, Any]], kind: Contact) -> str:
    return next((str(value["text"]) for value in values if value["kind"] == kind), "")
