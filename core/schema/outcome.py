"""The column with what came of the calls, and its words."""

from __future__ import annotations

import math
from collections import Counter
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from core.schema.checked_yaml import Strict
from core.schema.yes_no import yes_or_no
from core.sentences import Sentence


def _several(given: Any) -> Any:
    return given if isinstance(given, list | tuple) else (given,)


def _written(words: tuple[str, ...]) -> str | list[str]:
    return words[0] if len(words) == 1 else list(words)


OutcomeWords = Annotated[tuple[str, ...], BeforeValidator(_several), PlainSerializer(_written), Field(min_length=1)]
"""One word or several; a single one is written as it is, so the hash of a kind with two words stays."""


class Outcome(Strict):
    """The column that holds the outcome of a call; `at` is the column with the time of the call, if files have one.

    `positive` and `negative`: the words of a sale and of a refusal, the usual one first. `undecided`: words that say
    that there is no outcome yet, such as `not reached`; they mean the same as an empty cell.
    """

    column: str
    positive: OutcomeWords
    negative: OutcomeWords
    label: str
    at: str | None = None
    undecided: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _apart(self) -> Self:
        words = Counter(self.words)
        if "" in words:
            raise ValueError(f"the outcome '{self.column}': an empty cell has no outcome, so it is no word of one")
        if twice := [word for word, times in words.items() if times > 1]:
            raise ValueError(f"the outcome '{self.column}': the word {twice[0]!r} occurs twice")
        return self

    @property
    def words(self) -> tuple[str, ...]:
        """All its words."""
        return (*self.positive, *self.negative, *self.undecided)

    def parse(self, raw: Any) -> bool | None:
        """True for a sale, False for a refusal, None for no outcome. Raises ValueError with the rule, a Sentence."""
        text = "" if raw is None or (isinstance(raw, float) and math.isnan(raw)) else str(raw).strip()
        if not text or text in self.undecided:
            return None
        if text in self.positive or text in self.negative:
            return text in self.positive
        # An export that writes 1 in one row and TRUE in another means the same.
        meaning = yes_or_no(text)
        sale, refusal = ({yes_or_no(word) for word in words} - {None} for words in (self.positive, self.negative))
        if meaning is None or not sale or not refusal or sale & refusal:
            raise ValueError(
                Sentence("{value} is not one of {words}, or empty", value=repr(text), words=", ".join(self.words))
            )
        return meaning in sale
