"""The shape of a column before and now: shares of the people, for small pictures side by side.

A distance says how far a column moved, but not where to. The report stores the shapes, so that a picture drawn later,
or in a signed review, shows what the verdict was about.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.schema.column import BLANK, Column

PARTS = 10
"""Parts of a number's range, and words that have a share of their own."""
OTHER = "other"


@dataclass(frozen=True)
class Shape:
    """Shares (0 to 1) of the people before and of the newest in each of n parts."""

    labels: tuple[str, ...]
    before: tuple[float, ...]
    now: tuple[float, ...]


def shape(column: Column, before: pd.Series, now: pd.Series) -> Shape:
    """The shape of `column` in both: words by how common they are; numbers in equal parts, their codes, and blanks."""
    if column.is_category:
        together = pd.concat([before, now]).value_counts()
        shown = [str(word) for word in together.index[:PARTS]]
        labels = [*shown, *([OTHER] if len(together) > PARTS else [])]
        return Shape(*_shares(labels, *([_word(word, shown) for word in rows] for rows in (before, now))))
    codes = [float(code) for code in column.special]
    plain = [rows[~rows.isin(codes)].dropna().astype(float) for rows in (before, now)]
    both = np.unique(np.concatenate([rows.to_numpy() for rows in plain]))
    edges = np.histogram_bin_edges(both, bins=PARTS) if both.size > PARTS else None
    names = [f"{low:g} to {high:g}" for low, high in itertools.pairwise(edges)] if edges is not None else []
    names = names or [f"{value:g}" for value in both]

    def parts(rows: pd.Series) -> Sequence[str]:
        values = rows.astype(float).to_numpy()
        places = np.searchsorted(edges, values, "right") - 1 if edges is not None else np.searchsorted(both, values)
        within = np.clip(places, 0, max(len(names) - 1, 0))
        found = np.array([*names, BLANK], dtype=object)[np.where(np.isnan(values), len(names), within)]
        for code, meaning in column.special.items():
            found[values == code] = meaning
        return list(found)

    labels = [*names, *column.special.values(), *([BLANK] if column.optional else [])]
    return Shape(*_shares(labels, parts(before), parts(now)))


def _word(word: object, shown: Sequence[str]) -> str:
    return str(word) if str(word) in shown else OTHER


def _shares(
    labels: Sequence[str], before: Sequence[str], now: Sequence[str]
) -> tuple[tuple[str, ...], tuple[float, ...], tuple[float, ...]]:
    counted = [pd.Series(list(rows), dtype=object).value_counts(normalize=True) for rows in (before, now)]
    shares = [tuple(round(float(found.get(label, 0.0)), 4) for label in labels) for found in counted]
    return tuple(labels), shares[0], shares[1]
