"""What in a row makes its score higher or lower than the average, by column and in log-odds.

A column's effect is what happens to the log-odds when its value is put in place of what is typical: of the values that
the column has in the data the model was trained on, one column at a time, all others as they are.

Where a model adds its columns up, as a logistic regression does, the order and the other columns do not matter. Then
every value has one effect, and the effects of all columns add up to the row's log-odds less the average of the training
data's (Štrumbelj and Kononenko, "Explaining prediction models and individual predictions with feature contributions",
2014). Its kind does not say whether a model does so: it is tried on rows of its training data, and has to hold there
to a millionth. Each value's effect is then asked of the model once, so a long list costs little more than its scores.

For any other model typical are the three commonest of a column's categories, or the numbers at a sixth, a half and five
sixths of the way through its values; the effect is the difference to their average. That asks the model some thirty
questions a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from core.models.proof import Model, Scores, predict
from core.schema import Schema
from core.schema.column import Value
from core.scoring.reasons import Reason, strongest, telling

Row = Mapping[str, Value]
Typical = Sequence[tuple[Value, float]]

PROBED, EXACT = 200, 1e-6
EDGE = 1e-9  # scores of 0 and 1 have no log-odds
COMMONEST, PLACES = 3, (1 / 6, 1 / 2, 5 / 6)
CHUNK = 500  # rows that are asked about at once
KNOWN = 20_000  # effects kept: a column of fractions has a new value in every row


class Explainer:
    """Gives reasons for the scores of one model. May be shared between threads.

    `exact` says whether effects are the model's own parts, adding up to its log-odds.
    """

    def __init__(self, model: Model, reference: pd.DataFrame, schema: Schema) -> None:
        """`reference` are n rows (n > 0) of the data the model was trained on."""
        self._model = model
        self._names = [str(name) for name in model.feature_names_in_]
        self._columns = [column.name for column in telling(schema) if column.name in self._names]
        rows = reference[self._names]
        self._typical = {
            name: _typical(rows[name], is_category=schema.by_name[name].is_category) for name in self._names
        }
        self._base: Row = {name: max(values, key=lambda pair: pair[1])[0] for name, values in self._typical.items()}
        self._at_base = float(log_odds(model, [self._base])[0])
        self._parts: dict[tuple[str, Value], float] = {}
        self._average = dict.fromkeys(self._names, 0.0)
        self.exact = self._adds_up(rows)
        if self.exact:
            counts = {name: rows[name].value_counts(normalize=True) for name in self._names}
            pairs = [(name, value) for name, found in counts.items() for value in found.index.tolist()]
            parts = self._learn(pairs)
            for name, found in counts.items():
                shares = zip(found.index.tolist(), found.tolist(), strict=True)
                self._average[name] = sum(share * parts[name, value] for value, share in shares)

    def reasons(self, rows: Sequence[Row]) -> list[tuple[Reason, ...]]:
        """The strongest reasons for each of n rows' scores."""
        return [strongest(found) for found in self._effects(rows, self._columns)]

    def effects(self, rows: Sequence[Row]) -> list[dict[str, float]]:
        """What each column adds to the log-odds of each of n rows; if that is not exact, only what may be a reason."""
        return self._effects(rows, self._names)

    def _effects(self, rows: Sequence[Row], names: Sequence[str]) -> list[dict[str, float]]:
        found: list[dict[str, float]] = []
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            found += self._own_parts(chunk, names) if self.exact else self._differences(chunk)
        return found

    def _adds_up(self, reference: pd.DataFrame) -> bool:
        tail = reference.tail(PROBED)
        columns = [tail[name].tolist() for name in self._names]
        probed = [dict(zip(self._names, row, strict=True)) for row in zip(*columns, strict=True)]
        expected = [self._at_base + sum(parts.values()) for parts in self._own_parts(probed, self._names)]
        return bool(np.abs(log_odds(self._model, probed) - expected).max() < EXACT)

    def _own_parts(self, rows: Sequence[Row], names: Sequence[str]) -> list[dict[str, float]]:
        parts = self._learn([(name, row[name]) for row in rows for name in names])
        return [{name: parts[name, row[name]] - self._average[name] for name in names} for row in rows]

    def _learn(self, pairs: Sequence[tuple[str, Value]]) -> Mapping[tuple[str, Value], float]:
        """The parts of these values, at least. The model is asked for new ones, in the typical row."""
        known = self._parts if len(self._parts) < KNOWN else {}
        if new := [pair for pair in dict.fromkeys(pairs) if pair not in known]:
            asked = log_odds(self._model, [{**self._base, name: value} for name, value in new])
            known = {**known, **dict(zip(new, (asked - self._at_base).tolist(), strict=True))}
            self._parts = known  # another thread goes on with the one it took
        return known

    def _differences(self, rows: Sequence[Row]) -> list[dict[str, float]]:
        changed = [(name, value) for name in self._columns for value, _ in self._typical[name]]
        asked = pd.DataFrame({name: [row[name] for row in rows] for name in self._names})
        # The rows as they are, and again for each change; whole columns at a time, as frames would be slow to join.
        columns = {name: np.tile(asked[name].to_numpy(), 1 + len(changed)) for name in self._names}
        for place, (name, value) in enumerate(changed, 1):
            columns[name][place * len(rows) : (place + 1) * len(rows)] = value
        odds = log_odds(self._model, pd.DataFrame(columns)).reshape(1 + len(changed), len(rows))
        effects = {name: np.zeros(len(rows)) for name in self._columns}
        weights = [weight for name in self._columns for _, weight in self._typical[name]]
        for (name, _), weight, there in zip(changed, weights, odds[1:], strict=True):
            effects[name] += weight * (odds[0] - there)
        return [{name: float(effects[name][place]) for name in self._columns} for place in range(len(rows))]


def log_odds(model: Model, rows: Sequence[Row] | pd.DataFrame) -> Scores:
    """The log-odds of a sale, shape [n], as far as scores of twelve decimals tell them."""
    scores = np.clip(predict(model, rows), EDGE, 1 - EDGE)
    odds: npt.NDArray[np.float64] = np.log(scores / (1 - scores))
    return odds


def _typical(values: pd.Series, *, is_category: bool) -> Typical:
    """What is typical of a column, each value with its weight; the weights add up to 1."""
    if is_category:
        found = values.value_counts(normalize=True).sort_index().sort_values(ascending=False, kind="stable")
        found = found.head(COMMONEST)
        return list(zip(found.index.tolist(), (found / found.sum()).tolist(), strict=True))
    found = values.quantile(list(PLACES), interpolation="nearest").value_counts(normalize=True)
    return list(zip(found.index.tolist(), found.tolist(), strict=True))
