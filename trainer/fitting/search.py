"""The search for a model: Optuna, judged on folds that go forward in time, with early pruning.

The AUC compares candidates: the call list needs the order, and calibration corrects the height of the scores later. A
trial that is below the median of the earlier ones after a fold gets no further fold.

A fold of a few hundred calls holds a few dozen sales, so the best of many trials is mostly the luckiest. The first,
simplest candidate wins unless the best one is shown to be better on the calls of the folds: by so many of DeLong's
standard errors that, where none of the others is better, a search leaves the first with a chance of at most `FALSE`
(Bonferroni's correction for the number of others, because the best of them is compared). `scripts/bench recipe` prints
the effect of a search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
import pandas as pd
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import TimeSeriesSplit

from core.models.proof import Scores
from core.schema import Schema
from trainer.data.snapshot import OUTCOME
from trainer.fitting import candidates
from trainer.fitting.candidates import Candidate
from trainer.fitting.fold_fits import Begin, Fits, Folds, here
from trainer.gates.champion_gate import Outcomes, auc_lost

FOLDS = 4
WARM_UP = 4
FALSE = 0.05


@dataclass(frozen=True)
class SearchTrial:
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
    on_trial: Callable[[SearchTrial], None] = lambda _tried: None,
    fits: Fits = here,
) -> Candidate:
    """The best candidate for the n rows of `fit` (the oldest first).

    The same rows and seed give the same candidate, wherever `fits` are done, unless the budget of `seconds` ends the
    search. The search calls `on_trial` after every trial.
    """
    features, outcome = fit[schema.feature_names], fit[OUTCOME].to_numpy()
    folds = list(TimeSeriesSplit(FOLDS, test_size=len(fit) // (2 * FOLDS)).split(features))
    with fits(Folds(features, outcome, folds, schema, seed)) as begin:
        tried, told = _trials(begin, [outcome[after] for _, after in folds], trials, seconds, seed, on_trial)
    return chosen(tried, [outcome[after] for _, after in folds], told).candidate


def _trials(
    begin: Begin,
    outcomes: Sequence[Outcomes],
    trials: int,
    seconds: float,
    seed: int,
    on_trial: Callable[[SearchTrial], None],
) -> tuple[list[SearchTrial], Mapping[int, list[Scores]]]:
    """The trials, and the scores that each told of the folds with these `outcomes`."""
    told: dict[int, list[Scores]] = {}

    def objective(trial: optuna.Trial) -> float:
        candidate = candidates.suggest(trial)
        trial.set_user_attr("candidate", {"kind": candidate.kind, "params": dict(candidate.params)})
        aucs: list[float] = []
        waiting = [begin(candidate, number) for number in range(FOLDS)]
        for number, (wait, sold) in enumerate(zip(waiting, outcomes, strict=True)):
            scores = wait()
            told.setdefault(trial.number, []).append(scores)
            aucs.append(float(roc_auc_score(sold, scores)))
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
    report = [lambda _study, trial: on_trial(_tried(trial))]
    study.optimize(objective, n_trials=trials, timeout=seconds, callbacks=report)
    return [_tried(trial) for trial in study.trials if trial.state.is_finished()], told


def chosen(tried: Sequence[SearchTrial], outcomes: Sequence[Outcomes], told: Mapping[int, list[Scores]]) -> SearchTrial:
    """The best of the trials if it is shown to be better than the first, else the first.

    `outcomes` of each fold have shape [n], and so have the scores that each trial, by its number, `told` of them.
    """
    first, *others = tried
    complete = [trial for trial in others if len(trial.fold_auc) == len(first.fold_auc)]
    if not complete:
        return first
    best = max(complete, key=lambda trial: trial.auc)
    lost = [
        auc_lost(sold, its, firsts)
        for sold, its, firsts in zip(outcomes, told[best.number], told[first.number], strict=True)
    ]
    gain, error = -np.mean([by for by, _ in lost]), np.hypot.reduce([error for _, error in lost]) / len(lost)
    return best if gain > norm.isf(FALSE / len(others)) * error else first


def _tried(trial: optuna.trial.FrozenTrial) -> SearchTrial:
    candidate = Candidate(**trial.user_attrs["candidate"])
    took = trial.duration.total_seconds() if trial.duration else 0.0
    pruned = trial.state is optuna.trial.TrialState.PRUNED
    return SearchTrial(trial.number, candidate, trial.user_attrs["fold_auc"], pruned, took)
