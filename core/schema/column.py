"""One column of the campaign schema: its names, its values, and the groups of its values."""

from __future__ import annotations

import math
from bisect import bisect_right
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, field_validator, model_validator

from core.schema import contact_places, dates
from core.schema.checked_yaml import Strict
from core.schema.ranges import range_rule
from core.schema.reason_wording import Wording
from core.schema.words import ColumnWords
from core.schema.yes_no import NO, YES, yes_or_no
from core.sentences import Sentence
from core.values.phone_numbers import is_region
from core.values.time_zones import is_zone

Value = int | float | str | None
"""A value of a column. Only an optional column has blanks: None for a number or a date, `BLANK` for a word."""

BLANK, OTHER = "(blank)", "(other)"
"""The word for a blank, and the group of an open column's words that its list does not name."""

LONGEST_WORD = 256  # letters of a category


class ColumnType(StrEnum):
    """The type of a value. A date is kept as text (`core.schema.dates`); a model reads it as days before the call."""

    INTEGER = "integer"
    NUMBER = "number"
    CATEGORY = "category"
    YES_NO = "yes_no"
    DATE = "date"
    TEXT = "text"


class Role(StrEnum):
    """What a column's values are to the appliance. `after_call` values are known too late to be features.

    A `reference` is a further key of the person, a `contact` how to reach them; `people_only` values are shown and
    never a feature.
    """

    PROFILE = "profile"
    HISTORY = "history"
    CALL_CONTEXT = "call_context"
    INDICATOR = "indicator"
    AFTER_CALL = "after_call"
    REFERENCE = "reference"
    CONTACT = "contact"
    PEOPLE_ONLY = "people_only"


