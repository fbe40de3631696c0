"""A person's rows in the datasets: each dataset with such rows gets a successor without them, and loses its content.

The search covers all content on S3 and on this machine, also content without a dataset (left by a killed training). The
order makes a kill safe: the successor is stored first, then the old dataset is marked as retired, and its content goes
last. A repetition makes the same successor, because the same rows give the same bytes, and any later pass removes what
is left of a retired dataset.

The successor is the file that training would write for these outcomes, so a later training reuses it.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core.clock import Clock, now
from core.errors import NotFound
from core.privacy.place import Subject
from core.stores.data_registry import CONTENT, RETENTION, DataRegistry, Snapshot
from core.stores.object_store import ObjectStore
from trainer.data import dataset_file
from trainer.data.dataset_file import PROSPECT
from trainer.privacy.row_fingerprints import RowFingerprints

REMOTE = "dvc/"


@dataclass(frozen=True)
class Datasets:
    """The data registry as a place; `store` is the bucket with its content."""

    data: DataRegistry
    store: ObjectStore
    clock: Clock = now
    name: str = "datasets"

    def count(self, subject: Subject) -> int:
        """How many of the subject's rows all contents hold; content that is on S3 and here counts once."""
        return sum({_content(place): sum(_theirs(table, subject)) for place, table in self._everything()}.values())

    def traces(self, subject: Subject, traces: RowFingerprints) -> frozenset[str]:
        """The traces of the subject's rows."""
        tables = (table.filter(pa.array(_theirs(table, subject))) for _, table in self._everything())
        return frozenset().union(*(traces.of_all(table.to_pylist()) for table in tables))

    def erase(self, subject: Subject) -> None:
        """Give every dataset with the subject's rows a successor without them, and remove the old content."""
        with self.data.writing():
            live, retired = self.data.contents(), set()
            for place, table in self._everything():
                theirs = _theirs(table, subject)
                if not any(theirs):
                    continue
                snapshots = live.get(_content(place), [])
                if snapshots and _content(place) not in retired:
                    successor = self._successor(snapshots[0], table.filter(pa.array([not row for row in theirs])))
                    successors = {snapshot.tag: successor.tag for snapshot in snapshots}
                    self.data.retire(successors, receipt=subject.receipt, clock=self.clock)
                    retired.add(_content(place))
                self._remove(place)

    def successors_for(self, receipt: str) -> dict[str, str]:
        """The datasets that were replaced for `receipt`, each with its successor."""
        entries = sorted(self.data.retired().items())
        return {tag: entry["successor"] for tag, entry in entries if entry["receipt"] == receipt}

    def tags_of(self, receipt: str) -> set[str]:
        """Every dataset that held the subject of `receipt`: the replaced ones, and all that these had replaced.

        Without those that were cleared because they were old: nobody can say who was in them.
        """
        tags = set(self.successors_for(receipt))
        retired = {tag: entry for tag, entry in self.data.retired().items() if entry["receipt"] != RETENTION}
        while before := {tag for tag, entry in retired.items() if entry["successor"] in tags} - tags:
            tags |= before
        return tags

    def _successor(self, snapshot: Snapshot, table: pa.Table) -> Snapshot:
        facts = {name: value for name, value in snapshot.facts.items() if name not in ("from", "until")}
        with tempfile.TemporaryDirectory(prefix="callwise-erasure-") as folder:
            path = Path(folder) / "dataset.parquet"
            dataset_file.write(table, path)
            return self.data.add(path, rows=len(table), facts=facts | dataset_file.facts(table), clock=self.clock)

    def _everything(self) -> Iterator[tuple[str | Path, pa.Table]]:
        """Every table with rows of people, on S3 and on this machine, and its key or path."""
        for key in self.store.keys(REMOTE):
            with suppress(NotFound, pa.ArrowInvalid):  # removed meanwhile, or no table
                table = pq.read_table(pa.BufferReader(self.store.get(key)))
                if PROSPECT in table.column_names:
                    yield key, table
        for path in self.data.local():
            with suppress(FileNotFoundError, pa.ArrowInvalid):
                table = pq.read_table(path)
                if PROSPECT in table.column_names:
                    yield path, table

    def _remove(self, place: str | Path) -> None:
        if isinstance(place, Path):
            place.unlink(missing_ok=True)
        else:
            self.store.remove(place)


def _theirs(table: pa.Table, subject: Subject) -> list[bool]:
    return [subject.person.has(prospect or "") for prospect in table.column(PROSPECT).to_pylist()]


def _content(place: str | Path) -> str:
    """The md5 under which DVC stores the content of a key or a path."""
    _, known, name = str(place).rpartition(f"{CONTENT}/")
    if known or isinstance(place, str):
        return name.replace("/", "")
    with place.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
