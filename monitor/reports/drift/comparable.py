"""Makes two groups of people comparable, column by column, where cells are blank, coded, or have new words.

A word of an open column counts where those before have it often enough; all others are one group, or two samples with
many rare words would have nothing in common. A number's blanks and codes (`Column.special`) are a column of words
beside the number, because a distance between numbers does not see blanks, and takes a code such as 999 for a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from core.schema.column import BLANK, OTHER, Column

FREQUENT = 0.01
"""Share of those before from which a word of an open column has a group of its own."""

NEW = 0.02
"""Share of the newest people from which a word that nobody before has is told."""

NUMBER = "a number"


@dataclass(frozen=True)
class Comparable:
    """Both tables with the same columns. `words`: names of those with words; `blanks`: the column beside a number.

    `rows_before` and `rows_now` are the cells as they were, with words that have no group of their own as `other`.
    """

    before: pd.DataFrame
    now: pd.DataFrame
    words: list[str]
    blanks: dict[str, str]
    rows_before: pd.DataFrame
    rows_now: pd.DataFrame

    @property
    def measured(self) -> list[str]:
        """The columns that have a distance: a number that a whole table lacks has none, its blanks do."""
        return [str(name) for name in self.now if self.before[name].notna().any() and self.now[name].notna().any()]


def comparable(columns: Sequence[Column], before: pd.DataFrame, now: pd.DataFrame) -> Comparable:
    """`columns` of both tables (any number of rows each). Raises KeyError naming a column that one of them lacks."""
    tables: tuple[dict[str, pd.Series], dict[str, pd.Series]] = ({}, {})
    rows: tuple[dict[str, pd.Series], dict[str, pd.Series]] = ({}, {})
    words: list[str] = []
    blanks: dict[str, str] = {}
    for column in columns:
        pair = before[column.name], now[column.name]
        if column.is_category:
            words.append(column.name)
            pair = _grouped(*pair) if column.open else pair
            plain = pair
        else:
            pair = pair[0].astype(float), pair[1].astype(float)
            plain = _plain(column, pair[0]), _plain(column, pair[1])
            if column.optional or column.special:
                name = blanks[column.name] = f"{column.name} {BLANK}"
                words.append(name)
                for table, values in zip(tables, pair, strict=True):
                    table[name] = _sort(column, values)
        for place, values in enumerate(plain):
            tables[place][column.name] = values
            rows[place][column.name] = pair[place]
    made = [pd.DataFrame(table) for table in (*tables, *rows)]
    return Comparable(made[0], made[1], words, blanks, made[2], made[3])


def new_words(columns: Sequence[Column], before: pd.DataFrame, now: pd.DataFrame) -> dict[str, dict[str, float]]:
    """By open column, the words that nobody before has, with their share of the newest people (at least `NEW`)."""
    found: dict[str, dict[str, float]] = {}
    for column in columns:
        if column.open:
            known = set(before[column.name])
            shares = now[column.name].value_counts(normalize=True)
            new = {str(word): float(share) for word, share in shares.items() if share >= NEW and word not in known}
            if new:
                found[column.name] = new
    return found


def _plain(column: Column, values: pd.Series) -> pd.Series:
    """The numbers without codes."""
    return values.where(~values.isin([float(code) for code in column.special]))


def _sort(column: Column, values: pd.Series) -> pd.Series:
    """What each cell is: a number, blank, or one of the codes."""
    meanings = {float(code): str(meaning) for code, meaning in column.special.items()}
    return values.map(lambda value: BLANK if pd.isna(value) else meanings.get(value, NUMBER))


def _grouped(before: pd.Series, now: pd.Series) -> tuple[pd.Series, pd.Series]:
    shares = before.value_counts(normalize=True)
    own = set(shares[shares >= FREQUENT].index)
    return before.where(before.isin(own), OTHER), now.where(now.isin(own), OTHER)
