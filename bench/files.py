"""Checks that no line of a damaged file is lost and no value is changed unseen, on thousands of files.

`scripts/bench files` writes files from random columns, dialects and damage (`bench.damaged_files`), reads each as an
import does, and compares what would be imported with the truth. Of a file whose encoding, dates or numbers are not
sure, the person who is asked answers rightly.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from bench.damaged_files import COLOURS, COLUMNS, DamagedFile, Person, Writer
from core.clock import now
from core.errors import InputError
from core.files.campaign_file import CampaignFile
from core.files.evidence import evidence
from core.files.records import Record
from core.imports.column_mapping import ColumnMapping
from core.imports.reject_file import Reject
from core.imports.rows import Reading, Row
from core.schema import Schema
from core.schema.column import Column, ColumnType, Role
from core.schema.outcome import Outcome
from core.values.dates import DateReading
from core.values.keys import same_key
from core.values.numbers import NumberReading

FILES = 20_000
KIND = Schema(
    name="damaged",
    title="Damaged",
    reference="key",
    outcome=Outcome(column="sold", positive="yes", negative="no", label="Sold"),
    columns=(
        Column(name="amount", label="Amount", type=ColumnType.NUMBER, role=Role.PROFILE),
        Column(name="rate", label="Rate", type=ColumnType.NUMBER, role=Role.PROFILE),
        Column(name="visits", label="Visits", type=ColumnType.INTEGER, role=Role.HISTORY, minimum=0, maximum=100),
        Column(name="colour", label="Colour", type=ColumnType.CATEGORY, role=Role.PROFILE, categories=COLOURS),
    ),
)


@dataclass
class Totals:
    """What the check of many files found. `rejected_good`: rows without damage that were rejected, never changed."""

    files: int = 0
    lines: int = 0
    unaccounted: int = 0
    silently_changed: int = 0
    crashes: int = 0
    rows: int = 0
    rejected_good: int = 0
    refused: int = 0
    asked: int = 0
    damage: Counter[str] = field(default_factory=Counter)


class NobodyIsKeptOut:
    """The door of an import without a list."""

    turned_away = 0

    def keeps_out(self, ref: str, campaign: str | None) -> bool:  # noqa: ARG002
        """Whether the person is kept out."""
        return False


def check(made: DamagedFile, path: Path, totals: Totals) -> list[str]:
    """Read the file at `path` as an import does, add to `totals`, and return what is wrong."""
    totals.files += 1
    totals.lines += made.lines
    totals.damage.update(made.damage)
    try:
        return _compare(made, path, totals)
    except InputError as error:
        totals.refused += 1
        totals.unaccounted += made.lines
        return [f"refused: {error}"]
    except Exception:  # noqa: BLE001  that nothing ends this way is what the bench shows
        totals.crashes += 1
        return [traceback.format_exc()]


def _compare(made: DamagedFile, path: Path, totals: Totals) -> list[str]:
    file = CampaignFile.open(path)
    if not file.sure and file.encoding != made.encoding:
        file = CampaignFile.open(path, replace(file.reading, encoding=made.encoding))
    columns = {name: file.header[place] for place, name in enumerate(COLUMNS) if place < len(file.header)}
    mapping = ColumnMapping({name: columns[name] for name in COLUMNS if name not in ("since", "note")})
    mapping = mapping.settled(KIND, file)
    if mapping.asked:
        totals.asked += 1
        mapping = replace(
            mapping,
            numbers={**mapping.numbers, **{name: NumberReading(made.decimal) for name in mapping.asked}},
            asked=(),
        )
    dates = evidence(file, [columns["since"]])[columns["since"]].dates.reading or DateReading(made.day_first)
    rejects: list[Reject] = []
    door: Any = NobodyIsKeptOut()
    how = Reading(KIND, "c", mapping, mapping.reader(KIND, file.header), frozenset(), None, None, now, door)
    with file.records() as records:
        rows = list(how.rows(records, rejects.append))
        tally = records.tally
    wrong = []
    account = (tally.headings, tally.titles, tally.empty, tally.totals, tally.rows)
    truth = (made.headings, made.titles, made.empty, made.totals, len(made.people))
    if account != truth or len(rows) + len(rejects) != tally.rows or tally.lines != made.lines:
        totals.unaccounted += abs(tally.lines - made.lines) or 1
        wrong.append(f"account {account}, truth {truth}, {len(rows)} read, {len(rejects)} rejected")
    changed = _changed(made.people, rows, columns, dates)
    totals.silently_changed += len(changed)
    totals.rows += len(made.people)
    totals.rejected_good += sum(not person.spoilt for person in made.people) - len(rows)
    return wrong + changed


def _changed(people: Sequence[Person], rows: Sequence[Row], columns: dict[str, str], dates: DateReading) -> list[str]:
    """What would be imported and is not what was meant."""
    meant = {same_key(person.key): person for person in people}
    wrong = []
    for row in rows:
        person = meant.get(row.prospect["ref"])
        if person is None:
            wrong.append(f"nobody has the key {row.prospect['ref']!r}")
        elif person.spoilt:
            wrong.append(f"{person.key} is spoilt and was read: {row.prospect['features']}")
        else:
            wrong += _differences(person, row, row.record, columns, dates)
    return wrong


def _differences(person: Person, row: Row, record: Record, columns: dict[str, str], dates: DateReading) -> list[str]:
    found = row.prospect["features"]
    same = {
        "amount": math.isclose(found["amount"], person.amount, abs_tol=1e-9),
        "rate": math.isclose(found["rate"], person.rate, abs_tol=1e-9),
        "visits": found["visits"] == person.visits,
        "colour": found["colour"] == person.colour,
        "note": record[columns["note"]] == person.note,
    }
    try:
        same["since"] = dates.iso(record[columns["since"]]) == person.since
    except ValueError:
        same["since"] = True  # rejected with its rule
    return [f"{person.key} {name}: {dict(record)} is not {person}" for name, is_same in same.items() if not is_same]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 1 if a line was lost, a value changed, or reading crashed."""
    parser = argparse.ArgumentParser("scripts/bench files", description="Checks the reading of damaged files.")
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    totals = Totals()
    with TemporaryDirectory(prefix="damaged-") as folder:
        path = Path(folder) / "people.csv"
        for seed in range(options.seed, options.seed + options.files):
            made = Writer(Random(seed)).file()  # noqa: S311
            path.write_bytes(made.content)
            if wrong := check(made, path, totals):
                print(f"seed {seed} {made.encoding} {made.damage}: {wrong[0][:2_000]}", file=sys.stderr)
    result = {name: getattr(totals, name) for name in ("files", "lines", "unaccounted", "silently_changed", "crashes")}
    more = {name: getattr(totals, name) for name in ("rows", "rejected_good", "refused", "asked")}
    print(json.dumps({**result, **more, "damage": dict(totals.damage)}, indent=2))
    if options.json:
        options.json.write_text(json.dumps({**result, **more}) + "\n", encoding="utf-8")
    return int(bool(totals.unaccounted or totals.silently_changed or totals.crashes))


if __name__ == "__main__":
    sys.exit(main())
