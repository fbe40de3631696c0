"""`scripts/kind check KIND.yaml`: reads the file as `add` would, and touches nothing."""

from __future__ import annotations

import argparse

from bootstrap.kinds import kind_file
from core.kinds.kind import read_kind

HELP = "check a kind's file; needs no appliance"
define = kind_file.define


def run(options: argparse.Namespace) -> str:
    """The result in words. Raises SchemaError with line, column, key and rule of everything that is wrong."""
    schema = read_kind(*kind_file.read(options))
    return (
        f"{schema.name} ({schema.title}) is a usable kind: {len(schema.columns)} columns, "
        f"{len(schema.features)} of them for the model, the outcome '{schema.outcome.column}', "
        f"{f'the reference {schema.reference!r}' if schema.reference else 'no reference'}."
    )
