"""The schema's words for reasons."""

from __future__ import annotations

from string import Formatter
from typing import Any

from pydantic import Field, field_validator

from core.schema.checked_yaml import Strict


class Wording(Strict):
    """How screens word a value that is a reason: "Retired people say yes more often than others who are alike".

    `values` replace the screens' words for single categories, numbers or groups. `raises` and `lowers` are the
    sentences for either direction, with the places `{value}` and `{label}`; without one, the value's words are shown.
    """

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
        for _, place, form, conversion in Formatter().parse(sentence):  # raises ValueError for an open brace
            if place is not None and (place not in ("value", "label") or form or conversion):
                raise ValueError(f"the places of a reason are {{value}} and {{label}}, not {{{place}}}")
        return sentence
