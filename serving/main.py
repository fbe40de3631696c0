"""The composition root: builds the scoring service from its settings."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import pymongo
from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR

from core.clock import now
from core.kinds.kind import Kind, settings_of
from core.models import canary_in_force, mixture_in_force
from core.models.canary_in_force import CanaryShare
from core.models.levels_in_force import Level, in_force
from core.models.mixture_in_force import Mixture
from core.models.registry import ModelRegistry
from core.privacy.place import Subject
from core.privacy.requests import under_way
from core.schema import Schema, read_schema
from core.schema.person import Person
from core.settings.addresses import MongoSettings, RegistrySettings, SchemaSettings
from core.settings.loading import load
from core.settings.loop import ServingSettings
from core.stores.mongo import connect
from serving.levels import Levels
from serving.loading_mark import LoadingMark
from serving.models import Models
from serving.prediction_log.forget import Forgetting
from serving.prediction_log.log import PredictionLog
from serving.prediction_log.spool import Spool
from serving.prediction_log.store import MongoStore
from serving.prediction_log.together import WritesTogether
from serving.routing import Router
from serving.scorer import Scorer

DRAIN_SECONDS, FORGET_SECONDS = 1.0, 2.0
MONGO_SECONDS = 2.0


class Settings(MongoSettings, RegistrySettings, SchemaSettings, ServingSettings):
    """The settings of the scoring service."""


@dataclass
class Service:
    """The scoring service's parts, and the threads that keep them current."""

    schema: Schema
    models: Models
    levels: Levels
    log: PredictionLog
    spool: Spool
    forgetting: Forgetting
    scorer: Scorer
    reload_seconds: float
    writes: WritesTogether = field(init=False)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.writes = WritesTogether(self.log)

    def start(self) -> None:
        """Start the threads that follow the registry, the levels and the erasures, and drain the spool."""
        self._threads = [
            threading.Thread(target=self.models.run, args=(self.reload_seconds, self._stop), name="models"),
            threading.Thread(target=self.levels.run, args=(self.reload_seconds, self._stop), name="levels"),
            threading.Thread(target=self.log.run, args=(DRAIN_SECONDS, self._stop), name="drain"),
            threading.Thread(target=self.forgetting.run, args=(FORGET_SECONDS, self._stop), name="forget"),
        ]
        for thread in self._threads:
            thread.daemon = True  # a registry that hangs must not delay the end; every write may be interrupted
            thread.start()

    def stop(self) -> None:
        """Stop the threads; one that hangs in a network call ends with the process."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=5)

    @classmethod
    def compose(cls, read: Settings, kind: Kind | None = None) -> Self:
        """The service of a kind, by default of the shipped one, on the appliance that `read` describes.

        Raises SettingsError, SchemaError.
        """
        if kind is None:
            schema = read_schema(read.callwise_schema)
            kind = Kind(schema.name, schema, shipped=True)
        schema, read = kind.schema, settings_of(read, kind)
        spool = Spool(read.callwise_spool_dir)  # makes the folder
        models = Models(ModelRegistry(read), schema, LoadingMark(read.callwise_spool_dir))
        db = kind.database(connect(read, timeout_seconds=MONGO_SECONDS))
        log = PredictionLog(MongoStore(db, timeout_seconds=MONGO_SECONDS), spool)

        def levels_in_force() -> Mapping[str, Level]:
            with pymongo.timeout(MONGO_SECONDS):
                return in_force(db)

        def mixture() -> Mixture:
            with pymongo.timeout(MONGO_SECONDS):
                return mixture_in_force.in_force(db)

        def canary_share() -> CanaryShare | None:
            with pymongo.timeout(MONGO_SECONDS):
                return canary_in_force.in_force(db)

        def being_erased() -> list[Subject]:
            with pymongo.timeout(MONGO_SECONDS):
                return [request.subject for request in under_way(db)]  # of all kinds: a person may be in several

        def may_be_here(person: Person) -> bool:
            return person.may_be_in(kind.key, by_reference=bool(schema.reference))

        levels = Levels(levels_in_force, mixture, canary_share)
        forgetting = Forgetting(being_erased, spool, may_be_here)
        router = Router(read.callwise_routing_key.get_secret_value().encode(), read.callwise_canary_share)
        scorer = Scorer(
            lambda: models.lineup,
            lambda: levels.shifts,
            router,
            log,
            now,
            mixture=lambda: levels.mixture,
            share=lambda: levels.canary,
        )
        return cls(schema, models, levels, log, spool, forgetting, scorer, read.callwise_reload_seconds)

    @classmethod
    def from_environment(cls) -> Self:
        """The service that the environment describes. Raises SettingsError, SchemaError."""
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)  # its bars would fill the log
        return cls.compose(load(Settings))

    @classmethod
    def of_kind(cls, kind: Kind) -> Self:
        """The service of a kind beside the shipped one. Raises SettingsError."""
        return cls.compose(load(Settings), kind)
