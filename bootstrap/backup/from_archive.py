"""Restores an embedded appliance from archive and passphrase: `python -m bootstrap.backup.from_archive FOLDER`.

The passphrase comes from CALLWISE_BACKUP_PASSPHRASE, from a file, or is asked for.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from getpass import getpass
from pathlib import Path

from bootstrap.backup.archive import Archive
from bootstrap.backup.restore import restore
from bootstrap.backup.take import words
from bootstrap.embedded.environment import ROOT
from core.errors import InputError, exit_status

PASSPHRASE = "CALLWISE_BACKUP_PASSPHRASE"  # noqa: S105  the name of a variable


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser(
        "scripts/restore", description="Restores an appliance from its archive of backups."
    )
    parser.add_argument("archive", type=Path, help="folder of the archive")
    parser.add_argument("--state", type=Path, default=ROOT / ".state" / "demo", help="state folder to restore into")
    parser.add_argument("--backup", metavar="START", help="start of a backup's name or time; without it, the newest")
    parser.add_argument("--passphrase-file", type=Path, metavar="FILE", help="file with the passphrase")
    parser.add_argument(
        "--receipts", type=Path, action="append", default=[], metavar="FILE", help="receipts of erasures"
    )
    return parser.parse_args(argv)


def passphrase(asked: Path | None) -> str:
    """The passphrase, from the file, the environment, or whoever types it. Raises InputError if there is none."""
    given = asked.read_text(encoding="utf-8").strip() if asked else os.environ.get(PASSPHRASE, "")
    if not given and sys.stdin.isatty():
        given = getpass("Passphrase of the archive: ")
    if not given:
        raise InputError("There is no passphrase.", next=f"Set {PASSPHRASE}, or name a file with --passphrase-file.")
    return given


@exit_status
def main(argv: list[str] | None = None) -> None:
    """Run the command; 1 after an error, which is printed."""
    asked, began = arguments(argv), time.monotonic()
    archive = Archive(asked.archive, passphrase(asked.passphrase_file))
    done = restore(
        archive,
        asked.state,
        wanted=asked.backup,
        receipts=asked.receipts,
        say=lambda line: print(line, flush=True),
    )
    print(done.erased)
    seconds = time.monotonic() - began
    print(f"Restored the backup of {words(done.backup.at)} into {asked.state.resolve()}, in {seconds:.1f} s.")
    print("Start it with scripts/demo --state FOLDER, or scripts/demo for the usual folder.")


if __name__ == "__main__":
    sys.exit(main())
