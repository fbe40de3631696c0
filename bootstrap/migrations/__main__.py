"""Migrates the data by hand: `python -m bootstrap.migrations [--version]`; the set-up does it at each start, too."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bootstrap.migrations.apply import migrate_all
from core.errors import exit_status
from core.settings.addresses import MongoSettings, SchemaSettings
from core.settings.loading import load
from core.stores import stored_version
from core.stores.mongo import connect


class Settings(MongoSettings, SchemaSettings):
    """Where the data are, and the schema of the shipped kind."""


@exit_status
def main(argv: Sequence[str] | None = None) -> None:
    """Run the command; 1 after an error, which is printed."""
    parser = argparse.ArgumentParser("python -m bootstrap.migrations", description="Migrates the data.")
    parser.add_argument("--version", action="store_true", help="print the version of the data, and change nothing")
    asked, settings = parser.parse_args(argv), load(Settings)
    home = connect(settings)
    if asked.version:
        print(stored_version.applied(home) or 0)
        return
    version = migrate_all(home, settings, lambda line: print(f"migration {line}", flush=True))
    print(f"The data is of version {version}.")


if __name__ == "__main__":
    sys.exit(main())
