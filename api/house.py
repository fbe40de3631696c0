"""The appliance as the API sees it: one house for each campaign kind."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path
from starlette.requests import Request

from core.calls.contact_keys import ContactKeys, keys_of
from core.calls.lifecycle import CallRules
from core.errors import NotFound
from core.kinds.kind import Kind, settings_of
from core.kinds.registry import kinds
from core.schema import Schema, read_schema
from core.sentences import Sentence
from core.settings.addresses import MongoSettings, S3Settings, SchemaSettings
from core.settings.people import ApiSettings, CallSettings, ContactSettings, ErasureSettings
from core.stores.mongo import Db, connect, reachable
from core.stores.object_store import ObjectStore

LOOK_SECONDS = 2.0
"""Between looks for new or changed kinds."""


class Settings(MongoSettings, S3Settings, SchemaSettings, CallSettings, ErasureSettings, ContactSettings, ApiSettings):
    """The settings of the API."""


@dataclass(frozen=True)
class House:
    """One campaign kind: its database, columns, rules and keys. `model` names the model that ranks people."""

    kind: Kind
    home: Db
    db: Db
    store: ObjectStore
    schema: Schema
    rules: CallRules
    model: str
    erasure_key: str | None
    contact_keys: ContactKeys | None

    def require_campaign(self, campaign: str) -> None:
        """Raise NotFound if there is no such campaign. Raises Unavailable."""
        with reachable():
            found = self.db.campaigns.find_one({"_id": campaign}, {"_id": 1})
        if found is None:
            raise NotFound(
                Sentence("There is no campaign '{campaign}'.", campaign=campaign), kept=Sentence("Nothing was changed.")
            )


class Houses:
    """The houses of all kinds; a kind that comes later gets one within seconds."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError, SchemaError."""
        self._settings, self._shipped = settings, read_schema(settings.callwise_schema)
        self.home = connect(settings, timeout_seconds=5.0)
        self.contact_keys = keys_of(settings)
        self._made, self._looked = list[House](), float("-inf")
        self._lock = threading.Lock()

    @property
    def shipped(self) -> str:
        """The name of the shipped kind."""
        return self._shipped.name

    def all(self) -> list[House]:
        """One for each kind, the shipped one first. Raises SchemaError, Unavailable."""
        with self._lock:
            if time.monotonic() - self._looked > LOOK_SECONDS:
                self._made = [self._house(kind) for kind in kinds(self.home, self._shipped)]
                self._looked = time.monotonic()
            return list(self._made)

    def named(self, name: str) -> House:
        """The house of a kind. Raises NotFound, SchemaError, Unavailable."""
        for house in self.all():
            if house.kind.name == name:
                return house
        raise NotFound(
            Sentence("There is no campaign kind '{kind}'.", kind=name), next=Sentence("/api/kinds lists the kinds.")
        )

    def _house(self, kind: Kind) -> House:
        settings = settings_of(self._settings, kind)
        return House(
            kind,
            self.home,
            kind.database(self.home),
            ObjectStore(settings, settings.s3_bucket_datasets),
            kind.schema,
            CallRules.of(settings),
            settings.callwise_model_name,
            settings.erasure_key,
            self.contact_keys,
        )


def houses_of(request: Request) -> Houses:
    """The houses of this API."""
    houses: Houses = request.app.state.houses
    return houses


def _house(request: Request, kind: Annotated[str, Path(max_length=60, examples=["bank-marketing"])]) -> House:
    return houses_of(request).named(kind)


InKind = Annotated[House, Depends(_house)]
"""The house of the kind that the address names."""
