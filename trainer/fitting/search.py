"""The search for a model: Optuna, judged on folds that go forward in time, with early pruning.

Candidates are compared by AUC: the order is what the call list needs, and how high the scores are is put right
afterwards, by calibration. A trial that is behind the median of the earlier ones after a fold gets no further fold.

A fold of a few hundred calls holds a few dozen sales, so the best of many trials is mostly the luckiest. The first
candidate, the plainest, is kept unless the best one is above it on the folds by more than two standard errors (the rule
of one standard error, Breiman et al., *Classification and Regression Trees*, 1984, made stricter because the best of
many is compared). What that is worth is printed by `scripts/bench recipe`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import TimeSeriesSplit
from threadpoolctl import threadpool_limits

from core.schema import Schema
from trainer.data.snapshot import OUTCOME
from trainer.fitting import candidates
from trainer.fitting.candidates import Candidate

FOLDS = 4
WARM_UP = 4
CERTAIN = 2.0  # standard errors


@dataclass(frozen=True)
class Tried:
    """One trial: the candidate, its AUC on each fold it was fitted on, and whether it was pruned."""

    number: int
    candidate: Candidate
    fold_auc: Sequence[float]
    pruned: bool
    seconds: float

    @property
    def auc(self) -> float:
        """The mean over the folds."""
        return sum(self.fold_auc) / len(self.fold_auc)


def search(
    fit: pd.DataFrame,
    schema: Schema,
    *,
    trials: int,
    seconds: float,
    seed: int,
    on_trial: Callable[[Tried], None] = lambda _tried: None,
) -> Candidate:
    """The best candidate for the rows of `fit` (n, the oldest first).

    The same rows and seed give the same candidate, as long as the budget of `seconds` is not what ends the search.
    `on_trial` hears every trial when it is done.
    """
    features, outcome = fit[schema.feature_names], fit[OUTCOME].to_numpy()
    folds = list(TimeSeriesSplit(FOLDS, test_size=len(fit) // (2 * FOLDS)).split(features))

    def objective(trial: optuna.Trial) -> float:
        candidate = candidates.suggest(trial)
        trial.set_user_attr("candidate", {"kind": candidate.kind, "params": dict(candidate.params)})
        found: list[float] = []
        for number, (before, after) in enumerate(folds):
            model = candidates.build(candidate, schema, seed).fit(features.iloc[before], outcome[before])
            scores = model.predict_proba(features.iloc[after])[:, 1]
            found.append(float(roc_auc_score(outcome[after], scores)))
            trial.set_user_attr("fold_auc", found)
            trial.report(sum(found) / len(found), number)
            if number + 1 < FOLDS and trial.should_prune():
                raise optuna.TrialPruned
        return sum(found) / len(found)

    def done(_study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        on_trial(_tried(trial))

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=WARM_UP),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=WARM_UP, n_warmup_steps=0),
    )
    for first in candidates.FIRST:
        study.enqueue_trial(dict(first))
    # One thread: on data of this size more do not help, and on a busy machine they wait for each other.
    with threadpool_limits(1):
        study.optimize(objective, n_trials=trials, timeout=seconds, callbacks=[done])
    return _chosen([_tried(trial) for trial in study.trials if trial.state.is_finished()]).candidate


def _chosen(tried: Sequence[Tried]) -> Tried:
    """The best of the trials if it is surely better than the first, or else the first."""
    first, *others = tried
    whole = [one for one in others if len(one.fold_auc) == len(first.fold_auc)]
    best = max(whole, key=lambda one: one.auc, default=first)
    gains = np.subtract(best.fold_auc, first.fold_auc)
    return best if gains.mean() > CERTAIN * gains.std(ddof=1) / np.sqrt(gains.size) else first


def _tried(trial: optuna.trial.FrozenTrial) -> Tried:
    candidate = Candidate(**trial.user_attrs["candidate"])
    took = trial.duration.total_seconds() if trial.duration else 0.0
    pruned = trial.state is optuna.trial.TrialState.PRUNED
    return Tried(trial.number, candidate, trial.user_attrs["fold_auc"], pruned, took)
