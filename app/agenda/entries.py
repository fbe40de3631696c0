"""The entries of the agenda: each promised call with its campaign, the person's name, and the time where they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from phonenumbers import NumberParseException, parse
from phonenumbers.timezone import time_zones_for_number

from app.calls.contact_lines import known_ways
from app.calls.offered import Place
from app.language import formats, zones
from app.shell.appliance import Appliance
from core.desk import agenda
from core.desk.agenda import Promise
from core.schema.column import Contact
from core.stores.mongo import Document

NAMED = 100
"""Entries whose names are read: those that are shown."""


@dataclass(frozen=True)
class Entry:
    """A promised call. `name` and `zone` (IANA, from the number) are "" where they are not known."""

    number: int
    promise: Promise
    place: Place
    place_key: str
    name: str
    zone: str

    def theirs(self, here: str | None) -> str:
        """The promised time on the person's clock; "" if that is unknown, or is the reader's time, too."""
        at = self.promise.at
        if (
            not self.zone
            or at.astimezone(zones.zone(self.zone)).utcoffset() == at.astimezone(zones.zone(here)).utcoffset()
        ):
            return ""
        return formats.moment(at, self.zone, day=False)


def entries(places: Mapping[str, Place], at: datetime, agent: str | None) -> list[Entry]:
    """The promised calls of these `places`, of `agent` or of all, the earliest first. Raises Unavailable."""
    found: list[tuple[Promise, str]] = []
    kinds: dict[str, dict[str, str]] = {}
    for key, place in places.items():
        kinds.setdefault(place.house.kind, {})[place.campaign] = key
    for campaigns in kinds.values():
        house = places[next(iter(campaigns.values()))].house
        found += [(one, campaigns[one.campaign]) for one in agenda.promises(house.db, campaigns, at, agent=agent)]
    found.sort(key=lambda pair: (pair[0].at, pair[0].key))
    made = []
    for number, (promise, key) in enumerate(found):
        name, zone = _known(places[key].house, promise.prospect) if number < NAMED else ("", "")
        made.append(Entry(number, promise, places[key], key, name, zone))
    return made


def _known(house: Appliance, prospect: Document) -> tuple[str, str]:
    ways = known_ways(house, prospect) or []
    name = " ".join(way.text for way in ways if way.kind is Contact.NAME)
    number = next((way.e164 for way in ways if way.e164), "")
    return name, _zone(number)


def _zone(e164: str) -> str:
    """The zone of a number, if it has one alone."""
    if not e164:
        return ""
    try:
        found = time_zones_for_number(parse(e164))
    except NumberParseException:
        return ""
    return found[0] if len(found) == 1 and "/" in found[0] and not found[0].startswith("Etc/") else ""
