"""Bands: where a person stands among those of a campaign who are still to be called.

A chance of 12% says little by itself; that nine in ten have a smaller one says a lot. A band is a rank, so it stays
meaningful when a new model spreads its scores differently.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.language import said
from core.sentences import Sentence


@dataclass(frozen=True)
class Band:
    """The best `share` of the open prospects (0 to 1], what it is called, and its colour in Markdown's badges."""

    name: Sentence
    share: float
    colour: str

    @property
    def label(self) -> str:
        """Its name in the language of who looks at it."""
        return said(self.name)

    @property
    def badge(self) -> str:
        """As a Markdown badge."""
        return f":{self.colour}-badge[{self.label}]"


BANDS = (
    Band(Sentence("Top 10%"), 0.10, "green"),
    Band(Sentence("Top 25%"), 0.25, "blue"),
    Band(Sentence("Upper half"), 0.50, "gray"),
    Band(Sentence("Lower half"), 1.00, "gray"),
)


def last_places(ranked: int) -> list[int]:
    """The place (from 0, best first) of the last person in each band but the lowest, among `ranked` people."""
    return [max(0, math.ceil(band.share * ranked) - 1) for band in BANDS[:-1]]


def band_of(score: float, floors: Sequence[float]) -> Band:
    """The band of `score`, given the score at each of `last_places`. People of equal score share the better band."""
    for band, floor in zip(BANDS, floors, strict=False):
        if score >= floor:
            return band
    return BANDS[-1]
