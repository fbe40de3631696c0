"""How many different values a column has, in bounded memory."""

from __future__ import annotations

from array import array
from hashlib import blake2b

import numpy as np

KEPT = 1 << 16
_SPACE = 2.0**64


class DistinctCount:
    """Counts different texts: exact below `KEPT`, above it within about 0.4%, so that a key is never taken for none.

    K minimum values: of hashes that are spread evenly, the k-th smallest tells how many there are (Bar-Yossef et al.,
    Counting distinct elements in a data stream, RANDOM 2002).
    """

    def __init__(self) -> None:
        self._smallest = array("Q")  # some more than once, until they are sorted
        self._limit = 1 << 64

    def add(self, text: str) -> None:
        """Add a text; the same text again changes nothing."""
        number = hashed(text)
        if number < self._limit:
            self._smallest.append(number)
            if len(self._smallest) == 2 * KEPT:
                self._sort()

    @property
    def number(self) -> int:
        """The number of different texts."""
        self._sort()
        if len(self._smallest) < KEPT:
            return len(self._smallest)
        return round((KEPT - 1) / (self._smallest[KEPT - 1] / _SPACE))

    def _sort(self) -> None:
        different = np.unique(np.array(self._smallest, dtype=np.uint64))
        self._smallest = array("Q", different[:KEPT].tobytes())
        if len(self._smallest) == KEPT:
            self._limit = self._smallest[-1]


def hashed(text: str) -> int:
    """64 bits that are the same in every process."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
