"""The files of a simulated company: what is true of people as a program writes it, and as a broken one does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.files.records import Record
from core.schema import read_schema
from core.schema.calendar import MONTHS, WEEKDAYS
from core.schema.column import BLANK, Value
from replay.living.loop import Delivery
from replay.living.people import Person
from replay.living.worlds import World

SCHEMA = read_schema(Path(__file__).with_name("kind.yaml"))
"""The campaign kind of the simulated people."""

BROKEN = "income"
"""The column that goes blank, or changes its unit."""
MIXED_UP = ("income", "visits", "plan")
"""The columns that a mixed-up source takes from another person."""
YEARLY_IN_THOUSANDS = 12 / 1_000
FEATURES = tuple(SCHEMA.feature_names)
HEADER = (SCHEMA.reference or "", *FEATURES, SCHEMA.outcome.column, SCHEMA.outcome.at or "")


@dataclass(frozen=True)
class Entry:
    """A person in a file, after so many earlier `calls`; `sold` at the call `called_at`, if there was one."""

    person: Person
    calls: int = 0
    sold: bool | None = None
    called_at: datetime | None = None


def delivery(world: World, entries: Sequence[Entry], at: datetime, day: float) -> Delivery:
    """The file with `entries` that is written at `at`, on `day` of the world."""
    broken = world.strength(day) > 0
    records = []
    for place, entry in enumerate(entries):
        values = dict(entry.person.values)
        if broken and world.change == "mixed-up source":
            other = entries[place - 1].person.values
            values |= {name: other[name] for name in MIXED_UP}
        elif broken and world.change == "blank column":
            values[BROKEN] = None
        elif broken and world.change == "changed unit" and (value := values[BROKEN]) is not None:
            values[BROKEN] = round(float(value) * YEARLY_IN_THOUSANDS, 4)
        moment = entry.called_at or at
        values |= {"month": MONTHS[moment.month - 1], "weekday": WEEKDAYS[moment.weekday()], "calls": entry.calls}
        records.append(_record(entry, values, place + 2))
    return Delivery(f"{world.name} {at:%Y-%m-%d}.csv", HEADER, records)


def _record(entry: Entry, values: Mapping[str, Value], line: int) -> Record:
    sold = "" if entry.sold is None else (SCHEMA.outcome.positive if entry.sold else SCHEMA.outcome.negative)[0]
    called = entry.called_at.isoformat() if entry.called_at else ""
    cells = {name: _text(values[name]) for name in FEATURES}
    reference, outcome, at = HEADER[0], *HEADER[-2:]
    return Record({reference: entry.person.key, **cells, outcome: sold, at: called}, line=line)


def _text(value: Value) -> str:
    return "" if value is None or value == BLANK else str(value)
