"""`scripts/kind retire NAME`: takes a kind without campaigns out of use."""

from __future__ import annotations

import argparse
from getpass import getuser

from core.kinds import registry
from core.schema import read_schema
from core.settings.addresses import MongoSettings, SchemaSettings
from core.settings.loading import load
from core.stores.mongo import connect

HELP = "take a kind without campaigns out of use; its models, datasets and reports stay"


class Settings(MongoSettings, SchemaSettings):
    """Where the kinds are."""


def define(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    parser.add_argument("name", metavar="NAME", help="the kind's name (scripts/kind list)")
    parser.add_argument("--by", default=getuser(), help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> str:
    """Retire the kind; the result in words. Raises SettingsError, SchemaError, NotFound, Conflict, Unavailable."""
    settings = load(Settings)
    kind = registry.retire(connect(settings), read_schema(settings.callwise_schema), options.name, by=options.by)
    return f"{kind.name} ({kind.title}) is retired. scripts/kind add, with its file, brings it back."
