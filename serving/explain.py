"""How far each column moves a row's score from the average, in log-odds.

A column's effect is the change of the log-odds when only its value replaces the typical ones of the training data.

Where a model adds its columns up, as a logistic regression does, the other columns do not matter. Every value has one
effect, and the effects of all columns add up to the row's log-odds less the average of the training data (Štrumbelj and
Kononenko, "Explaining prediction models and individual predictions with feature contributions", 2014). A model's type
does not tell whether it adds up, so rows of its training data test it, to a millionth. The model then computes each
value's effect once, so a long list costs little more than its scores.

For any other model, the typical values are the three commonest categories, or the numbers at a sixth, a half and five
sixths of the column; the effect is the difference to their average. It takes about thirty scores a row.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.models.compiled.compilation import Compiled
from core.models.proof import Model, Scores, cells, predict
from core.schema import Schema
from core.schema.column import Value
from core.scoring.reasons import Reason, eligible_columns, strongest

Row = Mapping[str, Value]
Typical = Sequence[tuple[Value, float]]

PROBED, EXACT = 200, 1e-6
EDGE = 1e-9  # scores of 0 and 1 have no log-odds
COMMONEST, PLACES = 3, (1 / 6, 1 / 2, 5 / 6)
CHUNK = 500  # rows that are scored at once
KNOWN = 20_000  # effects in the cache: a column of fractions has a new value in every row


class Explainer:
    """Gives reasons for one model's scores, thread-safe; `exact`: the effects add up to the model's log-odds."""

    def __init__(
        self, model: Model, reference: pd.DataFrame, schema: Schema, arithmetic: Compiled | None = None
    ) -> None:
        """`reference` are n rows (n > 0) of the data the model was trained on; `arithmetic`, its compiled form."""
        self._model, self._arithmetic = model, arithmetic
        self._names = [str(name) for name in model.feature_names_in_]
        self._columns = [column.name for column in eligible_columns(schema) if column.name in self._names]
        rows = reference[self._names]
        self._typical = {
            name: _typical(rows[name], is_category=schema.by_name[name].is_category) for name in self._names
        }
        self._base: Row = {name: max(values, key=lambda pair: pair[1])[0] for name, values in self._typical.items()}
        self._at_base = float(self._log_odds([self._base])[0])
        self._parts: dict[tuple[str, Value], float] = {}
        self._average = dict.fromkeys(self._names, 0.0)
        self.exact = self._adds_up(rows)
        if self.exact:
            counts = {name: _shares(rows[name]) for name in self._names}
            parts = self._learn([(name, value) for name, shares in counts.items() for value in shares])
            for name, shares in counts.items():
                self._average[name] = sum(share * parts[name, value] for value, share in shares.items())

    def reasons(self, rows: Sequence[Row]) -> list[tuple[Reason, ...]]:
        """The strongest reasons for each of n rows' scores."""
        return [strongest(effects) for effects in self._effects(rows, self._columns)]

    def effects(self, rows: Sequence[Row]) -> list[dict[str, float]]:
        """What each column adds to the log-odds of each of n rows; if not `exact`, only columns that may be reasons."""
        return self._effects(rows, self._names)

    def _effects(self, rows: Sequence[Row], names: Sequence[str]) -> list[dict[str, float]]:
        effects: list[dict[str, float]] = []
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            effects += self._own_parts(chunk, names) if self.exact else self._differences(chunk)
        return effects

    def _adds_up(self, reference: pd.DataFrame) -> bool:
        tail = reference.tail(PROBED)
        columns = [_values(tail[name]) for name in self._names]
        probed = [dict(zip(self._names, row, strict=True)) for row in zip(*columns, strict=True)]
        expected = [self._at_base + sum(parts.values()) for parts in self._own_parts(probed, self._names)]
        return bool(np.abs(self._log_odds(probed) - expected).max() < EXACT)

    def _own_parts(self, rows: Sequence[Row], names: Sequence[str]) -> list[dict[str, float]]:
        parts = self._learn([(name, row[name]) for row in rows for name in names])
        return [{name: parts[name, row[name]] - self._average[name] for name in names} for row in rows]

    def _learn(self, pairs: Sequence[tuple[str, Value]]) -> Mapping[tuple[str, Value], float]:
        """The parts of at least these values. The model scores new ones within the typical row."""
        known = self._parts if len(self._parts) < KNOWN else {}
        if new := [pair for pair in dict.fromkeys(pairs) if pair not in known]:
            odds = self._log_odds([{**self._base, name: value} for name, value in new])
            known = {**known, **dict(zip(new, (odds - self._at_base).tolist(), strict=True))}
            self._parts = known  # another thread may still use the mapping before
        return known

    def _differences(self, rows: Sequence[Row]) -> list[dict[str, float]]:
        changed = [(name, value) for name in self._columns for value, _ in self._typical[name]]
        odds = self._changed(rows, changed)
        effects = {name: np.zeros(len(rows)) for name in self._columns}
        weights = [weight for name in self._columns for _, weight in self._typical[name]]
        for (name, _), weight, changed_odds in zip(changed, weights, odds[1:], strict=True):
            effects[name] += weight * (odds[0] - changed_odds)
        return [{name: float(effects[name][place]) for name in self._columns} for place in range(len(rows))]

    def _log_odds(self, rows: Sequence[Row]) -> Scores:
        """The log-odds of a sale, shape [n]."""
        return log_odds(self._arithmetic.score(rows) if self._arithmetic else predict(self._model, rows))

    def _changed(self, rows: Sequence[Row], changed: Sequence[tuple[str, Value]]) -> Scores:
        """The log-odds of n rows as they are, and with each value changed, shape [1 + changes, n]."""
        if self._arithmetic:
            encoding = self._arithmetic.encoding
            inputs = encoding.of(rows)
            every = [inputs, *(encoding.with_value(inputs, name, value) for name, value in changed)]
            return log_odds(self._arithmetic.of_inputs(np.concatenate(every))).reshape(len(every), len(rows))
        frame = pd.DataFrame({name: cells([row[name] for row in rows]) for name in self._names})
        # The unchanged rows, then the rows once more for each change; whole columns, because joining frames is slow.
        wholes = frame.select_dtypes("integer").columns
        frame = frame.astype(dict.fromkeys(wholes, "float64"))  # which has a blank
        columns = {name: np.tile(frame[name].to_numpy(), 1 + len(changed)) for name in self._names}
        for place, (name, value) in enumerate(changed, 1):
            columns[name][place * len(rows) : (place + 1) * len(rows)] = math.nan if value is None else value
        scores = predict(self._model, pd.DataFrame(columns))
        return log_odds(scores).reshape(1 + len(changed), len(rows))


