"""The second look at a file, once the outcome is known: some calls at random, keys, and the order of months."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np

from core.files.campaign_file import Record
from core.imports.column_mapping import cell
from core.proposal.distinct import hashed
from core.proposal.economy import Spells
from core.proposal.evidence import Seen, batches, is_whole
from core.proposal.outcome import reader
from core.proposal.reservoir import Reservoir
from core.schema.calendar import MONTHS, WEEKDAYS
from core.schema.outcome import Outcome
from core.values.keys import is_rounded, lost_zeros, same_key, shown_key

CALLS = 10_000


@dataclass
class Keys:
    """A column's keys, in rows: empty ones, doubles, keys that are the same but for damage, rounded ones."""

    name: str
    empty: int = 0
    rounded: int = 0
    zeros: int = 0
    _exact: array[int] = field(default_factory=lambda: array("Q"))
    _same: array[int] = field(default_factory=lambda: array("Q"))

    def add(self, raw: Any) -> None:
        """Add a key."""
        key = shown_key(raw)
        if not key:
            self.empty += 1
            return
        self._exact.append(hashed(key))
        self._same.append(hashed(same_key(key)))
        self.rounded += is_rounded(key)
        self.zeros += lost_zeros(key)

    @property
    def doubles(self) -> int:
        """Rows whose key another row has, written the same."""
        return len(self._exact) - _different(self._exact)

    @property
    def damaged(self) -> int:
        """Keys that are another one but for zeros in front, `.0` behind, spaces or capitals."""
        return _different(self._exact) - _different(self._same)


@dataclass
class Order:
    """How often the months (or weekdays) of called rows change in the file, and how often they begin again."""

    words: tuple[str, ...]
    rows: int = 0
    changes: int = 0
    rounds: int = 0
    first: str = ""
    last: str = ""

    def add(self, word: str) -> None:
        """Add the next call's word."""
        self.rows += 1
        self.first = self.first or word
        if word != self.last:
            if self.last:
                self.changes += 1
                self.rounds += self.words.index(word) < self.words.index(self.last)
            self.last = word


@dataclass
class KnownCalls:
    """`calls` are rows with an outcome, at random; `sold` says what came of each.

    `keys`, `orders`, `spells`: by column. `filled_called`, `filled_open`: filled cells by column, of rows with and
    without an outcome.
    """

    calls: list[Record]
    sold: list[bool]
    called: int
    uncalled: int
    keys: dict[str, Keys]
    orders: dict[str, Order]
    filled_called: dict[str, int]
    filled_open: dict[str, int]
    spells: dict[str, Spells]


def look_again(
    seen: Seen, outcome: Outcome, keys: list[str], timed: list[str], figures: list[str], *, seed: int = 0
) -> KnownCalls:
    """Read all rows again.

    `keys`: columns that may be keys; `timed`: those that hold months or weekdays; `figures`: those that may be figures
    of the economy.
    """
    chosen: Reservoir[tuple[Record, bool]] = Reservoir(CALLS, seed)
    found = {name: Keys(name) for name in keys}
    orders = {name: Order(MONTHS if set(seen.columns[name].words) <= set(MONTHS) else WEEKDAYS) for name in timed}
    spells = {name: Spells() for name in figures}
    filled = {True: dict.fromkeys(seen.columns, 0), False: dict.fromkeys(seen.columns, 0)}
    number, read = {True: 0, False: 0}, reader(outcome)
    for rows in batches(seen.file):
        known: dict[bool, list[Record]] = {True: [], False: []}
        for row in filter(is_whole, rows):
            try:
                sold = read(row.get(outcome.column))
            except ValueError:
                continue
            known[sold is not None].append(row)
            for name, key in found.items():
                key.add(row.get(name))
            if sold is None:
                continue
            chosen.add((row, sold))
            for name, order in orders.items():
                if (word := cell(row.get(name))) in order.words:
                    order.add(word)
            for name, spell in spells.items():
                spell.add(row.get(name))
        for called, group in known.items():
            number[called] += len(group)
            _count_filled(filled[called], group)
    calls = [row for row, _ in chosen.kept]
    sold_ = [one for _, one in chosen.kept]
    return KnownCalls(calls, sold_, number[True], number[False], found, orders, filled[True], filled[False], spells)


def _count_filled(counts: dict[str, int], rows: list[Record]) -> None:
    for name in counts:
        cells = list(map(itemgetter(name), rows))
        counts[name] += len(cells) - cells.count(None) - cells.count("")


def _different(hashes: array[int]) -> int:
    return len(np.unique(np.frombuffer(hashes, dtype=np.uint64))) if hashes else 0
