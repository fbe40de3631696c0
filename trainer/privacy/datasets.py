"""A person's rows in the datasets: each that holds some gets a successor without them, and its content is removed.

All content there is is looked into, on S3 and on this machine, also such as no dataset refers to (what a training that
was killed left behind). Order makes it safe to be killed: the successor is kept first, then the old dataset is noted as
retired, and its content goes last. A repetition finds the same successor, because the same rows give the same bytes,
and content of a retired dataset is removed by whichever pass meets it.

The successor is the file that training would make of these outcomes today, so a training without the person finds it
there instead of adding another.
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
from core.stores.data_registry import CONTENT, DataRegistry, Snapshot
from core.stores.object_store import ObjectStore
from trainer.data import dataset_file
from trainer.data.dataset_file import PROSPECT
from trainer.privacy.row_fingerprints import Traces

REMOTE = "dvc/"


@dataclass(frozen=True)
class Datasets:
    """The data registry as a place; `store` is the bucket its content lies in."""

    data: DataRegistry
    store: ObjectStore
    clock: Clock = now
    name: str = "datasets"

    def count(self, subject: Subject) -> int:
        """How many of the subject's rows there are in all contents; one that lies on S3 and here too counts once."""
        return sum({_content(place): sum(_theirs(table, subject)) for place, table in self._everything()}.values())

    def traces(self, subject: Subject, traces: Traces) -> frozenset[str]:
        """The traces of these rows."""
        rows = (table.filter(pa.array(_theirs(table, subject))).to_pylist() for _, table in self._everything())
        return frozenset().union(*(traces.of_all(found) for found in rows))

    def erase(self, subject: Subject) -> None:
        """Give every dataset with such rows a successor without them, and remove what held them."""
        with self.data.writing():
            live, done = self.data.contents(), set()
            for place, table in self._everything():
                theirs = _theirs(table, subject)
                if not any(theirs):
                    continue
                snapshots = live.get(_content(place), [])
                if snapshots and _content(place) not in done:
                    successor = self._successor(snapshots[0], table.filter(pa.array([not one for one in theirs])))
                    given = {snapshot.tag: successor.tag for snapshot in snapshots}
                    self.data.retire(given, receipt=subject.receipt, clock=self.clock)
                    done.add(_content(place))
                self._remove(place)

    def replaced(self, receipt: str) -> dict[str, str]:
        """The datasets that gave way for `receipt`, each with its successor."""
        found = self.data.retired().items()
        return {tag: retired["successor"] for tag, retired in sorted(found) if retired["receipt"] == receipt}

    def held(self, receipt: str) -> set[str]:
        """Every dataset that held the subject of `receipt`: those, and the ones whose places they had taken before."""
        held, retired = set(self.replaced(receipt)), self.data.retired()
        while before := {tag for tag, gave in retired.items() if gave["successor"] in held} - held:
            held |= before
        return held

    def _successor(self, snapshot: Snapshot, table: pa.Table) -> Snapshot:
        span = {name: said for name, said in snapshot.facts.items() if name not in ("from", "until")}
        with tempfile.TemporaryDirectory(prefix="callwise-erasure-") as folder:
            path = Path(folder) / "dataset.parquet"
            dataset_file.write(table, path)
            return self.data.add(path, rows=len(table), facts=span | dataset_file.facts(table), clock=self.clock)

    def _everything(self) -> Iterator[tuple[str | Path, pa.Table]]:
        """Everything that holds rows of people, on S3 and here."""
        for key in self.store.keys(REMOTE):
            with suppress(NotFound, pa.ArrowInvalid):  # gone in between, or no table
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
    """The md5 that DVC keeps the content of a key or a path under."""
    _, known, name = str(place).rpartition(f"{CONTENT}/")
    if known or isinstance(place, str):
        return name.replace("/", "")
    with place.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
