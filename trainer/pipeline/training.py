"""Continuous training, as plain functions from start to end.

    snapshot → version → the recipe (`trainer.fitting.recipe`: validate, fit, validate) → register → hand over → archive

Each step is a function that also runs alone; `step` wraps it for an observer (Prefect makes a task of it).
"""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from core.clock import Clock, now
from core.errors import Conflict, GateRefused, Unavailable
from core.models.decisions import CANARY, CHAMPION, DecisionKind
from core.models.proof import Model
from core.models.registry import ModelRegistry, ModelVersion
from core.models.signature import Signer
from core.models.succession import Succession
from core.schema import Schema
from core.settings.loop import TrainerSettings
from core.stores import event_log
from core.stores.data_registry import DataRegistry, Snapshot
from core.stores.events import Event
from core.stores.mongo import Db
from trainer.data import dataset_file
from trainer.data.lineage import WHAT_MAKES_A_MODEL, Lineage, code_version
from trainer.data.snapshot import read_outcomes, write_outcomes
from trainer.fitting import recipe
from trainer.fitting.candidates import Candidate
from trainer.fitting.recipe import Champion, Step, unwrapped
from trainer.pipeline import handover, tracking
from trainer.pipeline.archive import archive
from trainer.pipeline.refresh import (
    RECIPE,
    REFRESH_OF,
    SAME_RECIPE,
    SAYS_SO,
    has_recipe_of,
    recipe_in_use,
    recipe_tag,
)
from trainer.pipeline.registration import TRAINED_UNTIL, register

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trainer:
    """What training works with; a composition root fills it."""

    db: Db
    schema: Schema
    data: DataRegistry
    models: ModelRegistry
    succession: Succession
    settings: TrainerSettings
    experiment: str
    lock: Path
    signer: Signer
    clock: Clock = now


@dataclass(frozen=True)
class TrainingResult:
    """How a training ended.

    `promoted` (the first model), `on trial`, `refreshed`, or `unchanged` (a model of this data exists, or a refresh was
    asked for that cannot be one).
    """

    result: str
    version: str
    dataset: str
    why: str
    figures: dict[str, float] = field(default_factory=dict)


def train(
    trainer: Trainer, *, reason: str, incident: str | None = None, refresh: bool = False, step: Step = unwrapped
) -> TrainingResult:
    """Train a model on all outcomes, and hand it over if every gate passes.

    A `refresh` fits the champion's recipe again; without it, a search looks for the best. Raises GateRefused, after
    writing an event and with the champion unchanged; Conflict when another training runs longer than 600 s;
    Unavailable, after which the next call resumes from the finished work.
    """
    try:
        with FileLock(trainer.lock, timeout=600):
            return _train(trainer, reason, incident, refresh, step)
    except Timeout as error:
        raise Conflict("Another training is running.", kept="It continues.", next="Wait for it to end.") from error


def _train(trainer: Trainer, reason: str, incident: str | None, refresh: bool, step: Step) -> TrainingResult:
    healed = step("settle", handover.settle)(trainer.succession, trainer.models)
    if healed is not None:
        log.warning("Version %s passed its gates in a run that died; now it is %s.", healed.version, healed.what)
        # A new version would end this trial, or take this refresh's place, before it has begun. An incident that asked
        # for a training gets one: it follows the version that is made for it.
        own = healed.incident == incident
        if healed.what is DecisionKind.ON_TRIAL or (healed.what is DecisionKind.REFRESHED and own):
            tags = trainer.models.version(healed.version).tags
            return TrainingResult(healed.what, healed.version, tags.get("dataset_tag", ""), healed.why)
    champion = trainer.models.version_by_alias(CHAMPION)
    parent = champion.version if champion else None
    code, always = (
        code_version(trainer.settings.callwise_code_version),
        trainer.settings.callwise_every_version_on_trial,
    )
    in_use = None if always else recipe_in_use(champion, trainer.schema, code)
    if refresh and in_use is None:
        why = "a refresh needs the champion's recipe, code and kind; the next training makes a version for a trial"
        return TrainingResult("unchanged", parent or "", "", why)
    frame, taken = step("snapshot", take_snapshot)(trainer)
    lineage = Lineage.from_snapshot(taken, trainer.schema, code, reason=reason, incident=incident, parent=parent)
    for version in (trainer.models.version_by_alias(CANARY), champion, *_refreshes(trainer)):
        if version is not None and all(version.tags.get(key) == lineage.tags()[key] for key in WHAT_MAKES_A_MODEL):
            why = f"version {version.version} was made from these {taken.rows} outcomes, by this code"
            return TrainingResult("unchanged", version.version, taken.tag, why)
    with tracking.run(trainer.models.client, trainer.experiment, name=taken.tag, tags=lineage.tags()) as run:
        try:
            return _candidate(trainer, run, frame, lineage, champion, in_use, refresh, step)
        except GateRefused as refused:
            _log_refusal(trainer, refused, subject=f"{trainer.models.name}:{taken.tag}", incident=incident, run=run.id)
            raise


