"""`scripts/kind add KIND.yaml`: adds a kind to a running appliance, or a new version of it.

Everything that the kind needs is made before the kind is stored, so the services that see it find it complete.
"""

from __future__ import annotations

import argparse
from getpass import getuser

from bootstrap.kinds import kind_file
from core.kinds import registry
from core.kinds.change import Needs
from core.kinds.kind import Kind, read_kind
from core.schema import read_schema
from core.settings.loading import load
from core.stores.mongo import connect

HELP = "add a kind, or a new version of it, to the running appliance"


def define(parser: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    kind_file.define(parser)
    parser.add_argument("--by", default=getuser(), help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> str:
    """Add the kind; the result in words. Raises SettingsError, SchemaError, Conflict, Unavailable."""
    content, what = kind_file.read(options)
    schema = read_kind(content, what)
    # Importing MLflow, Prefect and DVC takes seconds; a wrong file is refused before.
    from bootstrap.setup import kinds  # noqa: PLC0415
    from bootstrap.setup.steps import Settings  # noqa: PLC0415

    settings = load(Settings)
    home, shipped = connect(settings), read_schema(settings.callwise_schema)
    if schema.name != shipped.name:
        kinds.prepare(home, Kind(schema.name, schema), settings)
    kind, change = registry.add(home, shipped, content, by=options.by, what=what, champion=kinds.champion_of(settings))
    begun = f"{kind.name} ({kind.title}), version {kind.schema.hash[:8]}: "
    if change.needs is Needs.TRAINING:
        return f"{begun}changed; it needs a training (scripts/retrain --kind {kind.name}): {'; '.join(change.why)}."
    return f"{begun}in the appliance. The services take it up within seconds."
