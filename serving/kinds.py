"""The campaign kinds beside the shipped one, each a model of its own in this server; new ones come while it runs.

The kinds are read from MongoDB. Those of the last answer are also in files of the spool's folder, so a server that
starts while MongoDB is away serves the kinds that it served before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import pymongo
from mlserver.settings import ModelParameters, ModelSettings

from core.errors import CallwiseError
from core.kinds.kind import FOLDER, Kind, settings_of
from core.kinds.registry import kinds
from core.schema import Schema, checked_yaml, read_schema
from core.settings.addresses import MongoSettings, RegistrySettings, SchemaSettings
from core.settings.loading import load
from core.settings.loop import ServingSettings
from core.stores.mongo import connect

log = logging.getLogger(__name__)

RUNTIME = "serving.runtime.ProspectScorer"
FILE = "kind.yaml"
MONGO_SECONDS = 2.0


class Settings(MongoSettings, RegistrySettings, SchemaSettings, ServingSettings):
    """Where the kinds are, and the names that theirs are made from."""


Content = Sequence[tuple[Kind, str]]
"""Kinds, each with its YAML text."""


class Kinds:
    """The kinds beside the shipped one, as far as they are known."""

    def __init__(self, read: Callable[[], Content], settings: Settings) -> None:
        """`read` gives the kinds that the appliance has now."""
        self._read, self._settings = read, settings
        self._error = ""
        self._known: Content | None = None

    def models(self) -> list[ModelSettings]:
        """The settings of every kind's model. While the kinds cannot be read, those of the last answer stay."""
        try:
            known = self._read()
        except CallwiseError as error:
            if not self._error:
                log.warning("the campaign kinds cannot be read; the last ones stay in service: %s", error)
            self._error = str(error)
            known = self._remembered() if self._known is None else self._known
        else:
            self._error = ""
            if known != self._known:
                self._remember(known)
        self._known = known
        return [self._model(kind, content) for kind, content in known]

    def _model(self, kind: Kind, content: str) -> ModelSettings:
        own = settings_of(self._settings, kind)
        parameters = ModelParameters(extra={"kind": kind.name, "content": content})
        return ModelSettings(
            name=own.callwise_model_name, implementation=RUNTIME, platform="callwise", parameters=parameters
        )

    def _remember(self, known: Content) -> None:
        for kind, content in known:
            folder = settings_of(self._settings, kind).callwise_spool_dir
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (folder / FILE).write_text(content, encoding="utf-8")

    def _remembered(self) -> Content:
        files = sorted(self._settings.callwise_spool_dir.glob(f"{FOLDER}/*/{FILE}"))
        return [(kind_in(text), text) for text in (file.read_text(encoding="utf-8") for file in files)]

    @classmethod
    def from_environment(cls) -> Kinds:
        """The kinds of the appliance that the environment describes. Raises SettingsError, SchemaError."""
        settings = load(Settings)
        db, shipped = connect(settings, timeout_seconds=MONGO_SECONDS), read_schema(settings.callwise_schema)

        def read() -> Content:
            with pymongo.timeout(MONGO_SECONDS):
                # A retired kind's model stays: predictions may wait in its spool, and an erasure looks there.
                found = [kind for kind in kinds(db, shipped, retired=True) if not kind.shipped]
            return [(kind, kind.versions[-1].content) for kind in found]

        return cls(read, settings)


def kind_in(content: str) -> Kind:
    """The kind in a YAML text that was checked before it was stored. Raises SchemaError."""
    schema = checked_yaml.parse(content, Schema, "stored campaign kind")
    return Kind(schema.name, schema)
