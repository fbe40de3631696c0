"""Restores docker compose's volumes; scripts/restore runs `python -m bootstrap.backup.into_volumes env|data FOLDER`.

    env      prints .env as the backup has it, or with --settings settings.env
    data     while only MongoDB and S3 run: sets what is in the volumes aside, and puts the backup in its place

What is set aside stays in the same store: files in the folder `.before-restore-TIME` of their volume, collections in a
database `before-restore-TIME…`, objects in the bucket `before-restore-TIME`.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import takewhile
from pathlib import Path

from bootstrap.backup.archive import Archive, Backup
from bootstrap.backup.copies import mongo_dump, objects
from bootstrap.backup.copies.mend import mend
from bootstrap.backup.copies.register import Register
from bootstrap.backup.from_archive import PASSPHRASE
from bootstrap.backup.restore import choose, erase_again, read, register_since
from bootstrap.backup.stores import Settings
from bootstrap.backup.take import words
from bootstrap.setup.mongo_accounts import requires_login
from core.clock import now
from core.errors import InputError, exit_status
from core.kinds.registry import kinds
from core.schema import read_schema
from core.settings.addresses import SchemaSettings
from core.settings.key_list import SEPARATOR, key_list
from core.settings.loading import load
from core.stores.mongo import Db, connect, reachable
from core.stores.object_store import ObjectStore

Say = Callable[[str], None]
FILES = ("registry", "prefect", "evidently", "mlflow", "spool")
ERASURE_KEY = "CALLWISE_ERASURE_KEY"
ASIDE = "before-restore-"


class Volumes(Settings, SchemaSettings):
    """Where the stores are, and the schema of the shipped kind."""


def restore(folder: Path, copied_at: datetime, settings: Volumes, *, say: Say, at: datetime) -> list[Register]:
    """Put the backup in `folder` into all stores, and set aside what is there; returns the registers of erasures.

    Safe to repeat: what an interrupted restore has written is set aside by the next. Raises Unavailable, Conflict.
    """
    home, stamp = connect(settings), f"{ASIDE}{at:%Y%m%d%H%M%S}"
    registers = [Register.read(folder / "register"), Register.of(home), *registers_aside(home)]
    for name in FILES:
        if not (folder / name).is_dir():
            say(f"{name}: not in the backup, its database was elsewhere; left as it is")
            continue
        into_folder(folder / name, settings.callwise_backup_of / name, stamp)
        say(f"{name}: restored")
    into_mongo(home, folder / "mongo", stamp)
    shipped = read_schema(settings.callwise_schema)
    mended = sum(mend(kind.database(home), copied_at) for kind in kinds(home, shipped, retired=True))
    say(f"mongo: restored; {mended} calls finished that were recorded while it was copied")
    into_s3(settings, folder / "s3", stamp)
    say("s3: restored")
    return registers


def with_its_login(env: Mapping[str, str]) -> Mapping[str, str]:
    """`env`, without MongoDB's login where the server keeps no accounts: such a one cannot answer it.

    Raises Unavailable.
    """
    uri = env["MONGODB_URI"]
    address, _, options = re.sub(r"//[^@/]*@", "//", uri).partition("?")
    others = "&".join(one for one in options.split("&") if one and not one.startswith("authSource="))
    bare = address + (f"?{others}" if others else "")
    if bare == uri or requires_login(bare, env.get("MONGODB_DATABASE", "callwise")):
        return env
    return {**env, "MONGODB_URI": bare}


def environment_since(archive: Archive, backup: Backup, scratch: Path, say: Say) -> str:
    """The `.env` of the newest backup after `backup` that can be read; "" if there is none.

    A damaged backup is no reason to refuse a good one. Raises NotFound, InputError if the archive does not open.
    """
    for newer in takewhile(lambda one: one != backup, archive.backups()):
        try:
            return (read(archive, newer, scratch)[0] / "secrets" / "env").read_text(encoding="utf-8")
        except (InputError, OSError) as error:
            say(f"the erasure keys in the backup of {words(newer.at)} cannot be read: {error}")
    return ""


def with_erasure_keys(env: str, newer: str) -> str:
    """`env` with the erasure keys of the `newer` one behind its own: people were erased under them since."""
    found = [re.findall(rf"^{ERASURE_KEY}=(.+)$", text, re.MULTILINE) for text in (env, newer)]
    if not all(found):
        return env
    keys = dict.fromkeys(key for lines in found for key in key_list(lines[-1]))
    return re.sub(rf"^{ERASURE_KEY}=.+$", lambda _: f"{ERASURE_KEY}={SEPARATOR.join(keys)}", env, flags=re.MULTILINE)


def to_stderr(line: str) -> None:
    """Print a line for people; what is written to stdout becomes `.env`."""
    print(line, file=sys.stderr)


def registers_aside(home: Db) -> list[Register]:
    """The registers that earlier restores have set aside; one that was interrupted has carried nothing over.

    Raises Unavailable.
    """
    with reachable():
        names = sorted(home.client.list_database_names())
    # Only the appliance's own database has a register; those of the kinds have more after the time.
    return [Register.of(home.client[name]) for name in names if re.fullmatch(rf"{ASIDE}\d+", name)]


def into_folder(source: Path, target: Path, stamp: str) -> None:
    """Move all that is in the folder `target` into one inside it, and copy `source` into its place."""
    aside = target / f".{stamp}"
    if there := [path for path in target.iterdir() if not path.name.startswith(f".{ASIDE}")]:
        aside.mkdir(mode=0o700)
        for path in there:
            path.rename(aside / path.name)
    shutil.copytree(source, target, dirs_exist_ok=True)


def into_mongo(home: Db, source: Path, stamp: str) -> None:
    """Move the collections of all kinds into other databases, and load the copy. Raises Unavailable."""
    with reachable():
        there = {home.name, *(name for name in home.client.list_database_names() if name.startswith(f"{home.name}-"))}
        for name in sorted(there):
            mongo_dump.move(home.client[name], home.client[f"{stamp}{name.removeprefix(home.name)}"])
    mongo_dump.load(home, source)


def into_s3(settings: Volumes, source: Path, stamp: str) -> None:
    """Move objects that the backup does not have as they are into a bucket of their own; put back what is missing.

    Raises Unavailable.
    """
    aside = ObjectStore(settings, stamp)
    for bucket in objects.buckets(settings):
        store = ObjectStore(settings, bucket)
        store.ensure()
        for key in store.keys():  # noqa: SIM118  no dict
            content, path = store.get(key), source / bucket / objects.file_of(key)
            if path.is_file() and path.read_bytes() == content:
                continue
            aside.ensure()
            aside.put(f"{bucket}/{key}", content)
            store.remove(key)
    objects.put_back(settings, source)


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser("into_volumes", description="Restores the volumes of docker compose.")
    parser.add_argument("what", choices=["env", "data"])
    parser.add_argument("archive", type=Path, help="folder of the archive")
    parser.add_argument("--backup", metavar="START", help="start of a backup's name or time; without it, the newest")
    parser.add_argument("--settings", action="store_true", help="settings.env in the place of .env")
    parser.add_argument("--receipts", type=Path, action="append", default=[], metavar="FILE", help="receipts")
    return parser.parse_args(argv)


@exit_status
def main(argv: list[str] | None = None) -> None:
    """Run the command; 1 after an error, which is printed."""
    asked = arguments(argv)
    if not (passphrase := os.environ.get(PASSPHRASE)):
        raise InputError("There is no passphrase.", next=f"Set {PASSPHRASE}.")
    archive = Archive(asked.archive, passphrase)
    backup = choose(archive, asked.backup)
    scratch = os.environ.get("CALLWISE_BACKUP_SCRATCH")
    with tempfile.TemporaryDirectory(dir=scratch, prefix="restore-") as unpacked:
        folder, manifest = read(archive, backup, Path(unpacked) / "backup")
        if asked.what == "env":
            name = "settings.env" if asked.settings else "env"
            text = (folder / "secrets" / name).read_text(encoding="utf-8")
            if not asked.settings:
                newer = environment_since(archive, backup, Path(unpacked) / "newest", to_stderr)
                text = with_erasure_keys(text, newer)
            sys.stdout.write(text)
            return
        registers = register_since(archive, backup, Path(unpacked) / "newest", print)
        env = with_its_login(os.environ)
        registers += restore(folder, manifest.at, load(Volumes, env), say=print, at=now())
        print(erase_again(env, registers, asked.receipts))
    print(f"Restored the backup of {words(backup.at)}.")


if __name__ == "__main__":
    sys.exit(main())
