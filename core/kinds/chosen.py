"""The kind that a command is about: its database, its schema, and the settings with its own names."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.kinds.kind import Kind, settings_of
from core.kinds.registry import find
from core.schema import Schema, read_schema
from core.settings.addresses import MongoSettings, SchemaSettings
from core.stores.mongo import Db, connect


class KindSettings(MongoSettings, SchemaSettings):
    """What a program needs to find a kind."""


S = TypeVar("S", bound=KindSettings)


@dataclass(frozen=True)
class Chosen(Generic[S]):
    """A kind on an appliance; `home` is the appliance's database, and `settings` have the kind's own names."""

    kind: Kind
    home: Db
    settings: S

    @property
    def db(self) -> Db:
        """The kind's database."""
        return self.kind.database(self.home)

    @property
    def schema(self) -> Schema:
        """The kind's schema."""
        return self.kind.schema


def choose(settings: S, name: str | None = None, *, retired: bool = False) -> Chosen[S]:
    """The kind `name` on the appliance of `settings`; without a name, the shipped one. `retired`: also one of those.

    Raises SettingsError, SchemaError, NotFound; Unavailable if a kind is named and MongoDB does not answer.
    """
    home = connect(settings)
    kind = find(home, read_schema(settings.callwise_schema), name, retired=retired)
    return Chosen(kind, home, settings_of(settings, kind))


def define(parser: argparse.ArgumentParser) -> None:
    """Add the option `--kind` to a command."""
    parser.add_argument("--kind", metavar="NAME", help="of this campaign kind (default: the shipped one)")
