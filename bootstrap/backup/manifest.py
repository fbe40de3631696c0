"""The manifest of one backup: every file with size and sha256, and for each store its records, counted and hashed.

It lies in the backup itself. Whatever reads a backup, right after it was written, in a drill or in a restore, compares
with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from core.errors import InputError

NAME = "manifest.json"
FORMAT = 1
CHUNK = 1 << 20


@dataclass(frozen=True)
class Part:
    """What one store had of one kind of records (a table, a collection, a bucket): their number, and their sha256."""

    count: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """`files`: size in bytes and sha256 by path below the backup. `stores`: parts by store, then by their name.

    `folders`: all folders, also empty ones, which no archive keeps and git needs. `elsewhere`: stores that are not in
    the backup, because their database is a server's.
    """

    at: datetime
    version: str
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    stores: Mapping[str, Mapping[str, Part]] = field(default_factory=dict)
    folders: Sequence[str] = ()
    elsewhere: Sequence[str] = ()

    def records(self, store: str) -> int:
        """The number of records of `store`."""
        return sum(part.count for part in self.stores.get(store, {}).values())

    @classmethod
    def of(
        cls,
        folder: Path,
        at: datetime,
        version: str,
        stores: Mapping[str, Mapping[str, Part]],
        elsewhere: Sequence[str] = (),
    ) -> Self:
        """The manifest of the files that lie below `folder`."""
        files = {str(path.relative_to(folder)): fingerprint(path) for path in below(folder)}
        folders = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_dir())
        return cls(at, version, files, stores, folders, elsewhere)

    def write(self, folder: Path) -> None:
        """Write it into `folder`."""
        document = {"format": FORMAT, **asdict(self), "at": self.at.isoformat()}
        (folder / NAME).write_text(json.dumps(document, indent=1), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The manifest in `folder`. Raises InputError if there is none, or one of a later format."""
        try:
            document: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError) as error:
            raise InputError(
                "The backup has no manifest that can be read, so nobody knows what belongs to it."
            ) from error
        if document["format"] != FORMAT:
            raise InputError(
                f"The backup has format {document['format']}, and this release reads {FORMAT}.",
                next=f"Use release {document['version']}, which made it.",
            )
        return cls(
            datetime.fromisoformat(document["at"]),
            document["version"],
            {path: (size, sha256) for path, (size, sha256) in document["files"].items()},
            {
                store: {name: Part(part["count"], part["sha256"]) for name, part in parts.items()}
                for store, parts in document["stores"].items()
            },
            document["folders"],
            document.get("elsewhere", []),
        )

    def check(self, folder: Path) -> None:
        """Compare the files below `folder` with it; make empty files and folders, which no archive keeps.

        Raises InputError naming the first that is missing, changed or too many.
        """
        for name in self.folders:
            (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, (size, _) in self.files.items():
            if size == 0 and not (folder / name).exists():
                (folder / name).touch(mode=0o600)
        found = {str(path.relative_to(folder)): path for path in below(folder)}
        for name, expected in self.files.items():
            if name not in found:
                raise InputError(f"The backup is damaged: {name} is missing.")
            if fingerprint(found[name]) != expected:
                raise InputError(f"The backup is damaged: {name} is not what was stored.")
        if more := sorted(found.keys() - self.files.keys()):
            raise InputError(f"The backup is damaged: {more[0]} does not belong to it.")


def below(folder: Path) -> Iterator[Path]:
    """All files below `folder` but the manifest, in a fixed order."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / NAME)


def fingerprint(path: Path) -> tuple[int, str]:
    """Size in bytes and sha256 of a file."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def tree(folder: Path) -> Part:
    """All files below `folder` as one part."""
    digest, count = hashlib.sha256(), 0
    for path in below(folder):
        digest.update(f"{path.relative_to(folder)}\0{fingerprint(path)[1]}\n".encode())
        count += 1
    return Part(count, digest.hexdigest())
