"""What a rule made of the texts that it met: the cells of a file repeat."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")

MOST = 10_000  # texts: more than 20 years have days; a column of amounts must not fill the memory


class Remembered(dict[str, T]):
    """The results of `rule` by text: `remembered[text]` applies it to a text that is not remembered.

    The rule has to give the same result for the same text, and one that nobody changes. What it raises is not
    remembered.
    """

    def __init__(self, rule: Callable[[Any], T]) -> None:
        super().__init__()
        self.rule = rule

    def __missing__(self, text: str) -> T:
        result = self.rule(text)
        if len(self) >= MOST:
            self.clear()
        self[text] = result
        return result
