"""The fits of a search: a candidate on a fold. They are independent of each other, so others may do them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from threadpoolctl import threadpool_limits

from core.models.proof import Scores
from core.schema import Schema
from trainer.fitting import candidates
from trainer.fitting.candidates import Candidate

Places = npt.NDArray[np.int64]
Begin = Callable[[Candidate, int], Callable[[], Scores]]
"""Begins the fit of a candidate on the fold of this number; what it returns waits for the scores of that fold."""


@dataclass(frozen=True)
class Folds:
    """`features` and `outcome` of n rows, the oldest first, and of each fold the places to learn and to judge by."""

    features: pd.DataFrame
    outcome: npt.NDArray[np.int64]
    parts: Sequence[tuple[Places, Places]]
    schema: Schema
    seed: int

    def scores(self, candidate: Candidate, number: int) -> Scores:
        """What `candidate`, fitted on the rows before those of fold `number`, scores these."""
        before, after = self.parts[number]
        # One thread: more do not help on data of this size, and on a busy machine they wait for each other.
        with threadpool_limits(1):
            model = candidates.build(candidate, self.schema, self.seed).fit(
                self.features.iloc[before], self.outcome[before]
            )
            found: Scores = model.predict_proba(self.features.iloc[after])[:, 1]
        return found


Fits = Callable[[Folds], AbstractContextManager[Begin]]
"""Where fits are done."""


@contextmanager
def here(folds: Folds) -> Iterator[Begin]:
    """Does each fit in this process, when its scores are asked for."""
    yield lambda candidate, number: partial(folds.scores, candidate, number)
