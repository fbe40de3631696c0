"""The search for a model: Optuna, judged on folds that go forward in time, with early pruning.

The AUC compares candidates: the call list needs the order, and calibration corrects the height of the scores later. A
trial that is below the median of the earlier ones after a fold gets no further fold.

A fold of a few hundred calls holds a few dozen sales, so the best of many trials is mostly the luckiest. The first,
simplest candidate wins unless the best one exceeds it on the folds by more than two standard errors (the rule of one
standard error, Breiman et al., *Classification and Regression Trees*, 1984, made stricter because it compares the best
of many). `scripts/bench recipe` prints the effect of a search.
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
    """One trial: the candidate, its AUC on each fold that it reached, and whether it was pruned."""

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
    """The best candidate for the n rows of `fit` (the oldest first).

    The same rows and seed give the same candidate, unless the budget of `seconds` ends the search. The search calls
    `on_trial` after every trial.
    """
    features, outcome = fit[schema.feature_names], fit[OUTCOME].to_numpy()
    folds = list(TimeSeriesSplit(FOLDS, test_size=len(fit) // (2 * FOLDS)).split(features))

    def objective(trial: optuna.Trial) -> float:
        candidate = candidates.suggest(trial)
        trial.set_user_attr("candidate", {"kind": candidate.kind, "params": dict(candidate.params)})
        aucs: list[float] = []
        for number, (before, after) in enumerate(folds):
            model = candidates.build(candidate, schema, seed).fit(features.iloc[before], outcome[before])
            scores = model.predict_proba(features.iloc[after])[:, 1]
            aucs.append(float(roc_auc_score(outcome[after], scores)))
            trial.set_user_attr("fold_auc", aucs)
            trial.report(sum(aucs) / len(aucs), number)
            if number + 1 < FOLDS and trial.should_prune():
                raise optuna.TrialPruned
        return sum(aucs) / len(aucs)

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=WARM_UP),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=WARM_UP, n_warmup_steps=0),
    )
    for first in candidates.FIRST:
        study.enqueue_trial(dict(first))
    # One thread: more do not help on data of this size, and on a busy machine they wait for each other.
    with threadpool_limits(1):
        report = [lambda _study, trial: on_trial(_tried(trial))]
        study.optimize(objective, n_trials=trials, timeout=seconds, callbacks=report)
    return _chosen([_tried(trial) for trial in study.trials if trial.state.is_finished()]).candidate


def _chosen(tried: Sequence[Tried]) -> Tried:
    """The best of the trials if it is clearly better than the first, else the first."""
    first, *others = tried
    complete = [trial for trial in others if len(trial.fold_auc) == len(first.fold_auc)]
    best = max(complete, key=lambda trial: trial.auc, default=first)
    gains = np.subtract(best.fold_auc, first.fold_auc)
    return best if gains.mean() > CERTAIN * gains.std(ddof=1) / np.sqrt(gains.size) else first


def _tried(trial: optuna.trial.FrozenTrial) -> Tried:
    candidate = Candidate(**trial.user_attrs["candidate"])
    took = trial.duration.total_seconds() if trial.duration else 0.0
    pruned = trial.state is optuna.trial.TrialState.PRUNED
    return Tried(trial.number, candidate, trial.user_attrs["fold_auc"], pruned, took)
