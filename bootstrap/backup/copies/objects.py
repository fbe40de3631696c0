"""The buckets on S3 as a store: datasets, rejected rows, models and the pages of the gates."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, unquote

from bootstrap.backup.manifest import Part, below, fingerprint
from core.errors import NotFound
from core.settings.addresses import S3Settings
from core.stores.object_store import ObjectStore

EMPTY = "%"
"""Stands for an empty part of a key, as in `a//b`. Quoting never gives it alone."""


def buckets(settings: S3Settings) -> list[str]:
    """The names of the buckets."""
    return [settings.s3_bucket_datasets, settings.s3_bucket_models]


def copy(settings: S3Settings, target: Path) -> dict[str, Part]:
    """Copy every object to a file named after its key; returns the buckets. Raises NotFound for one, Unavailable."""
    parts = {}
    for bucket in buckets(settings):
        store, folder = ObjectStore(settings, bucket), target / bucket
        folder.mkdir(parents=True, mode=0o700)
        for key in store.keys():  # noqa: SIM118  no dict
            try:
                content = store.get(key)
            except NotFound:
                continue  # an erasure or the clearing of old files removed it since it was listed
            path = folder / file_of(key)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.write_bytes(content)
        parts[bucket] = part(folder)
    return parts


def put_back(settings: S3Settings, source: Path) -> None:
    """Write every object of a copy to its bucket, and make the buckets. Raises Unavailable."""
    for bucket in buckets(settings):
        store = ObjectStore(settings, bucket)
        store.ensure()
        for path in below(source / bucket):
            store.put(key_of(path.relative_to(source / bucket)), path.read_bytes())


def stored(settings: S3Settings) -> dict[str, Part]:
    """The buckets as the server has them now, every object read. Raises Unavailable."""
    parts = {}
    for bucket in buckets(settings):
        store = ObjectStore(settings, bucket)
        contents = [(key, hashlib.sha256(store.get(key)).hexdigest()) for key in store.keys()]  # noqa: SIM118  no dict
        parts[bucket] = _part(contents)
    return parts


def part(folder: Path) -> Part:
    """The bucket whose objects are the files in `folder`."""
    return _part([(key_of(path.relative_to(folder)), fingerprint(path)[1]) for path in below(folder)])


def file_of(key: str) -> Path:
    """The file of an object: a folder for each part of the key, and `=` behind the last.

    S3 may have an object `a` beside an object `a/b`, and a file system no file `a` beside a folder `a`.
    """
    *folders, last = [quote(part, safe="").replace(".", "%2E") or EMPTY for part in key.split("/")]
    return Path(*folders, f"{last}=")


def key_of(file: Path) -> str:
    """The key of an object in that file."""
    *folders, last = file.parts
    return "/".join("" if part == EMPTY else unquote(part) for part in (*folders, last.removesuffix("=")))


def _part(contents: Sequence[tuple[str, str]]) -> Part:
    lines = "".join(f"{key}\0{sha256}\n" for key, sha256 in sorted(contents))
    return Part(len(contents), hashlib.sha256(lines.encode()).hexdigest())
