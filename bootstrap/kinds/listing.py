"""`scripts/kind list`: the kinds of the appliance, each with its versions."""

from __future__ import annotations

import argparse

from core.kinds.registry import kinds
from core.schema import read_schema
from core.settings.addresses import MongoSettings, SchemaSettings
from core.settings.loading import load
from core.stores.mongo import connect

HELP = "the kinds of the appliance, and their versions"


class Settings(MongoSettings, SchemaSettings):
    """Where the kinds are."""


def define(_parser: argparse.ArgumentParser) -> None:
    """The command has no arguments."""


def run(_options: argparse.Namespace) -> str:
    """A line for each kind and for each of its versions. Raises SettingsError, SchemaError, Unavailable."""
    settings = load(Settings)
    lines = []
    for kind in kinds(connect(settings), read_schema(settings.callwise_schema)):
        lines.append(f"{kind.name:<40} {kind.schema.hash[:8]}  {kind.title}{' (shipped)' if kind.shipped else ''}")
        lines += [f"    {one.at:%Y-%m-%d %H:%M:%S}  {one.hash[:8]}  by {one.by}" for one in kind.versions]
    return "\n".join(lines)
