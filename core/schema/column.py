"""One column of the campaign schema: its names, its values, and the groups of its values."""

from __future__ import annotations

import math
from bisect import bisect_right
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, model_validator

from core.schema.reason_wording import Wording
from core.schema.words import ColumnWords
from core.sentences import Sentence

Value = int | float | str


class ColumnType(StrEnum):
    """The type of a value."""

    INTEGER = "integer"
    NUMBER = "number"
    CATEGORY = "category"


class Role(StrEnum):
    """The origin of a column's value; `after_call` values are known too late to be features."""

    PROFILE = "profile"
    HISTORY = "history"
    CALL_CONTEXT = "call_context"
    INDICATOR = "indicator"
    AFTER_CALL = "after_call"


class Strict(BaseModel):
    """Refuses unknown keys: in the file they are mistakes, not comments."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Strict):
    """One column: its `name` in files, its `label` for people, and its possible values."""

    name: str
    label: str
    type: ColumnType
    role: Role
    minimum: float | None = None
    maximum: float | None = None
    categories: tuple[str, ...] = ()
    special: dict[int, str] = Field(default_factory=dict)
    unit: str = ""
    bounds: tuple[float, ...] = ()
    reason: Wording = Wording()
    _words: dict[str, ColumnWords] = PrivateAttr(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.type is ColumnType.CATEGORY) != bool(self.categories):
            raise ValueError(f"column '{self.name}': categories go with type category, and only with it")
        if len(set(self.categories)) != len(self.categories):
            raise ValueError(f"column '{self.name}': a category occurs twice")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"column '{self.name}': minimum is above maximum")
        self._bounded()
        if strange := [key for key in self.reason.values if not self.is_value(key)]:
            raise ValueError(f"column '{self.name}': a reason has words for {strange[0]!r}, which is no value or group")
        return self

    def is_value(self, key: str) -> bool:
        """Whether `key` of a wording is a value or group of this column: `retired`, `999`, `under 30`."""
        if self.is_category or key in self.groups:
            return key in self.groups
        try:
            return f"{self.parse(key):g}" == key
        except ValueError:
            return False

    def wording(self, language: str = "") -> Wording:
        """The wording of reasons in `language`, or else the schema's own."""
        theirs = self.words(language).reason
        return theirs if theirs != Wording() else self.reason

    def own_words(self, value: Value, language: str = "") -> str | None:
        """The schema's words for `value`, or for its group, as a reason; None if there are none."""
        words = self.wording(language).values
        exact = words.get(value if isinstance(value, str) else f"{value:g}")
        return exact or (words.get(self.group(value)) if self.is_grouped else None)

    def _bounded(self) -> None:
        if self.bounds and self.is_category:
            raise ValueError(f"column '{self.name}': bounds divide numbers, and its values are words")
        if not all(math.isfinite(low) and low < high for low, high in pairwise((*self.bounds, math.inf))):
            raise ValueError(f"column '{self.name}': bounds must be numbers, each above the one before")
        lowest = -math.inf if self.minimum is None else self.minimum
        highest = math.inf if self.maximum is None else self.maximum
        # A bound at the lowest value or above the highest makes a group without values.
        if outside := [bound for bound in self.bounds if not lowest < bound <= highest]:
            raise ValueError(f"column '{self.name}': no value is on both sides of the bound {outside[0]:g}")

    def words(self, language: str) -> ColumnWords:
        """The column's words in `language`, empty where the schema has none."""
        return self._words.get(language, ColumnWords())

    @property
    def is_feature(self) -> bool:
        """Whether a model may read it."""
        return self.role is not Role.AFTER_CALL

    @property
    def is_category(self) -> bool:
        """Whether its values are words from a list."""
        return self.type is ColumnType.CATEGORY

    @property
    def is_grouped(self) -> bool:
        """Whether its values fall into fixed groups: the categories, or the ranges between `bounds`."""
        return self.is_category or bool(self.bounds)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """These groups in words: the categories; or the ranges between `bounds`, then the special values' meanings."""
        if not self.bounds:
            return self.categories
        between = (f"{low:g} to under {high:g}" for low, high in pairwise(self.bounds))
        parts = (f"under {self.bounds[0]:g}", *between, f"{self.bounds[-1]:g} and above")
        return (*parts, *self.special.values())

    def group(self, value: Value) -> str:
        """The one of `groups` that holds `value`, a result of `parse`. Raises ValueError if there are no groups."""
        if not self.is_grouped:
            raise ValueError(f"the values of column '{self.name}' fall into no groups: it has no bounds")
        if isinstance(value, str):
            return value
        if value in self.special:
            return self.special[int(value)]
        return self.groups[bisect_right(self.bounds, value)]

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset(self.categories)

    @property
    def rule(self) -> Sentence:
        """The column's rule in words that people can act on."""
        if self.is_category:
            return Sentence("one of {values}", values=", ".join(self.categories))
        kind = Sentence("a whole number") if self.type is ColumnType.INTEGER else Sentence("a number")
        low, high = ("" if bound is None else f"{bound:g}" for bound in (self.minimum, self.maximum))
        if low and high:
            return Sentence("{kind} from {low} to {high}", kind=kind, low=low, high=high)
        if low:
            return Sentence("{kind} from {low}", kind=kind, low=low)
        return Sentence("{kind} to {high}", kind=kind, high=high) if high else kind

    def parse(self, raw: Any) -> Value:
        """The value of `raw`, a text or a number. Raises ValueError whose argument is the broken rule, a Sentence."""
        if self.is_category:
            text = raw.strip() if isinstance(raw, str) else "" if raw is None else str(raw)
            if text not in self._allowed:
                raise ValueError(self._broken(text))
            return text
        try:
            number = float(raw)
        except (TypeError, ValueError):
            raise ValueError(self._broken(raw)) from None
        whole = self.type is ColumnType.INTEGER
        if not math.isfinite(number) or (whole and not number.is_integer()):
            raise ValueError(self._broken(raw))
        if number in self.special:
            return int(number)
        if (self.minimum is not None and number < self.minimum) or (self.maximum is not None and number > self.maximum):
            raise ValueError(self._broken(raw))
        return int(number) if whole else number

    def _broken(self, raw: Any) -> Sentence:
        if raw is None or not str(raw).strip():
            return Sentence("is empty; must be {rule}", rule=self.rule)
        return Sentence("{value} is not {rule}", value=repr(raw), rule=self.rule)
