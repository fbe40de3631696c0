"""The composition root: wires the settings to the registry, the router, the log and the scorer."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Self

from mlflow.environment_variables import MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR

from core import schema as schemas
from core import settings
from core.clock import now
from core.model_registry import ModelRegistry
from core.mongo import connect
from core.schema import Schema
from serving.log import PredictionLog
from serving.models import Models
from serving.routing import Router
from serving.scorer import Scorer
from serving.spool import Spool
from serving.store import MongoStore

DRAIN_SECONDS = 1.0
MONGO_SECONDS = 2.0


class Settings(settings.MongoSettings, settings.RegistrySettings, settings.SchemaSettings, settings.ServingSettings):
    """What the scoring service needs to know."""


@dataclass
class Service:
    """The scoring service's parts, and the two threads that keep them current."""

    schema: Schema
    models: Models
    log: PredictionLog
    spool: Spool
    scorer: Scorer
    reload_seconds: float
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to look at the registry and to drain the spool."""
        self._threads = [
            threading.Thread(target=self.models.run, args=(self.reload_seconds, self._stop), name="models"),
            threading.Thread(target=self.log.run, args=(DRAIN_SECONDS, self._stop), name="drain"),
        ]
        for thread in self._threads:
            thread.daemon = True  # a registry that hangs must not hold up the end; every write may be cut off
            thread.start()

    def stop(self) -> None:
        """End both threads; one that hangs in a network call ends with the process."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=5)

    @classmethod
    def compose(cls, read: Settings) -> Self:
        """The service that `read` describes. Raises SettingsError, SchemaError."""
        schema = schemas.read(read.callwise_schema)
        models = Models(ModelRegistry(read), schema)
        spool = Spool(read.callwise_spool_dir)
        log = PredictionLog(
            MongoStore(connect(read, timeout_seconds=MONGO_SECONDS), timeout_seconds=MONGO_SECONDS), spool
        )
        router = Router(read.callwise_routing_key.get_secret_value().encode(), read.callwise_canary_share)
        scorer = Scorer(lambda: models.lineup, router, log, now)
        return cls(schema, models, log, spool, scorer, read.callwise_reload_seconds)

    @classmethod
    def from_environment(cls) -> Self:
        """The service that the environment describes. Raises SettingsError, SchemaError."""
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR.set(False)  # its bars would stand in the log
        return cls.compose(settings.load(Settings))
