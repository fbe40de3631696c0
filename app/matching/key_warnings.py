"""What is wrong with the keys of a file, as spreadsheets damage them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from core.sentences import Sentence
from core.values.keys import is_rounded, lost_zeros


@dataclass
class KeyWarnings:
    """Counts in rows. `rounded`: keys such as 4.47701E+11; `respelt`: another spelling of an earlier row's key.

    `figures`: by length, the keys of figures that begin with no zero; `padded`: the lengths of those that do.
    """

    rounded: int = 0
    respelt: int = 0
    figures: Counter[int] = field(default_factory=Counter)
    padded: Counter[int] = field(default_factory=Counter)

    def add(self, key: str) -> None:
        """Add the key of a row, as it is written."""
        self.rounded += is_rounded(key)
        if key.isascii() and key.isdigit():
            (self.padded if lost_zeros(key) else self.figures)[len(key)] += 1

    @property
    def shortened(self) -> int:
        """Keys that are shorter than those with zeros in front, and so have probably lost theirs."""
        if not self.padded:
            return 0
        usual = max(self.padded, key=lambda length: self.padded[length])
        return sum(rows for length, rows in self.figures.items() if length < usual)

    def sentences(self) -> Iterator[Sentence]:
        """The warnings."""
        if self.rounded:
            yield Sentence(
                "{number} key was rounded by a spreadsheet (like 4.47701E+11), so it may be the key of several people.",
                many="{number} keys were rounded by a spreadsheet (like 4.47701E+11), so each may be several people's.",
                number=self.rounded,
            )
        if self.respelt:
            yield Sentence(
                "{number} row has the key of an earlier row in another spelling: it counts as the same person.",
                many="{number} rows have the key of an earlier row in another spelling: they count as the same person.",
                number=self.respelt,
            )
        if self.shortened:
            yield Sentence(
                "{number} key has probably lost its zeros in front. It counts as the same key.",
                many="{number} keys have probably lost their zeros in front. They count as the same keys.",
                number=self.shortened,
            )
