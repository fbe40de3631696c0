"""Backups by hand: `python -m bootstrap.backup take|list|drill|passphrase`, of the appliance in the environment."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from bootstrap import VERSION
from bootstrap.backup.archive import Archive
from bootstrap.backup.drill import drill
from bootstrap.backup.keeping import Keep
from bootstrap.backup.stores import Settings, elsewhere, stores
from bootstrap.backup.take import take, words
from core.clock import now
from core.errors import exit_status
from core.settings.loading import load


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser("scripts/backup", description="Backs the whole appliance up, while it runs.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--list", action="store_true", help="the backups in the archive")
    what.add_argument(
        "--drill", action="store_true", help="restore the newest backup into a scratch appliance; compare"
    )
    what.add_argument("--passphrase", action="store_true", help="print the passphrase, to be kept elsewhere")
    parser.add_argument("--accept-empty", action="store_true", help="a store has become empty, and that is right")
    parser.add_argument(
        "--json", type=Path, metavar="OUT", help="write the result of the drill to this file; - prints it"
    )
    return parser.parse_args(argv)


@exit_status
def main(argv: list[str] | None = None) -> int:
    """Run the command; 1 after an error, which is printed, and after a drill that found a difference."""
    asked, settings = arguments(argv), load(Settings)
    passphrase = settings.callwise_backup_passphrase.get_secret_value()
    archive = Archive(settings.callwise_backup_folder, passphrase)
    if asked.passphrase:
        print(passphrase)
        return 0
    if asked.list:
        return show(archive)
    if asked.drill:
        return run_drill(archive, settings, asked.json)
    made = take(
        stores(settings),
        archive,
        settings.callwise_backup_scratch,
        keep=Keep.from_settings(settings),
        version=VERSION,
        elsewhere=elsewhere(settings),
        accept_empty=asked.accept_empty,
        say=print,
    )
    print(
        f"Backup {made.backup.name[:12]} of {words(made.backup.at)}: {len(made.manifest.files)} files, "
        f"{made.size / 1e6:.1f} MB, in {made.seconds:.1f} s; read back and compared. "
        f"The archive {archive.folder} takes {size(archive.folder) / 1e6:.1f} MB."
    )
    for gone in made.gone:
        print(f"Gone, by the rule: the backup of {words(gone.at)}")
    return 0


def show(archive: Archive) -> int:
    """Print the backups, the newest first."""
    for backup in archive.backups():
        print(f"{backup.name[:12]}  {words(backup.at)}  {sum(backup.counts.values())} records")
    if archive.drill:
        print(f"Last drill: {archive.drill['at']}, {'equal' if archive.drill['equal'] else 'DIFFERENT'}")
    return 0


def run_drill(archive: Archive, settings: Settings, out: Path | None) -> int:
    """Make a drill and print what came of it."""
    scratch = settings.callwise_backup_scratch / "drill"
    result = drill(archive, scratch, say=lambda line: print(line, flush=True))
    archive.note_drill(result.document(), now())
    print(result.table())
    print(
        f"{result.summary()}; read in {result.read_seconds:.1f} s, all servers well after {result.start_seconds:.1f} s."
    )
    if out and str(out) == "-":
        print(json.dumps(result.document(), indent=2))
    elif out:
        out.write_text(json.dumps(result.document(), indent=2) + "\n", encoding="utf-8")
    return 0 if result.equal else 1


def size(folder: Path) -> int:
    """Bytes of all files below `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    sys.exit(main())
