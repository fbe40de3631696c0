"""Bands: the rank of a person among the open prospects of a campaign.

A chance of 12% alone says little; that nine in ten people have a smaller chance says a lot. A band is a rank, so its
meaning does not change when a new model spreads its scores differently.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.language import translate
from core.sentences import Sentence


@dataclass(frozen=True)
class Band:
    """The best `share` (0 to 1] of the open prospects, its name, and the colour of its Markdown badge."""

    name: Sentence
    share: float
    colour: str

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        return translate(self.name)

    @property
    def badge(self) -> str:
        """The band as a Markdown badge."""
        return f":{self.colour}-badge[{self.label}]"


BANDS = (
    Band(Sentence("Top 10%"), 0.10, "green"),
    Band(Sentence("Top 25%"), 0.25, "blue"),
    Band(Sentence("Upper half"), 0.50, "gray"),
    Band(Sentence("Lower half"), 1.00, "gray"),
)


def last_places(ranked: int) -> list[int]:
    """For each band but the lowest, the place (from 0, best first) of its last person among `ranked` people."""
    return [max(0, math.ceil(band.share * ranked) - 1) for band in BANDS[:-1]]


def band_of(score: float, floors: Sequence[float]) -> Band:
    """The band of `score`, where `floors` are the scores at `last_places`. Equal scores share the better band."""
    for band, floor in zip(BANDS, floors, strict=False):
        if score >= floor:
            return band
    return BANDS[-1]
