"""Plays a history to an arm: score the next calls, then let it hear the outcomes that have become known meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.models.proof import Scores
from replay.arms import Arm
from replay.history import History
from trainer.data.snapshot import AT

STRIDE = 50  # calls between two looks at what has become known


@dataclass(frozen=True)
class Protocol:
    """`known` calls were made before the first is scored; outcomes become known `delay` calls late; the end is `until`.

    All three count calls, the first of the history as 1.
    """

    known: int = 20_000
    delay: int = 200
    until: int | None = None


def play(history: History, arm: Arm, protocol: Protocol, heard: Callable[[int], None] = lambda _calls: None) -> Scores:
    """The scores that `arm` gave the calls after the known ones, each before it was made: shape [n].

    `heard` is told how many calls are over.
    """
    frame, sold = history.frame, history.sold
    end = min(len(frame), protocol.until or len(frame))
    given = np.full(len(frame), np.nan)
    for start in range(protocol.known, end, STRIDE):
        past = start - protocol.delay
        arm.hear(frame.iloc[:past], sold[:past], frame[AT].iloc[start])
        rows = frame.iloc[start : min(start + STRIDE, end)]
        given[start : start + len(rows)] = arm.score(rows, start)
        heard(start + len(rows) - protocol.known)
    return given[protocol.known : end]
