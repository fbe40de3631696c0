"""The archive: a folder with encrypted, deduplicated backups. The only module that knows the engine, Replicat.

    folder/
    ├── key              the archive's key, encrypted under the passphrase (scrypt)
    ├── config           the engine's settings
    ├── drill.json       the result of the last drill
    ├── backups.json     the backups that must be here: names, times, numbers of records; no secrets
    └── data/ snapshots/ chunks and lists of files, encrypted and authenticated (AES-GCM)

Folder and passphrase are all that a restore needs. Files are split by content, so what an earlier backup has is not
stored again. Every chunk is authenticated when it is read: a changed or missing one is an error, never other data.
"""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

from bootstrap.backup.durable import locked, make_durable, replace
from core.errors import InputError, NotFound

T = TypeVar("T")

log = logging.getLogger(__name__)
logging.getLogger("replicat").setLevel(logging.WARNING)  # at INFO, a line for every chunk

KEY, CONFIG, INDEX, DRILL, LOCK = "key", "config", "backups.json", "drill.json", "lock"
EMPTY = {LOCK, CONFIG, INDEX, "lost+found"}
"""What may lie in an empty folder: what `create` wrote before it was killed, and what a new file system has."""
HALF = (f".{KEY}-*", f".{INDEX}-*", f"{CONFIG}_*.tmp")
"""Files that `create` was killed in."""
AT_ONCE = 2
"""Chunks that are encrypted and written side by side; some ten times as many wait in memory."""
CHUNKS = {"name": "gclmulchunker", "min_length": 32_000, "max_length": 512_000}
"""Sizes of chunks in bytes. A database changes a page here and a page there, and each makes one chunk new."""
KDF = {"name": "scrypt", "n": 1 << 17}
"""Cost of a guess at the passphrase: 128 MiB and half a second, as OWASP's Password Storage Cheat Sheet proposes. The
engine's own default takes 1 GiB, which a small container does not have."""


@dataclass(frozen=True)
class Backup:
    """One backup in the archive: its name, when the copying of the stores began, and its number of records by part.

    A part is `{store}/{part}`. `size`: bytes of all files; 0 if an earlier release made it, which did not note them.
    """

    name: str
    at: datetime
    counts: Mapping[str, int] = field(default_factory=dict)
    size: int = 0


