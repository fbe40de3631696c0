"""Every store and secret of the appliance, in the order in which a backup copies them.

The order is what makes the whole restorable. Each service may be killed at any moment, so what refers to something is
written after it: a decision after the model's version, the version after its files on S3, a tag after its dataset. The
backup copies the other way round: first what refers, then what it refers to. So everything that a copied record names
was there when the record was copied, and is copied after it.

    spool       before MongoDB, because its rows move there: copied twice, under one key, rather than never
    mongo       the kinds' databases before the appliance's; as of one moment each where they are SQLite, the embedded
                server's, and collection by collection elsewhere
    registry    refs before objects
    prefect, evidently, mlflow      as of one moment each
    s3          last
    secrets     they do not change while the appliance runs
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bootstrap.backup.copies import env_file, mongo_dump, objects, register, sqlite_files
from bootstrap.backup.manifest import Part, tree
from core.settings.addresses import MongoSettings, S3Settings
from core.settings.backup import BackupSettings
from core.stores.mongo import connect

Parts = Mapping[str, Part]

SKIPPED = {"tmp", "cache"}
"""Folders of DVC in the registry: its locks, and content that is on S3 as well."""
REFS = ("HEAD", "packed-refs", "refs", "logs")


class Settings(BackupSettings, MongoSettings, S3Settings):
    """Where the stores are, and where backups go."""


@dataclass(frozen=True)
class Store:
    """One store: `copy(target)` writes its copy below the folder `target` and returns its parts.

    `lasting`: parts that never lose all their records once they have some. `may_be_empty`: it may have no record.
    """

    name: str
    copy: Callable[[Path], Parts]
    lasting: tuple[str, ...] = ()
    may_be_empty: bool = False


def elsewhere(settings: Settings) -> list[str]:
    """The stores whose database is a server's, such as PostgreSQL: they are left out, for its own tools to back up."""
    addresses = {
        "prefect": settings.prefect_api_database_connection_url,
        "mlflow": settings.mlflow_backend_store_uri,
    }
    return [name for name, uri in addresses.items() if uri and not uri.startswith("sqlite")]


def stores(settings: Settings) -> list[Store]:
    """The stores, in the order in which they are copied, without those that are elsewhere."""
    left_out = elsewhere(settings)
    return [store for store in _all(settings) if store.name not in left_out]


def _all(settings: Settings) -> list[Store]:
    root, home = settings.callwise_backup_of, settings.mongodb_database
    models = settings.s3_bucket_models
    return [
        Store("spool", lambda target: _databases(root / "spool", "*.sqlite3", target), may_be_empty=True),
        Store(
            "mongo",
            lambda target: _mongo(settings, target),
            lasting=tuple(f"{home}.{name}" for name in ("users", "events", "models", "kinds")),
        ),
        Store("register", lambda target: register.copy(connect(settings), target), may_be_empty=True),
        Store("registry", lambda target: _registry(root / "registry", target)),
        Store("prefect", lambda target: _databases(root / "prefect", "prefect.db", target), ("prefect.deployment",)),
        Store("evidently", lambda target: _folder(root / "evidently", target)),
        Store(
            "mlflow",
            lambda target: _databases(root / "mlflow", "mlflow.db", target),
            ("mlflow.runs", "mlflow.model_versions"),
        ),
        Store("s3", lambda target: objects.copy(settings, target), (models,), may_be_empty=True),
        Store("secrets", lambda target: _secrets(root, target)),
    ]


def _databases(folder: Path, pattern: str, target: Path) -> Parts:
    """Copies the SQLite databases of a folder; their tables are named `{database}.{table}`."""
    return _copied(sorted(folder.glob(pattern)), target)


def _mongo(settings: Settings, target: Path) -> Parts:
    """The embedded server's databases, one file each, the appliance's own last; of a server elsewhere, its documents.

    Those of the kinds refer to it: a call to somebody who asked not to be called comes before the wish.
    """
    folder, home = settings.callwise_backup_of / "mongo", settings.mongodb_database
    if not folder.is_dir():
        return mongo_dump.copy(connect(settings), target)
    return _copied(sorted(folder.glob("*.db"), key=lambda path: (path.stem == home, path.name)), target)


def _copied(databases: list[Path], target: Path) -> Parts:
    target.mkdir(parents=True, mode=0o700)
    parts = {}
    for path in databases:
        for table, part in sqlite_files.copy(path, target / path.name).items():
            parts[f"{path.stem}.{table}"] = part
    return parts


def _registry(folder: Path, target: Path) -> Parts:
    """The git repositories of the data registry. A ref that was copied names objects that are there already."""
    _copy_tree(_registry_files(folder), folder, target)
    return {"files": tree(target)}


def _registry_files(folder: Path) -> Iterator[Path]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and not _skipped(path.relative_to(folder))]

    def refers(path: Path) -> bool:
        inside = path.relative_to(folder).parts
        return ".git" in inside and inside[inside.index(".git") + 1] in REFS

    yield from (path for path in files if refers(path))
    # Objects that came since the refs were listed are found by a second look.
    yield from (
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _skipped(path.relative_to(folder)) and not refers(path)
    )


def _skipped(path: Path) -> bool:
    parts = path.parts
    return any(pair[0] == ".dvc" and pair[1] in SKIPPED for pair in pairwise(parts))


def _folder(folder: Path, target: Path) -> Parts:
    _copy_tree((path for path in sorted(folder.rglob("*")) if path.is_file()), folder, target)
    return {"files": tree(target)}


def _copy_tree(files: Iterator[Path], folder: Path, target: Path) -> None:
    target.mkdir(parents=True, mode=0o700)
    for path in files:
        copied = target / path.relative_to(folder)
        copied.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            shutil.copyfile(path, copied)
        except FileNotFoundError:
            continue  # its owner removed or replaced it since it was listed


def _secrets(root: Path, target: Path) -> Parts:
    """The secrets of the embedded appliance, and whether it has the demo's story; or the files of variables."""
    target.mkdir(parents=True, mode=0o700)
    if not (root / "secrets.json").exists():
        for name, text in env_file.files(os.environ).items():
            (target / name).write_text(text, encoding="utf-8")
        return {"files": tree(target)}
    for path in (root / "secrets.json", root / "story.json"):
        if path.exists():
            shutil.copyfile(path, target / path.name)
    return {"files": tree(target)}
