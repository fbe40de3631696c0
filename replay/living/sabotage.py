"""A training that yields a broken model: the gates judge a sound one, and what is handed over was fitted wrongly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np

from core.models.proof import Model
from trainer.data.snapshot import OUTCOME
from trainer.data.split import Split
from trainer.fitting import recipe

P = ParamSpec("P")
T = TypeVar("T")

BROKEN = 2
"""Which refit is broken by default, from 1: the first model is sound."""


@dataclass
class Sabotage:
    """Breaks a refit, by default that of the training after the first: its outcomes belong to other people.

    All gates have passed by then, so nothing but outcomes can stop the model, a refresh or on trial. `broken`: which
    refit it is, from 1. `refits`: those until now; `model`: the broken one, once it is made.
    """

    inner: recipe.Step
    seed: int
    broken: int = BROKEN
    refits: int = field(default=0, init=False)
    model: Model | None = field(default=None, init=False)

    def __call__(self, name: str, function: Callable[P, T], /) -> Callable[P, T]:
        """See `trainer.fitting.recipe.Step`."""
        self.refits += name == "refit"
        if name == "refit" and self.refits == self.broken:
            return cast(Callable[P, T], self._broken_refit(self.inner(name, function)))
        return self.inner(name, function)

    def _broken_refit(self, refit: Callable[..., Any]) -> Callable[..., Any]:
        def broken(candidate: object, split: Split, *rest: object) -> Any:
            random = np.random.default_rng([self.seed, 3])
            windows = {
                name: rows.assign(**{OUTCOME: random.permutation(rows[OUTCOME].to_numpy())})
                for name, rows in (("fit", split.fit), ("calibration", split.calibration))
            }
            made = refit(candidate, replace(split, **windows, test=windows["calibration"]), *rest)
            self.model = made[0]
            return made

        return broken
