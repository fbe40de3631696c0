"""The erasure of people as a Prefect flow, and its composition root.

Prefect loads it by path (`trainer/privacy/flow.py:erase_people`), with the project's root as the working directory. The
requests say who is to be erased, so the flow's parameters and its log name nobody.
"""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas import State
from prefect.states import Completed

from core.errors import SettingsError
from core.privacy.documents import collections
from core.privacy.place import Place
from core.privacy.reject_rows import RejectFiles
from core.schema.person import Pseudonyms
from core.scoring.client import ScoringClient
from core.settings.addresses import ScoringSettings
from core.settings.loading import load
from core.settings.people import ErasureSettings
from core.stores.object_store import ObjectStore
from trainer import main
from trainer.privacy.datasets import Datasets
from trainer.privacy.eraser import Eraser
from trainer.privacy.model_rows import ModelRows
from trainer.privacy.row_fingerprints import Traces
from trainer.privacy.spool import Scoring, Spool


class Settings(main.Settings, ScoringSettings, ErasureSettings):
    """Everything that erasure reads from the environment."""


@flow(name="erase-people", persist_result=False)
def erase_people() -> State[Any]:
    """Make a pass for every request that is due; fails when one of the passes fails."""
    passed = ", ".join(f"{request.id} {request.status.value}" for request in compose().run())
    return Completed(message=passed or "No erasure is due.")


def compose(settings: Settings | None = None, scoring: Scoring | None = None) -> Eraser:
    """The eraser of this environment; `scoring` replaces its service. Raises SettingsError, SchemaError."""
    settings = settings or load(Settings)
    if settings.erasure_key is None:
        raise SettingsError(
            "CALLWISE_ERASURE_KEY is not set, so nobody can be erased.",
            kept="The requests stay open.",
            next="Set it once (.env.example says how), and never change it.",
        )
    trainer = main.compose(settings)
    store = ObjectStore(settings, settings.s3_bucket_datasets)
    traces = Traces(Pseudonyms(settings.erasure_key), trainer.schema)
    datasets = Datasets(trainer.data, store, trainer.clock)
    places: list[Place] = [
        *collections(trainer.db),
        Spool(scoring or ScoringClient(settings, trainer.schema)),
        RejectFiles(trainer.db, store, trainer.schema),
        ModelRows(trainer.models, trainer.experiment, traces),
        datasets,
    ]
    return Eraser(trainer.db, places, datasets, trainer.models, traces, trainer.lock, clock=trainer.clock)
