"""The clearing of what is old as a Prefect flow: in all campaign kinds, once a day, while nothing is trained.

Prefect loads it by path (`trainer/retention/flow.py:clear_old`), with the project's root as the working directory. The
monitor asks for it (`monitor.flows.retention`). Each part goes on where it stopped; one that fails keeps no other from
its work, and the flow then fails with its words.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from prefect import flow
from prefect.client.schemas import State
from prefect.states import Completed, Failed

from core.clock import now
from core.errors import CallwiseError
from core.kinds.kind import settings_of
from core.kinds.registry import kinds
from core.schema import read_schema
from core.settings.loading import load
from core.stores.mongo import connect, reachable
from core.stores.object_store import ObjectStore
from trainer import main
from trainer.pipeline.training import Trainer
from trainer.privacy.eraser import PATIENCE
from trainer.retention.datasets import OldDatasets
from trainer.retention.of_programs import OldAnswers, OldChanges
from trainer.retention.pages import OldPages
from trainer.retention.predictions import OldPredictions

log = logging.getLogger(__name__)
ENDED = "ended"
"""The document of `retention` in the shipped kind's database that has the last end: when, and what failed."""
Step = Callable[[], int | None]
"""Clears a part of what is old and returns how many went; None where nothing is left."""


@flow(name="clear-old", persist_result=False)
def clear_old() -> State[Any]:
    """Clear what is old in every kind; fails when a part fails."""
    settings = load(main.Settings)
    home, failed, said = connect(settings), [], []
    for kind in kinds(home, read_schema(settings.callwise_schema), retired=True):
        trainer, own = main.compose(settings, kind.name, retired=True), settings_of(settings, kind)
        store = ObjectStore(own, own.s3_bucket_datasets)
        name = f"{kind.key}: " if kind.key else ""
        for what, step in parts(trainer, store, settings.callwise_keep_days).items():
            try:
                said.append(f"{name}{_whole(step, trainer.lock)} {what}")
            except Timeout:
                failed.append(f"{name}{what}: a training does not end")
            except Exception as error:  # whatever one part meets, the others go on; the flow fails with its words
                log.exception("%s%s could not be cleared", name, what)
                failed.append(f"{name}{what}: {error.what if isinstance(error, CallwiseError) else repr(error)}")
    with reachable():
        last = {"at": now(), "failed": "; ".join(failed)}
        home.retention.update_one({"_id": ENDED}, {"$set": {"last": last}}, upsert=True)
    return Failed(message="; ".join(failed)) if failed else Completed(message=f"cleared: {', '.join(said)}")


def parts(trainer: Trainer, store: ObjectStore, days: int) -> dict[str, Step]:
    """What clears one kind, step by step, by what it clears."""
    db, clock = trainer.db, trainer.clock
    return {
        "predictions": OldPredictions(db, days, clock).step,
        "datasets": OldDatasets(trainer.data, store, trainer.models, days, clock).step,
        "runs' pages": OldPages(db, trainer.models, trainer.experiment, days, clock).step,
        "answers to programs": OldAnswers(db, clock).step,
        "changes of the feed": OldChanges(db, days, clock).step,
    }


def _whole(step: Step, lock: Path) -> int:
    """Take every step of one part; between two a training may begin. Returns how many went. Raises Timeout."""
    gone = 0
    while True:
        with FileLock(lock, timeout=PATIENCE):
            done = step()
        if done is None:
            return gone
        gone += done
