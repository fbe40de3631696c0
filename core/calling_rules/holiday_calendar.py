"""The public holidays of countries and their regions, from the package `holidays`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache


def holiday(country: str, region: str, day: date) -> str:
    """The name of the public holiday that `day` is in the region of the country, in its language; "" if it is none.

    `country`: two letters (ISO 3166-1); `region`: the country's own code of a part of it (ISO 3166-2), or "". A
    country of which nothing is known has no holidays.
    """
    return _year(country, region, day.year).get(day, "") if country else ""


@lru_cache(maxsize=1)
def countries() -> Mapping[str, tuple[str, ...]]:
    """The countries whose holidays are known, each with its regions."""
    import holidays  # noqa: PLC0415  it takes a while

    known = holidays.list_supported_countries(include_aliases=False)
    return {country: tuple(regions) for country, regions in sorted(known.items()) if len(country) == len("DE")}


@lru_cache(maxsize=512)
def _year(country: str, region: str, year: int) -> Mapping[date, str]:
    import holidays  # noqa: PLC0415  as above

    if country not in countries():
        return {}
    part = region if region in countries()[country] else None
    language = holidays.country_holidays(country).default_language
    return dict(holidays.country_holidays(country, subdiv=part, years=year, language=language))
