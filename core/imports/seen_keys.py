"""The keys that a file has had, in 8 bytes each: 8 MB for a million people, without a look-up in the store."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_Hashes = NDArray[np.uint64]


class SeenKeys:
    """Keys by their 64-bit hash, in sorted runs that are merged when they have the same length."""

    def __init__(self) -> None:
        self._runs: list[_Hashes] = []

    def add(self, keys: Sequence[str]) -> list[bool]:
        """Add `keys`; returns for each whether it was there before, or earlier in `keys`."""
        if not keys:
            return []
        hashes = np.array([_hash(key) for key in keys], dtype=np.uint64)
        found = np.zeros(hashes.size, dtype=np.bool_)
        for run in self._runs:
            places = np.minimum(np.searchsorted(run, hashes), run.size - 1)
            found |= run[places] == hashes
        distinct, first = np.unique(hashes, return_index=True)
        repeated = np.ones(hashes.size, dtype=np.bool_)
        repeated[first] = False
        self._merge(distinct)
        return [bool(seen) for seen in found | repeated]

    def _merge(self, run: _Hashes) -> None:
        while self._runs and self._runs[-1].size <= run.size:
            run = np.union1d(self._runs.pop(), run)
        self._runs.append(run)


def _hash(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), "big")
