"""The time zones in which a person may be, as a person's document keeps them: the field `zone` of a prospect.

    Europe/Berlin                      one zone
    America/Chicago America/New_York   it is one of these; a call is allowed when it is in all of them
    ""                                 nothing is known: the zone of the campaign
    -                                  none of the person's numbers can be called

Sources: the country of a zone is that of `zone.tab` of the time zone database (IANA), the zones of a number are those
of the package `phonenumbers`. Zones of a country whose clocks agree all year are one here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo, available_timezones

NO_NUMBER = "-"
_YEAR = 2026  # of which clocks are compared


def is_zone(text: str) -> bool:
    """Whether `text` is a time zone such as Europe/Berlin."""
    return text in available_timezones()


def is_country(text: str) -> bool:
    """Whether `text` is a country's two letters, such as DE (ISO 3166-1)."""
    return text in _by_country()


def country_of(zone: str) -> str:
    """The country of a zone, two letters; "" for a zone of none, such as UTC."""
    return _countries().get(_present_name(zone), "")


@lru_cache(maxsize=512)
def of_country(country: str) -> tuple[str, ...]:
    """The zones of a country, that with the most people first; none of a country that is not known."""
    return _apart(_by_country().get(country, ()))


@lru_cache(maxsize=4096)
def of_number(e164: str) -> tuple[str, ...]:
    """The zones in which a number in E.164 may be, in the order of their names; none where nothing is known.

    A free number of a whole region of the world, such as +1 800, counts as one of the region's main country.
    """
    import phonenumbers  # noqa: PLC0415  its tables take a tenth of a second
    from phonenumbers import timezone  # noqa: PLC0415  as above

    number = phonenumbers.parse(e164, None)
    found = {_present_name(zone) for zone in timezone.time_zones_for_number(number) if is_zone(zone)}
    code = number.country_code or 0
    country = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(code)
    theirs = {zone for zone in found if country_of(zone) == country} or found or of_country(country)
    return _apart(sorted(theirs))


def joined(zones: Iterable[str]) -> str:
    """The zones as a person's document keeps them."""
    return " ".join(sorted(set(zones)))


def parted(text: str) -> tuple[str, ...]:
    """The zones in a person's document; none where they are not known."""
    return () if text == NO_NUMBER else tuple(text.split())


def _apart(zones: Iterable[str]) -> tuple[str, ...]:
    """`zones` without those whose clock and country are those of an earlier one."""
    return tuple({(country_of(zone), _clock(zone)): zone for zone in reversed(list(zones))}.values())[::-1]


@lru_cache(maxsize=1024)
def _clock(zone: str) -> tuple[float, ...]:
    """How far the clock is ahead of UTC, in seconds, twice a month of a year."""
    days = (datetime(_YEAR, month, day, tzinfo=UTC) for month in range(1, 13) for day in (1, 15))
    ahead = (moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in days)
    return tuple(offset.total_seconds() if offset else 0.0 for offset in ahead)


@lru_cache(maxsize=1)
def _countries() -> Mapping[str, str]:
    rows = (line.split("\t") for line in _database("zone.tab").splitlines() if not line.startswith("#"))
    return {row[2]: row[0] for row in rows}


@lru_cache(maxsize=1)
def _by_country() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for zone, country in _countries().items():
        found.setdefault(country, []).append(zone)
    return {country: tuple(zones) for country, zones in sorted(found.items())}


def _present_name(zone: str) -> str:
    """The name that a zone has today, if it has another one: Asia/Calcutta is Asia/Kolkata."""
    return zone if zone in _countries() else _former_names().get(zone, zone)


@lru_cache(maxsize=1)
def _former_names() -> Mapping[str, str]:
    links = (line.split() for line in _database("tzdata.zi").splitlines() if line.startswith("L "))
    return {former: present for _, present, former in links if present in _countries()}


def _database(name: str) -> str:
    return (files("tzdata") / "zoneinfo" / name).read_text()
