"""From outcomes to a validated model, without a registry: what the pipeline does between its snapshot and its registry.

    Great Expectations → split → search → fit and calibrate → Deepchecks → champion gate → refit

Pure in its inputs, so that a replay of a history runs the very same code. `Watch` hears what happens on the way.

The gates judge a model that has not seen the newest outcomes, or there would be nothing to judge it by. What is handed
over is the same candidate fitted once more on all of them: the newest outcomes are worth the most (`scripts/bench
recipe` prints how much), and a trial on new outcomes decides on it anyway.
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
from trainer.fitting import calibrate
from trainer.fitting.candidates import Candidate
from trainer.fitting.search import Tried, search
from trainer.gates import champion_gate as gate
from trainer.gates import data_gate, model_gate
from trainer.gates.champion_gate import GateRules
from trainer.gates.verdict import Verdict

P = ParamSpec("P")
T = TypeVar("T")


class Step(Protocol):
    """Gives back a function that does the same under a name somebody watches."""

    def __call__(self, name: str, function: Callable[P, T], /) -> Callable[P, T]:
        """Wrap `function` as the step `name`."""
        ...


def plain(_name: str, function: Callable[P, T], /) -> Callable[P, T]:
    """The step as it is."""
    return function


class Watch(Protocol):
    """Who hears of a recipe's way; `trainer.pipeline.tracking.Run` writes it into MLflow."""

    def params(self, params: Mapping[str, Any]) -> None:
        """Parameters by name."""
        ...

    def figures(self, figures: Mapping[str, float]) -> None:
        """Figures by name."""
        ...

    def trial(self, tried: Tried) -> None:
        """One trial of the search."""
        ...

    def enforce(self, verdict: Verdict) -> None:
        """A gate's verdict. Raises GateRefused if it did not let the candidate through."""
        ...


class Unwatched:
    """Hears everything and keeps nothing; a gate still stops it."""

    def params(self, params: Mapping[str, Any]) -> None:
        """See `Watch`."""

    def figures(self, figures: Mapping[str, float]) -> None:
        """See `Watch`."""

    def trial(self, tried: Tried) -> None:
        """See `Watch`."""

    def enforce(self, verdict: Verdict) -> None:
        """See `Watch`."""
        if not verdict.passed:
            raise GateRefused(verdict.gate, verdict.why)


@dataclass(frozen=True)
class Champion:
    """The champion a candidate is held against: how to load it, and the newest outcome it has learnt from."""

    load: Callable[[], Model]
    until: datetime | None


@dataclass(frozen=True)
class Made:
    """A validated model: what it is, the rows it was fitted on (the oldest first), and the last gate's verdict."""

    model: Model
    candidate: Candidate
    trained_on: pd.DataFrame
    verdict: Verdict


def newest(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    """The newest `rows` outcomes of `frame` (the oldest first); all where there are fewer, or `rows` is 0."""
    return frame.tail(rows).reset_index(drop=True) if rows else frame


def cut(rows: pd.DataFrame, settings: TrainerSettings) -> Split:
    """The three windows of n `rows` (the oldest first), as large as the settings say. Raises InputError."""
    shares = settings.callwise_calibration_share, settings.callwise_test_share
    return split.by_time(rows, OUTCOME, calibration_share=shares[0], test_share=shares[1])


def make(
    frame: pd.DataFrame,
    schema: Schema,
    settings: TrainerSettings,
    champion: Champion | None,
    *,
    watch: Watch,
    step: Step = plain,
) -> Made:
    """Make a model of the n outcomes in `frame` (as `trainer.data.snapshot.read_outcomes` gives them), oldest first.

    `champion` is None for the first. Raises GateRefused, and InputError where a
    window holds one outcome only.
    """
    seed = settings.callwise_seed
    minimum = settings.callwise_minimum_outcomes
    rows = newest(frame, settings.callwise_training_window)
    watch.enforce(step(Gate.DATA, data_gate.validate)(rows, schema, minimum_outcomes=minimum))
    windows = step("split", cut)(rows, settings)
    watch.params({f"{window}_rows": size for window, size in windows.sizes.items()})
    best = step("search", search)(
        windows.fit,
        schema,
        trials=settings.callwise_search_trials,
        seconds=settings.callwise_search_seconds,
        seed=seed,
        on_trial=watch.trial,
    )
    watch.params({"kind": best.kind, **best.params})
    judged, calibration = step("fit and calibrate", calibrate.fit)(best, windows, schema, seed)
    watch.figures(calibration)
    # Deepchecks knows no chance: what is not shown to be below the bound is let through to the gate that does.
    bound = settings.callwise_gate_auc - gate.CERTAIN * gate.null_error(windows.test[OUTCOME].to_numpy())
    watch.enforce(step(Gate.MODEL, model_gate.validate)(judged, windows, schema, auc=bound, seed=seed))
    verdict = step(Gate.CHAMPION, champion_gate)(judged, windows, schema, champion, GateRules.from_settings(settings))
    watch.enforce(verdict)
    model, _ = step("refit", calibrate.fit)(best, windows.shifted(), schema, seed)
    return Made(model, best, windows.whole, verdict)


def champion_gate(model: Model, windows: Split, schema: Schema, champion: Champion | None, rules: GateRules) -> Verdict:
    """The candidate against the champion (or, without one, the base rate) on the newest outcomes.

    On those only that the champion has not learnt from either: it knows its own by heart. And both at their level on
    these, because in service the level answers for how many say yes: a champion that promises too much is no reason
    for any other model, and a candidate that does so none against it.
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
        for name, one in (("candidate", model), ("champion", champion.load())):
            said = predict(one, test) if len(test) else np.empty(0)
            levels[f"{name}_level"] = level.estimate(said, outcomes)
            used[name] = level.levelled(said, levels[f"{name}_level"])
        groups = gate.segments_of(test, schema)
        decision = gate.against_champion(outcomes, used["candidate"], used["champion"], groups, rules)
    figures = decision.figures | levels
    report = json.dumps({"rules": asdict(rules), **asdict(decision), "figures": figures}, indent=1)
    return Verdict(Gate.CHAMPION, decision.passed, decision.why, "champion-gate.json", report, figures)
