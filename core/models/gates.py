"""The gates of a training, by the names under which runs, events and screens know them."""

from __future__ import annotations

from enum import StrEnum


class Gate(StrEnum):
    """A gate, in the order in which a training passes them."""

    DATA = "Great Expectations"
    MODEL = "Deepchecks"
    CHAMPION = "champion gate"
