"""A fair sample of things whose number is not known in advance."""

from __future__ import annotations

import random
from typing import Generic, TypeVar

T = TypeVar("T")


class Reservoir(Generic[T]):
    """At most `size` of all things that were added, each with the same chance (Vitter's algorithm R, 1985)."""

    def __init__(self, size: int, seed: int) -> None:
        self.kept: list[T] = []
        self._size, self._seen = size, 0
        self._random = random.Random(seed)  # noqa: S311  a sample, no secret

    def add(self, thing: T) -> None:
        """Add one more."""
        self._seen += 1
        if len(self.kept) < self._size:
            self.kept.append(thing)
        elif (place := self._random.randrange(self._seen)) < self._size:
            self.kept[place] = thing