def _candidate(
    trainer: Trainer,
    run: tracking.Run,
    frame: pd.DataFrame,
    lineage: Lineage,
    champion: ModelVersion | None,
    in_use: Candidate | None,
    refresh: bool,
    step: Step,
) -> TrainingResult:
    opponent, always = None, trainer.settings.callwise_every_version_on_trial
    if champion is not None:
        until = champion.tags.get(TRAINED_UNTIL)
        load = partial(_load, trainer.models, champion)
        opponent = Champion(load, datetime.fromisoformat(until) if until else None)
    given = in_use if refresh else None
    made = recipe.train_model(frame, trainer.schema, trainer.settings, opponent, watch=run, step=step, candidate=given)
    why, tags = made.verdict.why, {RECIPE: recipe_tag(made.candidate)}
    if champion is not None and made.candidate == in_use:
        why, tags[REFRESH_OF] = f"{SAYS_SO}; {why}", champion.version
    elif champion is not None and not always and has_recipe_of(champion, trainer.schema, made.candidate):
        tags[SAME_RECIPE] = champion.version
    version = step("register", register)(
        trainer.models,
        made.model,
        made.trained_on,
        trainer.schema,
        lineage,
        run.id,
        {**tags, "why": why},
        trainer.signer,
    )
    decision = step("hand over", handover.hand_over)(trainer.succession, trainer.models, version, why=why)
    try:
        step("archive", archive)(trainer.models, trainer.succession.state(), clock=trainer.clock)
    except Unavailable as error:
        log.warning("No version was archived: %s", error)
    return TrainingResult(decision.what, version.version, lineage.dataset_tag, why, dict(made.verdict.figures))


def _refreshes(trainer: Trainer) -> list[ModelVersion]:
    """The refreshes that are mixed with the champion or wait for the next list."""
    state = trainer.succession.state()
    return [trainer.models.version(one.version) for one in (state.mixed, state.waiting) if one]


def _load(models: ModelRegistry, version: ModelVersion) -> Model:
    return models.load(version).model


def _log_refusal(trainer: Trainer, refused: GateRefused, *, subject: str, incident: str | None, run: str) -> None:
    event_log.append(
        trainer.db,
        who="trainer",
        what=Event.TRAINING_REFUSED,
        subject=subject,
        why=refused.why,
        gate=refused.gate,
        report=refused.report,
        incident=incident,
        run=run,
    )


def take_snapshot(trainer: Trainer) -> tuple[pd.DataFrame, Snapshot]:
    """The outcomes that a training learns from, as they are now, and the snapshot that keeps exactly these."""
    with tempfile.TemporaryDirectory(prefix="callwise-snapshot-") as folder:
        path = Path(folder) / "dataset.parquet"
        frame = read_outcomes(trainer.db, trainer.schema, trainer.settings.callwise_training_window)
        event_log.append(
            trainer.db, who="trainer", what=Event.OUTCOMES_READ, subject=trainer.models.name, rows=len(frame)
        )
        write_outcomes(frame, trainer.schema, path)
        table = pq.read_table(path)
        facts = {"schema": trainer.schema.hash, **dataset_file.facts(table)}
        return table.to_pandas(), trainer.data.add(path, rows=len(frame), facts=facts, clock=trainer.clock)
