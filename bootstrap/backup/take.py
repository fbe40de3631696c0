"""Makes a backup: copy every store, store the copy, read it back, and only then count it as one."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bootstrap.backup.archive import Archive, Backup, clear
from bootstrap.backup.keeping import Keep
from bootstrap.backup.manifest import Manifest
from bootstrap.backup.stores import Parts, Store
from core.clock import Clock, now
from core.errors import Conflict, InputError

Say = Callable[[str], None]
RESERVE = 256_000_000
"""Bytes that stay free beside the copies, for what the stores have grown by since the last backup."""


@dataclass(frozen=True)
class Taken:
    """A backup that was made: its manifest, size in bytes and seconds; and the names of those that had to go for it."""

    backup: Backup
    manifest: Manifest
    seconds: float
    gone: Sequence[Backup]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return self.backup.size


def take(
    stores: Sequence[Store],
    archive: Archive,
    scratch: Path,
    *,
    keep: Keep,
    version: str,
    elsewhere: Sequence[str] = (),
    accept_empty: bool = False,
    say: Say = lambda _: None,
    clock: Clock = now,
) -> Taken:
    """Make a backup of `stores`, with copies below `scratch` meanwhile. `elsewhere`: the names of those left out.
    `accept_empty`: a store may have become empty.

    Safe to kill: what is half written counts for nothing, and the next run removes it. Raises Conflict if a store is
    empty, the disk is full, or another backup is being made; InputError for an archive that does not open, and, once
    the new backup is kept, for one that has lost an older backup; Unavailable.
    """
    began, at = time.monotonic(), clock()
    with archive.locked():
        archive.create()
        before, damaged = archive.examined()
        try:
            folder = clear(scratch / "copy")
            last = max([*before, *damaged], key=lambda one: one.at, default=None)
            refuse_full(scratch, last.size if last else 0)
            parts = {}
            for store in stores:
                parts[store.name] = store.copy(folder / store.name)
                say(f"{store.name}: {sum(part.count for part in parts[store.name].values())} records")
            for name in elsewhere:
                say(f"{name}: left out, its database is elsewhere")
            counts = {f"{store}/{name}": part.count for store, found in parts.items() for name, part in found.items()}
            if not accept_empty:
                refuse_empty(stores, parts, last.counts if last else {})
            manifest = Manifest.of(folder, at, version, parts, elsewhere)
            manifest.write(folder)
            size = sum(length for length, _ in manifest.files.values())
            # An earlier backup's data is not stored again; nobody knows how much that is. Growth at least is new.
            refuse_full(archive.folder, max(0, size - last.size) if last else size)
            backup = archive.write(folder, at, counts, size)
            shutil.rmtree(folder)  # room for what is read back: only one of both lies here at a time
            # Whoever stored a copy of the manifest beside wrong data would find it equal: compare with the one here.
            manifest.check(archive.read(backup, clear(scratch / "read")))
            archive.keep(backup)
        finally:
            shutil.rmtree(scratch / "copy", ignore_errors=True)
            shutil.rmtree(scratch / "read", ignore_errors=True)
        if damaged:  # said only now: a damage in an old backup is no reason to have no new one
            raise InputError(
                f"The archive {archive.folder} is damaged: the backup of {words(damaged[0].at)} is missing or damaged.",
                kept="A new backup was made, and no old one was removed.",
                next=f"Put its file in snapshots/ (…-{damaged[0].name[:12]}…) back from another copy of the archive; "
                "if there is none, remove that file and its entry in backups.json.",
            )
        gone = keep.surplus([backup, *before])
        archive.forget(gone)
    return Taken(backup, manifest, time.monotonic() - began, gone)


def refuse_full(folder: Path, size: int) -> None:
    """Raise Conflict if `size` bytes, and RESERVE, do not fit below `folder`, of the copies or of the archive.

    A copy that fills the disk takes the stores on it with it.
    """
    free, needed = shutil.disk_usage(folder).free, size + RESERVE
    if free < needed:
        raise Conflict(
            f"No room for a backup in {folder}: {free / 1e6:.0f} MB are free, {needed / 1e6:.0f} MB are needed.",
            kept="No backup was made; the earlier ones stay.",
            next="Make room on that disk.",
        )


def refuse_empty(stores: Sequence[Store], found: Mapping[str, Parts], before: Mapping[str, int]) -> None:
    """Raise Conflict, naming the store, if one has no records, or has lost all of a part that the last backup had.

    A backup of a lost store looks like any other, and pushes the good ones out.
    """
    for store in stores:
        parts = found[store.name]
        if not store.may_be_empty and not sum(part.count for part in parts.values()):
            raise Conflict(
                f"The store {store.name} is empty: there is nothing to back up.",
                kept="No backup was made; the earlier ones stay.",
                next="Look why it is empty. If it was lost, restore it (docs/operations.md, Backup).",
            )
        for name in store.lasting:
            had = before.get(f"{store.name}/{name}", 0)
            if had and not (name in parts and parts[name].count):
                raise Conflict(
                    f"{name} of the store {store.name} is empty, and the last backup has {had} records of it.",
                    kept="No backup was made; the earlier ones stay.",
                    next="If it was lost, restore it. If that is right: scripts/backup --accept-empty",
                )


def words(at: datetime) -> str:
    """A time for people, in UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