class Contact(StrEnum):
    """What a contact column holds. Country and time zone say by which clock the person may be called."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    COUNTRY = "country"
    TIME_ZONE = "time_zone"


NUMBERS = frozenset({ColumnType.INTEGER, ColumnType.NUMBER})
NO_FEATURES = frozenset({Role.AFTER_CALL, Role.REFERENCE, Role.CONTACT, Role.PEOPLE_ONLY})
_RULES = {
    ColumnType.YES_NO: Sentence("yes or no"),
    ColumnType.DATE: Sentence("a date such as 2026-07-11"),
    ColumnType.TEXT: Sentence("a text"),
}


class Column(Strict):
    """One column: its `name` in files, its `label` for people, and its possible values.

    `optional`: a cell may be blank, which is information; `blanks` are words of files that mean it, such as n/a.
    `open`: words outside `categories` may occur. `decimal` (the sign in numbers), `thousands` (the sign between their
    groups) and `day_first` (03/04 is the third of April) are used where a file's own values do not tell; `zone` is that
    of moments without an offset. `region`: the country, such as DE, whose own spelling of phone numbers the column has.
    `note` tells people why a column is kept out of the model.
    """

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
    optional: bool = False
    blanks: tuple[str, ...] = ()
    open: bool = False
    contact: Contact | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[".", ","] | None = None
    day_first: bool | None = None
    zone: str = ""
    region: str = ""
    note: str = ""
    _words: dict[str, ColumnWords] = PrivateAttr(default_factory=dict)

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone and not is_zone(zone):
            raise ValueError(f"{zone!r} is no time zone such as Europe/Berlin")
        return zone

    @model_validator(mode="before")
    @classmethod
    def _yes_and_no(cls, given: Any) -> Any:
        yes_no = isinstance(given, dict) and given.get("type") == ColumnType.YES_NO
        return {**given, "categories": (NO, YES)} if yes_no else given

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.open and self.type is not ColumnType.CATEGORY:
            raise ValueError(f"column '{self.name}': open goes with type category, and only with it")
        if self.is_category != bool(self.categories) and not self.open:
            raise ValueError(f"column '{self.name}': categories go with type category, and only with it")
        if self.blanks and not self.optional:
            raise ValueError(f"column '{self.name}': blanks are words that mean a blank, so they go with optional")
        if {BLANK, OTHER} & set(self.categories):
            raise ValueError(f"column '{self.name}': {BLANK} and {OTHER} are Callwise's own words")
        if (self.role is Role.CONTACT) != (self.contact is not None):
            raise ValueError(f"column '{self.name}': contact ({', '.join(Contact)}) goes with role contact")
        if self.region and (self.contact is not Contact.PHONE or not is_region(self.region)):
            raise ValueError(f"column '{self.name}': region is a country such as DE, and goes with contact phone")
        if self.type is ColumnType.TEXT and self.is_feature:
            raise ValueError(f"column '{self.name}': text is never a feature; its role is people_only")
        if self.role in (Role.REFERENCE, Role.CONTACT) and self.type is not ColumnType.TEXT:
            raise ValueError(f"column '{self.name}': the type of a {self.role.value} is text")
        if len(set(self.categories)) != len(self.categories):
            raise ValueError(f"column '{self.name}': a category occurs twice")
        if self.thousands is not None and self.thousands == (self.decimal or "."):
            raise ValueError(f"column '{self.name}': thousands and decimal are two signs")
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
        exact = words.get(self.group(value) if value is None else value if isinstance(value, str) else f"{value:g}")
        return exact or (words.get(self.group(value)) if self.is_grouped else None)

    def _bounded(self) -> None:
        if self.bounds and self.is_category:
            raise ValueError(f"column '{self.name}': bounds divide numbers, and its values are words")
        if self.type not in NUMBERS and (self.bounds or self.special or self.minimum or self.maximum):
            raise ValueError(f"column '{self.name}': its type has neither minimum, maximum, bounds nor special values")
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
        return self.role not in NO_FEATURES

    @property
    def is_category(self) -> bool:
        """Whether its values are words from a list."""
        return self.type in (ColumnType.CATEGORY, ColumnType.YES_NO)

    def as_feature(self) -> Column:
        """The column as a model reads it: a date is the number of days before the call."""
        if self.type is not ColumnType.DATE:
            return self
        return self.model_copy(update={"type": ColumnType.NUMBER, "unit": self.unit or "days"})

    @property
    def is_grouped(self) -> bool:
        """Whether its values fall into fixed groups: the categories, or the ranges between `bounds`."""
        return self.is_category or bool(self.bounds)

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """These groups in words: the categories, or the ranges between `bounds` and the special values' meanings.

        Last come `OTHER` for an open column and `BLANK` for an optional one.
        """
        if not self.is_grouped:
            return ()
        blank = (BLANK,) if self.optional else ()
        if not self.bounds:
            return (*self.categories, *((OTHER,) if self.open else ()), *blank)
        between = (f"{low:g} to under {high:g}" for low, high in pairwise(self.bounds))
        parts = (f"under {self.bounds[0]:g}", *between, f"{self.bounds[-1]:g} and above")
        return (*parts, *self.special.values(), *blank)

    def group(self, value: Value) -> str:
        """The one of `groups` that holds `value`, a result of `parse`. Raises ValueError if there are no groups."""
        if not self.is_grouped:
            raise ValueError(f"the values of column '{self.name}' fall into no groups: it has no bounds")
        if value is None:
            return BLANK
        if isinstance(value, str):
            return value if value in self.allowed or not self.open else OTHER
        if value in self.special:
            return self.special[int(value)]
        return self.groups[bisect_right(self.bounds, value)]

    @cached_property
    def allowed(self) -> frozenset[str]:
        """The words that its list names, with `BLANK` if it may be blank."""
        return frozenset((*self.categories, *((BLANK,) if self.optional else ())))

    @property
    def rule(self) -> Sentence:
        """The column's rule in words that people can act on."""
        if self.is_category and not self.open and self.type is not ColumnType.YES_NO:
            return Sentence("one of {values}", values=", ".join(self.categories))
        if self.open:
            return Sentence("a text of at most {most} letters", most=LONGEST_WORD)
        if self.contact in contact_places.RULES or self.type in _RULES:
            return contact_places.RULES.get(self.contact) or _RULES[self.type]
        return range_rule(self.minimum, self.maximum, whole=self.type is ColumnType.INTEGER)

    def parse(self, raw: Any) -> Value:
        """The value of `raw`, a text, a number or a date; a blank of an optional column is None or `BLANK` (`Value`).

        Raises ValueError whose argument is the broken rule, a Sentence.
        """
        if self._is_blank(raw):
            if self.optional:
                return BLANK if self.is_category else None
            raise ValueError(Sentence("is empty; must be {rule}", rule=self.rule))
        try:
            if self.type in NUMBERS:
                return self.number(math.nan if "_" in str(raw) else float(raw))  # Python's own sign for thousands
            if self.type is ColumnType.DATE:
                return dates.iso(raw, self.zone)
            return self._word(raw.strip() if isinstance(raw, str) else str(raw))
        except (TypeError, ValueError, OverflowError):
            raise ValueError(Sentence("{value} is not {rule}", value=repr(raw), rule=self.rule)) from None

    def _is_blank(self, raw: Any) -> bool:
        if isinstance(raw, str):
            return not (text := raw.strip()) or text.casefold() in self._blank_words
        return raw is None or (isinstance(raw, float) and math.isnan(raw))

    @cached_property
    def _blank_words(self) -> frozenset[str]:
        return frozenset(word.casefold() for word in self.blanks)

    def _word(self, text: str) -> str:
        """`text` as one of the column's words. Raises ValueError."""
        text = yes_or_no(text) or text if self.type is ColumnType.YES_NO else text
        known = text in self.allowed or (self.type is ColumnType.TEXT and contact_places.fits(self.contact, text))
        if not known and not (self.open and len(text) <= LONGEST_WORD and text not in (BLANK, OTHER)):
            raise ValueError(text)
        return text

    def number(self, number: float) -> int | float:
        """`number` as one of the column's values. Raises ValueError whose argument is no sentence."""
        whole = self.type is ColumnType.INTEGER
        if not math.isfinite(number) or (whole and not number.is_integer()):
            raise ValueError(number)
        if number in self.special:
            return int(number)
        if (self.minimum is not None and number < self.minimum) or (self.maximum is not None and number > self.maximum):
            raise ValueError(number)
        return int(number) if whole else number
