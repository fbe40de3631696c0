"""A fitted `ColumnTransformer` of `trainer.fitting.candidates` as tables and sums, column by column.

A word's part of the model's input is what the fitted encoder makes of it, so it is asked once for each word. A number's
part is its place on the fitted scale; blanks and special codes have parts of their own, which the fitted steps are
asked for, too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from core.schema.column import Value

Vector = npt.NDArray[np.float64]
Rows = Sequence[Mapping[str, Value]]
Columns = Mapping[str, Sequence[Value]]
UNSEEN = "\x00 a word that no encoder has seen"
FEW = 4
"""Rows up to which a value at a time is quicker than a column at a time, because each call of numpy has its price."""


class CannotCompile(Exception):
    """The model has a step that no arithmetic here stands for."""


class Part(Protocol):
    """What one column puts into the model's input."""

    @property
    def name(self) -> str:
        """The column."""
        ...

    @property
    def start(self) -> int:
        """The first input that it fills."""
        ...

    @property
    def width(self) -> int:
        """How many inputs it fills."""
        ...

    def of(self, values: Sequence[Value]) -> Vector:
        """The input of n values, shape [n, width]. Raises KeyError, ValueError, TypeError for what is no value."""
        ...

    def put(self, row: Vector, value: Value) -> None:
        """Put the same for one value where it belongs in a row of the model's input, shape [width of all columns]."""
        ...


@dataclass(frozen=True)
class Words:
    """Looks each word up in `table` [words + 1, width]; the last row is that of an unseen word."""

    name: str
    start: int
    places: Mapping[Value, int]
    table: Vector

    @property
    def width(self) -> int:
        """How many inputs it fills."""
        return int(self.table.shape[1])

    def of(self, values: Sequence[Value]) -> Vector:
        """See `Part`."""
        place, unseen = self.places, len(self.places)
        return self.table[[place.get(value, unseen) for value in values]]

    def put(self, row: Vector, value: Value) -> None:
        """See `Part`."""
        inputs = self.table[self.places.get(value, len(self.places))]
        row[self.start : self.start + len(inputs)] = inputs


@dataclass(frozen=True)
class Plain:
    """Gives a number as it is; a blank is NaN."""

    name: str
    start: int
    width: int = 1

    def of(self, values: Sequence[Value]) -> Vector:
        """See `Part`."""
        return _floats(values)[:, None]

    def put(self, row: Vector, value: Value) -> None:
        """See `Part`."""
        row[self.start] = _float(value)


@dataclass(frozen=True)
class Scaled:
    """Puts a number on a scale: `mean` and `scale`, at most `furthest` deviations.

    `others` are the inputs beside it of an ordinary number, shape [width - 1]. `coded` has all inputs of a special
    code, `blank` those of a blank, both of shape [width].
    """

    name: str
    start: int
    mean: float
    scale: float
    furthest: float
    others: Vector
    coded: Mapping[float, Vector]
    blank: Vector | None = None

    @property
    def width(self) -> int:
        """How many inputs it fills."""
        return 1 + len(self.others)

    def of(self, values: Sequence[Value]) -> Vector:
        """See `Part`."""
        numbers = _floats(values)
        inputs = np.empty((len(values), self.width))
        inputs[:, 0] = np.clip((numbers - self.mean) / self.scale, -self.furthest, self.furthest)
        inputs[:, 1:] = self.others
        for code, coded in self.coded.items():
            inputs[numbers == code] = coded
        blank = np.isnan(numbers)
        if blank.any():
            if self.blank is None:
                raise ValueError(f"column '{self.name}' has a blank")
            inputs[blank] = self.blank
        return inputs

    def put(self, row: Vector, value: Value) -> None:
        """See `Part`."""
        number, end = _float(value), self.start + self.width
        if math.isnan(number):
            if self.blank is None:
                raise ValueError(f"column '{self.name}' has a blank")
            row[self.start : end] = self.blank
        elif number in self.coded:
            row[self.start : end] = self.coded[number]
        else:
            row[self.start] = min(max((number - self.mean) / self.scale, -self.furthest), self.furthest)
            if len(self.others):
                row[self.start + 1 : end] = self.others


def _floats(values: Sequence[Value]) -> Vector:
    return np.array(values, dtype=np.float64)  # None becomes NaN


def _float(value: Value) -> float:
    return math.nan if value is None else float(value)


