"""The erasure of people, and the deletion of campaigns, as a Prefect flow, and its composition root.

Prefect loads it by path (`trainer/privacy/flow.py:erase_people`), with the project's root as the working directory. The
requests say who is to be erased, so the flow's parameters and its log name nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prefect import flow
from prefect.client.schemas import State
from prefect.states import Completed

from core.errors import SettingsError
from core.kinds.kind import Kind, settings_of
from core.kinds.registry import kinds
from core.privacy import requests
from core.privacy.documents import collections, wishes
from core.privacy.place import Place
from core.privacy.reject_files import RejectFiles
from core.schema import read_schema
from core.schema.person import Person, Pseudonyms
from core.scoring.client import ScoringClient
from core.settings.addresses import ScoringSettings
from core.settings.loading import load
from core.settings.people import ErasureSettings
from core.stores.mongo import connect
from core.stores.object_store import ObjectStore
from trainer import main
from trainer.pipeline.training import Trainer
from trainer.privacy.campaigns import Campaigns
from trainer.privacy.datasets import Datasets
from trainer.privacy.eraser import Eraser, Learning
from trainer.privacy.every_kind import EveryKind
from trainer.privacy.model_rows import ModelRows
from trainer.privacy.row_fingerprints import RowFingerprints
from trainer.privacy.spool import Scoring, Spool


class Settings(main.Settings, ScoringSettings, ErasureSettings):
    """Everything that erasure reads from the environment."""


@flow(name="erase-people", persist_result=False)
def erase_people() -> State[Any]:
    """Make a pass for every request that is due; fails when one of the passes fails.

    Campaigns that are to be deleted go first: they need no erasure key, and leave fewer places to search.
    """
    passed = [f"{request.id} {request.status.value}" for one in deleting() for request in one.run()]
    if requests.under_way(main.compose().db):
        passed += [f"{request.id} {request.status.value}" for request in compose().run()]
    return Completed(message=", ".join(passed) or "Nothing is due.")


def deleting(settings: Settings | None = None) -> list[Campaigns]:
    """What deletes campaigns in this environment, for each kind. Raises SettingsError, SchemaError, Unavailable."""
    settings = settings or load(Settings)
    found = []
    for kind in kinds(connect(settings), read_schema(settings.callwise_schema)):
        trainer, own = main.compose(settings, kind.name), settings_of(settings, kind)
        store = ObjectStore(own, own.s3_bucket_datasets)
        found.append(Campaigns(trainer.db, store, trainer.lock, clock=trainer.clock))
    return found


def compose(settings: Settings | None = None, scoring: Scoring | None = None) -> Eraser:
    """The eraser of this environment; `scoring` replaces its service. Raises SettingsError, SchemaError."""
    settings = settings or load(Settings)
    if settings.erasure_key is None:
        raise SettingsError(
            "CALLWISE_ERASURE_KEY is not set, so nobody can be erased.",
            kept="The requests stay open.",
            next="Set it once (.env.example says how), and never change it.",
        )
    pseudonyms, home = Pseudonyms(settings.erasure_key), connect(settings)
    shipped = read_schema(settings.callwise_schema)
    found = [_in_kind(settings, kind, pseudonyms, scoring) for kind in kinds(home, shipped, retired=True)]
    places = EveryKind.places([(one.may_hold, place) for one in found for place in one.places])
    lock = found[0].trainer.lock  # the appliance's, the same for all kinds
    return Eraser(home, [*places, wishes(home)], [one.learning for one in found], lock)


@dataclass(frozen=True)
class _InKind:
    """One kind's trainer and places."""

    trainer: Trainer
    kind: Kind
    places: list[Place]
    learning: Learning

    def may_hold(self, person: Person) -> bool:
        return person.may_be_in(self.kind.key, by_reference=bool(self.kind.schema.reference))


def _in_kind(settings: Settings, kind: Kind, pseudonyms: Pseudonyms, scoring: Scoring | None) -> _InKind:
    trainer, own = main.compose(settings, kind.name, retired=True), settings_of(settings, kind)
    store = ObjectStore(own, own.s3_bucket_datasets)
    traces = RowFingerprints(pseudonyms, trainer.schema)
    datasets = Datasets(trainer.data, store, trainer.clock)
    places: list[Place] = [
        *collections(trainer.db),
        Spool(scoring or ScoringClient(own, trainer.schema)),
        RejectFiles(trainer.db, store, trainer.schema),
        ModelRows(trainer.models, trainer.experiment, traces, trainer.signer),
        datasets,
    ]
    return _InKind(trainer, kind, places, Learning(kind.key, datasets, trainer.models, traces, trainer.succession))
