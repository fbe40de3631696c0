"""Plays a history to an arm: scores the next calls, then lets the arm learn the outcomes known meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.models.proof import Scores
from replay.arms import Arm
from replay.history import History
from trainer.data.snapshot import AT

STRIDE = 50  # calls between two times at which outcomes become known


@dataclass(frozen=True)
class Protocol:
    """`known` calls come before the first scored one; outcomes are known `delay` calls late; `until` is the last call.

    All three count calls, the first of the history as 1.
    """

    known: int = 20_000
    delay: int = 200
    until: int | None = None


def play(
    history: History, arm: Arm, protocol: Protocol, progress: Callable[[int], None] = lambda _calls: None
) -> Scores:
    """The scores that `arm` gave the calls after the known ones, each before its call: shape [n]."""
    frame, sold = history.frame, history.sold
    end = min(len(frame), protocol.until or len(frame))
    scores = np.full(len(frame), np.nan)
    for start in range(protocol.known, end, STRIDE):
        past = start - protocol.delay
        arm.learn(frame.iloc[:past], sold[:past], frame[AT].iloc[start])
        rows = frame.iloc[start : min(start + STRIDE, end)]
        scores[start : start + len(rows)] = arm.score(rows, start)
        progress(start + len(rows) - protocol.known)
    return scores[protocol.known : end]