@dataclass(frozen=True)
class Encoding:
    """What all columns put into the model's input, `width` numbers a row."""

    parts: Sequence[Part]
    width: int

    def of(self, rows: Rows) -> Vector:
        """The input of n rows, shape [n, width]. Raises KeyError for a missing feature."""
        return self.of_columns({part.name: [row[part.name] for row in rows] for part in self.parts}, len(rows))

    def of_columns(self, columns: Columns, size: int) -> Vector:
        """The input of `size` rows whose features are `columns`, shape [size, width]. Raises KeyError."""
        inputs = np.empty((size, self.width))
        for part in self.parts:
            values = columns[part.name]
            if size > FEW:
                self._put(inputs, part, values)
            else:
                for row, value in zip(inputs, values, strict=True):
                    part.put(row, value)
        return inputs

    def with_value(self, inputs: Vector, name: str, value: Value) -> Vector:
        """A copy of `inputs` [n, width] in which every row has `value` in the column `name`."""
        changed = inputs.copy()
        for part in self.parts:
            if part.name == name:
                self._put(changed, part, [value])
        return changed

    def _put(self, inputs: Vector, part: Part, values: Sequence[Value]) -> None:
        inputs[:, part.start : part.start + part.width] = part.of(values)


def encoding_of(transformer: ColumnTransformer) -> Encoding:
    """What the columns of the fitted `transformer` put into its output. Raises CannotCompile."""
    parts: list[Part] = []
    start = 0
    for _name, step, columns in transformer.transformers_:
        if not len(columns):  # a step without columns is never fitted
            continue
        if isinstance(step, str):
            if step == "drop":
                continue
            if step != "passthrough":
                raise CannotCompile(step)
            found: list[Part] = [Plain(name, start + place) for place, name in enumerate(columns)]
        elif isinstance(step, FunctionTransformer) and step.func is None:  # a fitted "passthrough"
            found = [Plain(name, start + place) for place, name in enumerate(columns)]
        elif isinstance(step, OneHotEncoder):
            found = _words(step, list(columns), start)
        else:
            found = _scaled(step, list(columns), start)
        parts += found
        start += sum(part.width for part in found)
    return Encoding(tuple(parts), start)


def _words(encoder: OneHotEncoder, columns: list[str], start: int) -> list[Part]:
    """The parts of one-hot columns: each column's inputs follow those of the columns before it."""
    if not columns:
        return []

    def encoded(place: int, words: Sequence[Any]) -> Vector:
        frame = pd.DataFrame(
            {name: list(words) if place == other else [UNSEEN] * len(words) for other, name in enumerate(columns)}
        )
        return np.asarray(encoder.transform(frame), dtype=np.float64)

    unseen = encoded(-1, [UNSEEN])[0]
    widths = [int(width) for width in encoder._n_features_outs]
    parts: list[Part] = []
    for place, name in enumerate(columns):
        words = [*encoder.categories_[place].tolist(), UNSEEN]
        begin = sum(widths[:place])
        table = encoded(place, words)[:, begin : begin + widths[place]]
        places = {word: number for number, word in enumerate(words[:-1])}
        parts.append(Words(name, start + begin, places, table))
    if not np.array_equal(unseen, np.concatenate([part.table[-1] for part in parts])):  # type: ignore[attr-defined]
        raise CannotCompile("an encoder whose columns depend on each other")
    return parts


def _scaled(step: Any, columns: list[str], start: int) -> list[Part]:
    """The parts of numbers on a scale, each after imputers of its blank and its codes, if it has any."""
    *decoders, last = [fitted for _, fitted in step.steps] if _is_scale(step.steps[-1][1]) else [step]
    if not _is_scale(last) or (decoders and len(columns) != 1):
        raise CannotCompile(f"the steps of {', '.join(columns)}")
    scaler, clip = last.steps[0][1], last.steps[1][1]
    furthest = float(clip.kw_args["a_max"])
    if not decoders:
        means, scales = scaler.mean_, scaler.scale_
        none = np.empty(0)
        return [
            Scaled(name, start + place, float(means[place]), float(scales[place]), furthest, none, {})
            for place, name in enumerate(columns)
        ]
    [name] = columns

    def asked(value: float) -> Vector:
        inputs: Vector = np.asarray(step.transform(pd.DataFrame({name: [value]})), dtype=np.float64)[0]
        return inputs

    codes = [float(code) for code in (imputer.missing_values for imputer in decoders) if not math.isnan(code)]
    ordinary = next(value for value in map(float, range(len(codes) + 1)) if value not in codes)
    blank = asked(math.nan) if len(codes) < len(decoders) else None
    coded = {code: asked(code) for code in codes}
    return [
        Scaled(
            name, start, float(scaler.mean_[0]), float(scaler.scale_[0]), furthest, asked(ordinary)[1:], coded, blank
        )
    ]


def _is_scale(step: Any) -> bool:
    """Whether `step` puts numbers in standard deviations and limits them."""
    steps = [type(fitted).__name__ for _, fitted in getattr(step, "steps", ())]
    return bool(steps == ["StandardScaler", "FunctionTransformer"] and step.steps[1][1].func is np.clip)
