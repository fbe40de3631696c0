"""Many numbers of one column at once, where all are ordinary; `Column.parse` reads them one by one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.schema.column import Column, ColumnType, Value

EXACT = 2.0**53
"""From here on a double leaves whole numbers out."""


def ordinary_numbers(column: Column, sent: Sequence[int] | Sequence[float]) -> list[Value] | None:
    """The values that `column.parse` gives for n numbers `sent`, all of type int or all float.

    None where one breaks the column's rule, is a special code of a column of fractions, or is no exact double.
    """
    try:
        numbers = np.array(sent, dtype=np.float64)
    except OverflowError:
        return None
    whole = column.type is ColumnType.INTEGER
    special = list(column.special)
    coded = np.isin(numbers, special) if special else np.zeros(numbers.size, dtype=np.bool_)
    low = -np.inf if column.minimum is None else column.minimum
    high = np.inf if column.maximum is None else column.maximum
    fits = (numbers >= low) & (numbers <= high) & (np.abs(numbers) < EXACT)  # a NaN fits nowhere
    if whole:
        fits &= numbers == np.floor(numbers)
    elif coded.any():
        return None
    if not (fits | coded).all():
        return None
    values: list[Value] = (numbers.astype(np.int64) if whole else numbers).tolist()
    return values