class Archive:
    """The archive in one folder, opened with its passphrase."""

    def __init__(self, folder: Path, passphrase: str) -> None:
        self.folder = folder.resolve()
        self._passphrase = passphrase.encode()

    @property
    def exists(self) -> bool:
        """Whether the folder holds an archive."""
        return (self.folder / KEY).is_file()

    @property
    def last(self) -> datetime | None:
        """When the newest backup was made, without opening the archive; None if there is none."""
        return max((datetime.fromisoformat(noted["at"]) for noted in self._index().values()), default=None)

    @property
    def drilled(self) -> datetime | None:
        """When the last drill was made; None if none was."""
        return datetime.fromisoformat(self.drill["at"]) if self.drill else None

    @property
    def drill(self) -> dict[str, Any]:
        """The result of the last drill; empty if none was made."""
        try:
            return dict(json.loads((self.folder / DRILL).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return {}

    @property
    def drilled_equal(self) -> datetime | None:
        """When the last drill was made that found all equal; None if none did."""
        noted = self.drill.get("at" if self.drill.get("equal") else "last_equal")
        return datetime.fromisoformat(noted) if noted else None

    def note_drill(self, result: Mapping[str, Any], at: datetime) -> None:
        """Keep the result of a drill, and when the last one was that found every store equal."""
        equal = at if result["equal"] else self.drilled_equal
        noted = {"at": at.isoformat(), "last_equal": equal.isoformat() if equal else None, **result}
        replace(self.folder / DRILL, json.dumps(noted, indent=2).encode())

    def locked(self) -> AbstractContextManager[None]:
        """Keep other backups and drills out; the lock ends with its process. Raises Conflict if one is at work."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return locked(self.folder / LOCK, f"Another backup or drill is at work on {self.folder}.")

    def create(self) -> None:
        """Make the archive, if there is none. Raises InputError if something else is in the folder."""
        if self.exists:
            return
        temporary = [path for one in HALF for path in self.folder.glob(one)]
        if self._index() or {path.name for path in self.folder.iterdir()} - EMPTY - {path.name for path in temporary}:
            raise InputError(
                f"{self.folder} is not empty and not an archive of backups.",
                kept="Nothing was written.",
                next="Name an empty folder.",
            )
        for path in temporary:
            path.unlink()
        # The key comes last: until then the folder is empty for us, and half an archive is made again.
        settings = {"encryption": {"kdf": dict(KDF)}, "chunking": dict(CHUNKS)}
        with tempfile.TemporaryDirectory(prefix="callwise-archive-") as scratch:
            made = Path(scratch) / KEY

            async def initialise(repository: Any) -> None:
                await repository.init(password=self._passphrase, settings=settings, key_output_path=made)

            self._engine(initialise, unlock=False)
            make_durable([self.folder / CONFIG])
            self._note({})  # before the key: an archive that has lost its index never looks like an empty one
            replace(self.folder / KEY, made.read_bytes())

    def backups(self) -> list[Backup]:
        """All backups that are here, the newest first. A warning names those of which `examined` finds a damage.

        Raises NotFound if the folder is no archive; InputError if the passphrase is wrong.
        """
        here, damaged = self.examined()
        for backup in damaged:
            log.warning("The backup of %s in %s is missing or damaged.", backup.at.isoformat(), self.folder)
        return here

    def examined(self) -> tuple[list[Backup], list[Backup]]:
        """The backups whose list of files can be read, and those where it is missing or damaged, the newest first.

        Their chunks are looked at by `read` alone. Raises as `backups` does.
        """
        self._require()
        # A backup that was written and not yet noted was not finished: its process died before it was read back.
        index = self._index().items()
        noted = [Backup(name, datetime.fromisoformat(n["at"]), n["counts"], n.get("size", 0)) for name, n in index]
        noted.sort(key=lambda backup: backup.at, reverse=True)
        here: set[str] = set()

        async def look(repository: Any) -> None:
            for backup in noted:  # each alone: a damaged one hides no other
                with suppress(*_unreadable()):
                    here.update(await _names(repository, backup.name))

        self._engine(look)
        return [one for one in noted if one.name in here], [one for one in noted if one.name not in here]

    def write(self, source: Path, at: datetime, counts: Mapping[str, int], size: int = 0) -> Backup:
        """Store the files below `source`: `size` bytes, `counts` records. Only `keep` makes it a backup."""
        self._require()

        async def store(repository: Any) -> str:
            return str((await repository.snapshot(paths=[source])).name)

        began = time.time()
        name = self._engine(store)
        make_durable(path for path in self.folder.rglob("*") if path.stat().st_mtime >= began - 1)
        return Backup(name, at, counts, size)

    def keep(self, backup: Backup) -> None:
        """Note that `backup` is complete."""
        noted = {"at": backup.at.isoformat(), "counts": dict(backup.counts), "size": backup.size}
        self._note({**self._index(), backup.name: noted})

    def read(self, backup: Backup, into: Path) -> Path:
        """Write the files of `backup` below `into`; returns the folder that is what `source` was.

        Something must lie in `source` itself, not only in its folders. Empty files are not restored.

        Raises InputError if a part of it is missing or damaged.
        """

        async def restore(repository: Any) -> list[str]:
            result = await repository.restore(snapshot_regex=f"^{backup.name}$", path=into)
            return [str(path) for path in result.files]

        into.mkdir(parents=True, exist_ok=True, mode=0o700)
        files = self._engine(restore)
        if not files:
            raise NotFound(f"The backup {backup.name[:12]} is not in {self.folder}.")
        # The engine restores absolute paths below `into`.
        return into / min((Path(one) for one in files), key=lambda path: len(path.parts)).parent.relative_to("/")

    def forget(self, backups: Sequence[Backup]) -> None:
        """Remove these backups, and the chunks that no other backup has."""
        names = {backup.name for backup in backups}
        # First from the list: a process that dies after it leaves a backup too many, never one too few.
        self._note({name: noted for name, noted in self._index().items() if name not in names})

        async def delete(repository: Any) -> None:
            kept = self._index()
            # Also those of processes that died before they had noted theirs.
            if gone := [name for name in await _names(repository) if name not in kept]:
                await repository.delete_snapshots(gone, confirm=False)
            await repository.clean()

        self._engine(delete)

    def _engine(self, work: Callable[[Any], Coroutine[Any, Any, T]], *, unlock: bool = True) -> T:
        """Do `work` on the open archive. Translates the engine's errors; its progress goes nowhere."""
        from replicat.backends.local import Local  # noqa: PLC0415
        from replicat.exceptions import DecryptionError, ReplicatError  # noqa: PLC0415
        from replicat.repository import Repository  # noqa: PLC0415

        async def run() -> T:
            repository = Repository(Local(str(self.folder)), concurrent=AT_ONCE, cache_directory=None)
            if unlock:
                try:
                    await repository.unlock(password=self._passphrase, key=(self.folder / KEY).read_bytes())
                except DecryptionError:
                    raise InputError(
                        f"The passphrase does not open the archive {self.folder}.",
                        kept="Nothing was changed.",
                        next="Use the passphrase of the appliance that made it; if it is right, the key is damaged.",
                    ) from None
                except (ValueError, KeyError, TypeError, AttributeError, LookupError, OSError) as error:
                    raise self._damaged(f"its key or settings cannot be read ({error})") from error
            return await work(repository)

        try:
            with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
                return asyncio.run(run())
        except DecryptionError as error:
            raise self._damaged("a part of it was changed") from error
        except ReplicatError as error:
            raise self._damaged(str(error)) from error
        except FileNotFoundError as error:
            raise self._damaged(f"a part of it is missing ({Path(str(error.filename)).name[:12]}…)") from error

    def _damaged(self, why: str) -> InputError:
        return InputError(
            f"The archive {self.folder} is damaged: {why}.",
            kept="Nothing was changed.",
            next="Use another copy of the archive, or an older backup.",
        )

    def _require(self) -> None:
        if not self.exists:
            raise NotFound(
                f"There is no archive of backups in {self.folder}.", next="Name the folder that has the file `key`."
            )

    def _index(self) -> dict[str, Any]:
        there = self.exists  # asked first: another process may make the archive meanwhile
        try:
            index: dict[str, Any] = json.loads((self.folder / INDEX).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            if there:
                raise self._damaged(f"{INDEX} is missing") from error
            return {}
        except ValueError as error:
            raise self._damaged(f"{INDEX} cannot be read") from error
        return index

    def _note(self, index: Mapping[str, Any]) -> None:
        replace(self.folder / INDEX, json.dumps(dict(index), indent=2).encode())


async def _names(repository: Any, name: str = "") -> list[str]:
    """The names of all that the engine stores, or `name` alone. It prints them, and has no call that returns them."""
    from replicat.utils import SnapshotListColumn  # noqa: PLC0415

    with redirect_stdout(StringIO()) as printed:
        await repository.list_snapshots(snapshot_regex=f"^{name}", header=False, columns=[SnapshotListColumn.NAME])
    return printed.getvalue().split()


def _unreadable() -> tuple[type[Exception], ...]:
    from replicat.exceptions import ReplicatError  # noqa: PLC0415

    return ReplicatError, OSError


def clear(folder: Path) -> Path:
    """Make `folder` anew and empty, for its owner alone; returns it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    return folder
