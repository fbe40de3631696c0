"""Erasing people as a Prefect flow, and its composition root.

Loaded by its path (`trainer/privacy/flow.py:erase_people`), with the project's root as the working directory. Who is to
be erased stands in the requests: neither the flow's parameters nor its log name anybody.
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
    """Everything that erasing people reads from the environment."""


@flow(name="erase-people", persist_result=False)
def erase_people() -> State[Any]:
    """Make a pass for everybody who is to be erased; fails when one of them could not be gone on with."""
    done = compose().run()
    said = ", ".join(f"{request.id} {request.status.value}" for request in done)
    return Completed(message=said or "Nobody is to be erased now.")


def compose(settings: Settings | None = None, scoring: Scoring | None = None) -> Eraser:
    """The eraser of this environment; `scoring` in the place of the service that it names.

    Raises SettingsError, SchemaError.
    """
    settings = settings or load(Settings)
    if settings.erasure_key is None:
        raise SettingsError(
            "CALLWISE_ERASURE_KEY is not set, so nobody can be erased.",
            kept="The requests stay.",
            next="Set it (.env.example says how), and leave it as it is from then on.",
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
