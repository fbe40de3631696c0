"""The training as a Prefect flow: each step is a task, and a refusal is a failed state with its reason.

Prefect loads it by path (`trainer/flow.py:continuous_training`), with the project's root as the working directory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar

from prefect import flow, runtime, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas import State
from prefect.states import Completed, Failed

from core.errors import GateRefused
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, count, reachable
from trainer.main import compose
from trainer.pipeline.training import TrainingResult, train

P = ParamSpec("P")
T = TypeVar("T")


@flow(name="continuous-training", persist_result=False)
def continuous_training(
    reason: str = "on demand", incident: str | None = None, kind: str | None = None, refresh: bool = False
) -> State[Any]:
    """Train on all outcomes of a campaign kind, by default of the shipped one.

    If every gate passes, the new model goes on trial, or becomes champion if it is the first. With the champion's
    recipe, which a `refresh` fits without a search, it waits for the next list instead.
    Ends as Completed, or as Failed with the name Refused when a gate stopped it; the champion is then unchanged.
    """
    trainer = compose(kind=kind)
    with reachable():
        outcomes = count(trainer.db.outcomes, {})
    tell_end = partial(_tell_end, trainer.db, reason=reason, incident=incident, outcomes=outcomes, refresh=refresh)
    try:
        outcome = train(trainer, reason=reason, incident=incident, refresh=refresh, step=as_task)
    except GateRefused as refused:
        tell_end("refused", refused.why, gate=refused.gate, version=None)
        create_markdown_artifact(f"## Refused by {refused.gate}\n\n{refused}\n", key="continuous-training")
        return Failed(name="Refused", message=str(refused))
    tell_end(outcome.result, outcome.why, gate=None, version=outcome.version)
    create_markdown_artifact(summary(outcome), key="continuous-training", description=outcome.why)
    return Completed(name=outcome.result.capitalize(), message=f"Version {outcome.version}: {outcome.why}.")


def _tell_end(db: Db, result: str, why: str, **details: Any) -> None:
    """Log how this flow run ended. `outcomes`: how many there were when it began."""
    event_log.append(
        db,
        who="trainer",
        what=Event.TRAINING_ENDED,
        subject=runtime.flow_run.id or "",
        why=why,
        result=result,
        **details,
    )


def as_task(name: str, function: Callable[P, T], /) -> Callable[P, T]:
    """`function` as a Prefect task. The result stays in memory, because a dataset is no cache key."""
    return task(name=name, cache_policy=NO_CACHE, persist_result=False)(function)


def summary(outcome: TrainingResult) -> str:
    """The result of a training, as Markdown."""
    rows = "".join(f"| {name} | {value:.5g} |\n" for name, value in outcome.figures.items())
    table = f"\n| figure | value |\n|---|---|\n{rows}" if rows else ""
    return f"## Version {outcome.version}: {outcome.result}\n\n{outcome.why}.\n\nDataset `{outcome.dataset}`.\n{table}"
