"""From outcomes to a validated model: what the pipeline does between its snapshot and its registry.

    Great Expectations → split → search → fit and calibrate → Deepchecks → champion gate → refit

The recipe depends on its inputs only, so that a replay of a history runs the same code. A `Watch` records each step.

The gates judge a model that has not seen the newest outcomes: they need these to judge it. The pipeline hands over the
same candidate, fitted again on all outcomes, because the newest are worth the most (`scripts/bench recipe` prints how
much); a trial on new outcomes decides on that model.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ParamSpec, Protocol, TypeVar

import numpy as np
import pandas as pd

from core.errors import GateRefused
from core.models import level
from core.models.gates import Gate
from core.models.proof import Model, predict
from core.schema import Schema
from core.settings.loop import TrainerSettings
from trainer.data import split
from trainer.data.snapshot import AT, OUTCOME
from trainer.data.split import Split
from trainer.fitting import calibrate, on_dask
from trainer.fitting.candidates import Candidate
from trainer.fitting.search import SearchTrial, search
from trainer.gates import champion_gate as gate
from trainer.gates import data_gate, model_gate
from trainer.gates.champion_gate import GateRules
from trainer.gates.verdict import Verdict

P = ParamSpec("P")
T = TypeVar("T")


class Step(Protocol):
    """Wraps a function as a named step, for an observer."""

    def __call__(self, name: str, function: Callable[P, T], /) -> Callable[P, T]:
        """Wrap `function` as the step `name`."""
        ...


def unwrapped(_name: str, function: Callable[P, T], /) -> Callable[P, T]:
    """The function unchanged."""
    return function


class Watch(Protocol):
    """Records a recipe's steps; `trainer.pipeline.tracking.Run` writes them into MLflow."""

    def params(self, params: Mapping[str, Any]) -> None:
        """Record parameters by name."""

    def figures(self, figures: Mapping[str, float]) -> None:
        """Record figures by name."""

    def trial(self, tried: SearchTrial) -> None:
        """Record one trial of the search."""

    def enforce(self, verdict: Verdict) -> None:
        """Record a gate's verdict. Raises GateRefused if the candidate did not pass."""


class Unwatched:
    """Records nothing; a refusal by a gate still raises GateRefused."""

    def params(self, params: Mapping[str, Any]) -> None:
        """See `Watch`."""

    def figures(self, figures: Mapping[str, float]) -> None:
        """See `Watch`."""

    def trial(self, tried: SearchTrial) -> None:
        """See `Watch`."""

    def enforce(self, verdict: Verdict) -> None:
        """See `Watch`."""
        if not verdict.passed:
            raise GateRefused(verdict.gate, verdict.why)


@dataclass(frozen=True)
class Champion:
    """The champion to compare a candidate with: how to load it, and the time of the newest outcome it has learnt."""

    load: Callable[[], Model]
    until: datetime | None


@dataclass(frozen=True)
class ValidatedModel:
    """A validated model, its candidate, the rows it was fitted on (the oldest first), and the last gate's verdict."""

    model: Model
    candidate: Candidate
    trained_on: pd.DataFrame
    verdict: Verdict


def newest_rows(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    """The newest `rows` outcomes of `frame` (the oldest first); all if there are fewer, or `rows` is 0."""
    return frame.tail(rows).reset_index(drop=True) if rows else frame


def split_windows(rows: pd.DataFrame, settings: TrainerSettings) -> Split:
    """The three windows of n `rows` (the oldest first), with the sizes from the settings. Raises InputError."""
    shares = settings.callwise_calibration_share, settings.callwise_test_share
    return split.by_time(rows, OUTCOME, calibration_share=shares[0], test_share=shares[1])


def train_model(
    frame: pd.DataFrame,
    schema: Schema,
    settings: TrainerSettings,
    champion: Champion | None,
    *,
    watch: Watch,
    step: Step = unwrapped,
    candidate: Candidate | None = None,
) -> ValidatedModel:
    """Make a model of the n outcomes in `frame` (from `trainer.data.snapshot.read_outcomes`), oldest first.

    `champion` is None for the first model. A refresh gives the recipe in use as `candidate`; without it the search
    finds one. Raises GateRefused, and InputError where a window lacks an outcome.
    """
    seed, minimum = settings.callwise_seed, settings.callwise_minimum_outcomes
    rows = newest_rows(frame, settings.callwise_training_window)
    watch.enforce(step(Gate.DATA, data_gate.validate)(rows, schema, minimum_outcomes=minimum))
    windows = step("split", split_windows)(rows, settings)
    watch.params({f"{window}_rows": size for window, size in windows.sizes.items()})
    best = candidate or step("search", search)(
        windows.fit,
        schema,
        trials=settings.callwise_search_trials,
        seconds=settings.callwise_search_seconds,
        seed=seed,
        on_trial=watch.trial,
        fits=on_dask.fits(settings.callwise_dask),
    )
    watch.params({"kind": best.kind, **best.params})
    judged, calibration = step("fit and calibrate", calibrate.fit)(best, windows, schema, seed)
    watch.figures(calibration)
    # Deepchecks ignores chance, so its bound is two standard errors lower; the champion gate judges the rest.
    bound = settings.callwise_gate_auc - gate.CERTAIN * gate.null_error(windows.test[OUTCOME].to_numpy())
    watch.enforce(step(Gate.MODEL, model_gate.validate)(judged, windows, schema, auc=bound, seed=seed))
    verdict = step(Gate.CHAMPION, champion_gate)(judged, windows, schema, champion, GateRules.from_settings(settings))
    watch.enforce(verdict)
    model, _ = step("refit", calibrate.fit)(best, windows.shifted(), schema, seed)
    return ValidatedModel(model, best, windows.whole, verdict)


def champion_gate(model: Model, windows: Split, schema: Schema, champion: Champion | None, rules: GateRules) -> Verdict:
    """Compare the candidate with the champion (or, without one, the base rate) on the newest outcomes.

    Only outcomes that the champion has not learnt from count, because it knows its own by heart. Both models are at
    their level on these outcomes. In service the level corrects the share of sales, so scores that are too high in
    total are no reason for or against either model.
    """
    test, levels = windows.test, {}
    if champion is None:
        rate = float(windows.calibration[OUTCOME].mean())
        decision = gate.against_base_rate(test[OUTCOME].to_numpy(), predict(model, test), rate, rules)
    else:
        if champion.until is not None:
            test = test[test[AT] > champion.until].reset_index(drop=True)
        outcomes = test[OUTCOME].to_numpy()
        used = {}
        for name, scorer in (("candidate", model), ("champion", champion.load())):
            scores = predict(scorer, test) if len(test) else np.empty(0)
            levels[f"{name}_level"] = level.estimate(scores, outcomes)
            used[name] = level.levelled(scores, levels[f"{name}_level"])
        groups = gate.segments_of(test, schema)
        decision = gate.against_champion(outcomes, used["candidate"], used["champion"], groups, rules)
    figures = decision.figures | levels
    report = json.dumps({"rules": asdict(rules), **asdict(decision), "figures": figures}, indent=1)
    return Verdict(Gate.CHAMPION, decision.passed, decision.why, "champion-gate.json", report, figures)
