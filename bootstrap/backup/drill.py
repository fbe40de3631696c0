"""The drill: restores the newest backup into a scratch appliance, starts its servers, and compares every store.

What is compared is counted and hashed where it lies after the restore: rows in the databases, objects through the
scratch S3 server, files on disk. The manifest says what each must be. The appliance itself is not touched.

In docker compose the service has no servers of its own to start: there every copy is read to its last record.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bootstrap.backup.archive import Archive, clear
from bootstrap.backup.copies import mongo_dump, objects, sqlite_files
from bootstrap.backup.copies.register import FILE
from bootstrap.backup.manifest import Manifest, Part, fingerprint, tree
from bootstrap.backup.restore import choose, lay_out, read
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.watch import Watch
from core.settings.addresses import MongoSettings, S3Settings
from core.settings.loading import load
from core.stores.mongo import connect, count, reachable

SERVERS = ("s3", "mongo", "mlflow", "prefect", "evidently")
DATABASES = {"mongo": "*.db", "prefect": "*.db", "mlflow": "*.db", "spool": "*.sqlite3"}
FOLDERS = ("registry", "evidently")
OWN = "neosqlite"
SERVED = "mongo-served"
"""The documents that the scratch MongoDB server counts, beside the rows in its files."""

Parts = Mapping[str, Part]


@dataclass(frozen=True)
class Compared:
    """One store: its records in the backup and after the restore, and the parts that differ."""

    store: str
    records: int
    restored: int
    differing: tuple[str, ...]

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.differing


@dataclass(frozen=True)
class Drill:
    """The result of a drill, and its seconds: to read and compare the backup, and until all servers were well."""

    backup: str
    at: datetime
    stores: tuple[Compared, ...]
    files: int
    read_seconds: float
    start_seconds: float

    @property
    def equal(self) -> bool:
        """Whether every store is equal."""
        return all(store.equal for store in self.stores)

    def document(self) -> dict[str, Any]:
        """The result as JSON."""
        return {
            "equal": self.equal,
            "backup": self.backup,
            "made": self.at.isoformat(),
            "files": self.files,
            "read_seconds": round(self.read_seconds, 1),
            "start_seconds": round(self.start_seconds, 1),
            "stores": [
                {
                    "store": one.store,
                    "records": one.records,
                    "restored": one.restored,
                    "equal": one.equal,
                    "differing": list(one.differing),
                }
                for one in self.stores
            ],
        }

    def summary(self) -> str:
        """The result in one sentence."""
        if differing := [one.store for one in self.stores if not one.equal]:
            return f"the backup of {self.at:%Y-%m-%d} comes back DIFFERENT in {', '.join(differing)}"
        records = sum(one.records for one in self.stores if one.store != SERVED)
        return f"the backup of {self.at:%Y-%m-%d} comes back equal: {records} records"

    def table(self) -> str:
        """The result for people."""
        rows = [f"{'store':<14}{'backup':>12}{'restored':>12}  result"]
        for one in self.stores:
            result = "equal" if one.equal else f"DIFFERENT: {', '.join(one.differing)}"
            rows.append(f"{one.store:<14}{one.records:>12}{one.restored:>12}  {result}")
        return "\n".join(rows)


def drill(archive: Archive, scratch: Path, say: Callable[[str], None] = lambda _: None) -> Drill:
    """Restore the newest backup below `scratch` and compare it. Raises InputError for a damaged archive or a wrong
    passphrase, NotFound if there is no backup, Conflict if another backup or drill is at work, Unavailable if a server
    does not get well with the restored data."""
    with archive.locked():
        try:
            return _drill(archive, scratch, say)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _drill(archive: Archive, scratch: Path, say: Callable[[str], None]) -> Drill:
    began = time.monotonic()
    backup = choose(archive, None)
    folder, manifest = read(archive, backup, scratch / "backup")
    read_seconds = time.monotonic() - began
    say(f"read and compared {len(manifest.files)} files")
    if not any((folder / "mongo").glob(DATABASES["mongo"])):
        found = _copies(folder)
        compared = [_compared(name, parts, found.get(name, {})) for name, parts in manifest.stores.items()]
        return Drill(backup.name, backup.at, tuple(compared), len(manifest.files), read_seconds, 0.0)
    state = clear(scratch / "state")
    lay_out(folder, state)
    for name, pattern in DATABASES.items():
        for database in sorted((state / name).glob(pattern)):
            sqlite_files.check(database)
    found = _on_disk(state)
    began = time.monotonic()
    with Appliance(state, services=SERVERS) as appliance:
        s3 = load(S3Settings, appliance.env)
        Watch(appliance).wait_healthy(lambda status: say(f"{status.service.label}: {status.state}"))
        start_seconds = time.monotonic() - began
        objects.put_back(s3, folder / "s3")
        found["s3"] = objects.stored(s3)
        served = _served(load(MongoSettings, appliance.env), manifest)
    found["register"] = _register(folder)
    compared = [_compared(name, parts, found.get(name, {})) for name, parts in manifest.stores.items()]
    compared.append(_counted(manifest.stores["mongo"], served))
    return Drill(backup.name, backup.at, tuple(compared), len(manifest.files), read_seconds, start_seconds)


def _on_disk(state: Path) -> dict[str, Parts]:
    """The parts of the stores that are files, as they lie in a restored state folder."""
    found: dict[str, Parts] = {name: {"files": tree(state / name)} for name in FOLDERS}
    for name, pattern in DATABASES.items():
        found[name] = _tables(state / name, pattern)
    # The secrets lie in the state folder itself, beside the lock.
    found["secrets"] = {"files": _secrets(state)}
    return found


def _copies(folder: Path) -> dict[str, Parts]:
    """The parts of a backup of docker compose, whose servers are not here: each copy is read to its last record."""
    found: dict[str, Parts] = {name: {"files": tree(folder / name)} for name in (*FOLDERS, "secrets")}
    for name in ("prefect", "mlflow", "spool"):
        for path in sorted((folder / name).glob(DATABASES[name])):
            sqlite_files.check(path)
        found[name] = _tables(folder / name, DATABASES[name])
    found["mongo"] = mongo_dump.parts(folder / "mongo")
    found["s3"] = {path.name: objects.part(path) for path in sorted((folder / "s3").iterdir())}
    found["register"] = _register(folder)
    return found


def _tables(folder: Path, pattern: str) -> Parts:
    return {
        f"{path.stem}.{table}": part
        for path in sorted(folder.glob(pattern))
        for table, part in sqlite_files.tables(path).items()
    }


def _secrets(state: Path) -> Part:
    kept = clear(state / "secrets-compared")
    for path in state.glob("*.json"):
        (kept / path.name).write_bytes(path.read_bytes())
    return tree(kept)


def _register(folder: Path) -> Parts:
    path = folder / "register" / FILE
    documents = json.loads(path.read_text(encoding="utf-8"))
    return {"erasures": Part(len(documents["erasures"]), fingerprint(path)[1])}


def _served(settings: MongoSettings, manifest: Manifest) -> dict[str, int]:
    """The number of documents that the server finds in every collection of the backup. Raises Unavailable."""
    client, found = connect(settings).client, {}
    with reachable():
        for name in _collections(manifest.stores["mongo"]):
            database, _, collection = name.partition(".")
            found[name] = count(client[database][collection], {})
    return found


def _collections(parts: Parts) -> list[str]:
    """The parts that are collections; the others are tables that the embedded server keeps for itself."""
    named = {name: name.partition(".")[::2] for name in parts}
    return [name for name, (database, table) in named.items() if database != "admin" and not table.startswith(OWN)]


def _compared(store: str, expected: Parts, found: Parts) -> Compared:
    names = sorted(expected.keys() | found.keys())
    differing = tuple(name for name in names if expected.get(name) != found.get(name))
    records = [sum(part.count for part in parts.values()) for parts in (expected, found)]
    return Compared(store, records[0], records[1], differing)


def _counted(expected: Parts, served: Mapping[str, int]) -> Compared:
    differing = tuple(name for name, number in served.items() if expected[name].count != number)
    return Compared(SERVED, sum(expected[name].count for name in served), sum(served.values()), differing)
