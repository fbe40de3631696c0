"""A few groups of people that no new model may be worse for."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from core.proposal import vocabulary
from core.proposal.evidence import Seen, number_of
from core.proposal.meaning import ColumnProposal
from core.schema.column import ColumnType, Role
from core.values.numbers import NumberReading

WORDS, MOST_GROUPS = 2, 15


def choose(columns: Sequence[ColumnProposal], seen: Seen) -> tuple[list[ColumnProposal], list[str]]:
    """The columns, of which one of numbers may have got bounds, and the names of the segments."""
    words = [column for column in columns if _divides(column)]
    # Lists of words say more of people than yes and no.
    words.sort(key=lambda column: (column.column.role is not Role.PROFILE, column.column.type is ColumnType.YES_NO))
    chosen = [column.name for column in words[:WORDS]]
    numbers = [c for c in columns if c.column.type in (ColumnType.INTEGER, ColumnType.NUMBER) and c.column.is_feature]
    numbers = [column for column in numbers if column.column.role is Role.PROFILE]
    numbers.sort(key=lambda column: not vocabulary.is_one(column.name, vocabulary.AGES))
    for column in numbers:
        if limits := bounds(column, seen):
            bounded = column.remarked(bounds=tuple(limits))
            return [bounded if own is column else own for own in columns], [*chosen, column.name]
    return list(columns), chosen


def _divides(column: ColumnProposal) -> bool:
    """Whether its words make a few groups, none of which has nearly everybody."""
    own, found = column.column, column.evidence
    if not own.is_feature or not own.is_category or own.open or not 2 <= len(own.groups) <= MOST_GROUPS:
        return False
    sizes = sorted((*found.words.values(), *found.missing.values(), found.blank))
    return sizes[-1] <= found.rows * 0.9


def bounds(column: ColumnProposal, seen: Seen) -> list[float]:
    """Round numbers near the fifths of the column's values; empty if they do not divide people."""
    own = column.column
    reading = NumberReading(own.decimal or ".", "." if own.decimal == "," else ",")
    read = [number_of(raw, reading) for raw in seen.cells(column.name)]
    values = [value for value in read if value is not None and value not in own.special]
    if len(values) < 20:
        return []
    low, high = min(values), max(values)
    step = _step(float(np.quantile(values, 0.8) - np.quantile(values, 0.2)) / 3)
    near = {round(float(np.quantile(values, share)) / step) * step for share in (0.2, 0.4, 0.6, 0.8)} if step else set()
    lowest = max(low, own.minimum if own.minimum is not None else low)
    return [float(f"{limit:.10g}") for limit in sorted(near) if lowest < limit <= high]


def _step(width: float) -> float:
    """1, 2 or 5 times a power of ten, at most `width`; 0 for no width."""
    if width <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(width))
    return max(factor for factor in (1, 2, 5) if factor * power <= width * 1.000001) * power