def log_odds(scores: Scores) -> Scores:
    """The log-odds of n `scores` of twelve decimals, shape [n]."""
    scores = np.clip(scores, EDGE, 1 - EDGE)
    odds: npt.NDArray[np.float64] = np.log(scores / (1 - scores))
    return odds


def _typical(values: pd.Series, *, is_category: bool) -> Typical:
    """The typical values of a column with their weights, which add up to 1; a blank of a number has its own."""
    if is_category:
        shares = values.value_counts(normalize=True).sort_index().sort_values(ascending=False, kind="stable")
        shares = shares.head(COMMONEST)
        return list(zip(shares.index.tolist(), (shares / shares.sum()).tolist(), strict=True))
    blank = float(values.isna().mean())
    shares = values.dropna().quantile(list(PLACES), interpolation="nearest").dropna().value_counts(normalize=True)
    there = list(zip(shares.index.tolist(), (shares * (1 - blank)).tolist(), strict=True))
    return [*there, (None, blank)] if blank else there


def _values(column: pd.Series) -> list[Value]:
    """The cells of `column`, blanks as None."""
    return [None if value != value else value for value in column.tolist()]  # noqa: PLR0124  only NaN differs from itself


def _shares(column: pd.Series) -> dict[Value, float]:
    """The share of each value of `column`, blanks as None."""
    shares = column.value_counts(normalize=True, dropna=False)
    return dict(zip(_values(shares.index.to_series()), shares.tolist(), strict=True))
