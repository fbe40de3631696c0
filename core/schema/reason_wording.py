"""The schema's words for reasons: how a column's value is said where it is why somebody's chance is what it is."""

from __future__ import annotations

from string import Formatter
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Wording(BaseModel):
    """How a value is said where it is a reason for a chance: "Retired people say yes more often than others".

    `values` are words for single categories, numbers or groups, in place of the screens' own; `raises` and `lowers` the
    sentence for either direction, with the places `{value}` and `{label}`. Without one the value's words are enough.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    values: dict[str, str] = Field(default_factory=dict)
    raises: str = ""
    lowers: str = ""

    @field_validator("values", mode="before")
    @classmethod
    def _keys(cls, values: Any) -> Any:
        return {str(key): words for key, words in values.items()} if isinstance(values, dict) else values

    @field_validator("raises", "lowers")
    @classmethod
    def _places(cls, sentence: str) -> str:
        for _, place, form, conversion in Formatter().parse(sentence):  # raises ValueError for a brace left open
            if place is not None and (place not in ("value", "label") or form or conversion):
                raise ValueError(f"the places of a reason are {{value}} and {{label}}, not {{{place}}}")
        return sentence
