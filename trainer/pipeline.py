"""Continuous training, as plain functions from one end to the other.

    snapshot → version → Great Expectations → split → search → fit and calibrate → Deepchecks → champion gate
             → register → hand over

Each step is a function that runs by itself; `step` wraps them for whoever watches (Prefect makes tasks of them).
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

import pandas as pd
from filelock import FileLock, Timeout

from core import events
from core.clock import Clock, now
from core.data_registry import DataRegistry, Snapshot
from core.errors import Conflict, GateRefused
from core.model_registry import Model, ModelRegistry, ModelVersion, predict
from core.mongo import Db
from core.schema import Schema
from core.settings import TrainerSettings
from core.succession import CANARY, CHAMPION, Succession
from trainer import calibrate, checks, expectations, gate, handover, snapshot, split, tracking
from trainer.lineage import WHAT_MAKES_A_MODEL, Lineage, code_version
from trainer.register import register
from trainer.search import search
from trainer.snapshot import OUTCOME
from trainer.split import Split
from trainer.verdict import Verdict

log = logging.getLogger(__name__)

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


@dataclass(frozen=True)
class Trainer:
    """What training works with, put together by a composition root."""

    db: Db
    schema: Schema
    data: DataRegistry
    models: ModelRegistry
    succession: Succession
    settings: TrainerSettings
    experiment: str
    lock: Path
    clock: Clock = now


@dataclass(frozen=True)
class Outcome:
    """How a training ended: `promoted` (the first model), `on trial`, or `unchanged`: it was trained on already."""

    result: str
    version: str
    dataset: str
    why: str
    figures: dict[str, float] = field(default_factory=dict)


def train(trainer: Trainer, *, reason: str, incident: str | None = None, step: Step = plain) -> Outcome:
    """Train a model on the outcomes there are and hand it over, if every gate lets it through.

    Raises GateRefused, with the champion left alone and an event written; Conflict when another training does not end;
    Unavailable, and whatever was done by then is gone on from by the next call.
    """
    try:
        with FileLock(trainer.lock, timeout=600):
            return _train(trainer, reason, incident, step)
    except Timeout as error:
        raise Conflict("Another training is under way.", kept="It goes on.", next="Wait for it to end.") from error


def _train(trainer: Trainer, reason: str, incident: str | None, step: Step) -> Outcome:
    healed = step("settle", handover.settle)(trainer.succession, trainer.models)
    if healed is not None:
        log.warning("Version %s had passed its gates and was left there; now it is %s.", healed.version, healed.what)
    frame, kept = step("snapshot", take_snapshot)(trainer)
    champion = trainer.models.version_by_alias(CHAMPION)
    parent = champion.version if champion else None
    code = code_version(trainer.settings.callwise_code_version)
    lineage = Lineage.of(kept, trainer.schema, code, reason=reason, incident=incident, parent=parent)
    for known in (trainer.models.version_by_alias(CANARY), champion):
        if known is not None and all(known.tags.get(key) == lineage.tags()[key] for key in WHAT_MAKES_A_MODEL):
            why = f"version {known.version} was made from these {kept.rows} outcomes, by this code"
            return Outcome("unchanged", known.version, kept.tag, why)
    with tracking.run(trainer.models.client, trainer.experiment, name=kept.tag, tags=lineage.tags()) as run:
        try:
            return _candidate(trainer, run, frame, lineage, champion, step)
        except GateRefused as refused:
            _tell_refusal(trainer, refused, subject=f"{trainer.models.name}:{kept.tag}", incident=incident, run=run.id)
            raise


def _candidate(
    trainer: Trainer,
    run: tracking.Run,
    frame: pd.DataFrame,
    lineage: Lineage,
    champion: ModelVersion | None,
    step: Step,
) -> Outcome:
    schema, settings = trainer.schema, trainer.settings
    seed = settings.callwise_seed
    minimum = settings.callwise_minimum_outcomes
    run.enforce(step("Great Expectations", expectations.validate)(frame, schema, minimum_outcomes=minimum))
    windows = step("split", split.by_time)(
        frame,
        OUTCOME,
        calibration_share=settings.callwise_calibration_share,
        test_share=settings.callwise_test_share,
    )
    run.params({f"{window}_rows": size for window, size in windows.sizes.items()})
    best = step("search", search)(
        windows.fit,
        schema,
        trials=settings.callwise_search_trials,
        seconds=settings.callwise_search_seconds,
        seed=seed,
        on_trial=run.trial,
    )
    run.params({"kind": best.kind, **best.params})
    model, calibration = step("fit and calibrate", calibrate.fit)(best, windows, schema, seed)
    run.figures(calibration)
    auc = settings.callwise_gate_auc
    run.enforce(step("Deepchecks", checks.validate)(model, windows, schema, auc=auc, seed=seed))
    verdict = step("champion gate", champion_gate)(trainer, model, windows, champion)
    run.enforce(verdict)
    version = step("register", register)(
        trainer.models,
        model,
        pd.concat([windows.fit, windows.calibration], ignore_index=True),
        schema,
        lineage,
        run.id,
        why=verdict.why,
    )
    decision = step("hand over", handover.hand_over)(trainer.succession, version, why=verdict.why)
    return Outcome(decision.what, version.version, lineage.dataset_tag, verdict.why, dict(verdict.figures))


def _tell_refusal(trainer: Trainer, refused: GateRefused, *, subject: str, incident: str | None, run: str) -> None:
    events.append(
        trainer.db,
        who="trainer",
        what="training refused",
        subject=subject,
        why=refused.why,
        gate=refused.gate,
        report=refused.report,
        incident=incident,
        run=run,
    )


def take_snapshot(trainer: Trainer) -> tuple[pd.DataFrame, Snapshot]:
    """All outcomes as they are now, and the version under which exactly these are kept for good."""
    with tempfile.TemporaryDirectory(prefix="callwise-snapshot-") as folder:
        path = Path(folder) / "dataset.parquet"
        frame = snapshot.read(trainer.db, trainer.schema)
        snapshot.write(frame, trainer.schema, path)
        facts = {"schema": trainer.schema.hash}
        if len(frame):
            facts |= {"from": frame[snapshot.AT].iloc[0].isoformat(), "until": frame[snapshot.AT].iloc[-1].isoformat()}
        kept = trainer.data.add(path, rows=len(frame), facts=facts, clock=trainer.clock)
        return pd.read_parquet(path), kept


def champion_gate(trainer: Trainer, model: Model, windows: Split, champion: ModelVersion | None) -> Verdict:
    """The candidate against the champion (or, without one, the base rate) on the newest outcomes."""
    rules, test = gate.Rules.of(trainer.settings), windows.test
    outcomes, scores = test[OUTCOME].to_numpy(), predict(model, test)
    if champion is None:
        rate = float(windows.calibration[OUTCOME].mean())
        decision = gate.against_base_rate(outcomes, scores, rate, rules)
    else:
        standing = predict(trainer.models.load(champion).model, test)
        groups = gate.segments_of(test, trainer.schema)
        decision = gate.against_champion(outcomes, scores, standing, groups, rules)
    report = json.dumps({"rules": asdict(rules), **asdict(decision)}, indent=1)
    return Verdict("champion gate", decision.passed, decision.why, "champion-gate.json", report, decision.figures)
