"""Long imports: in a process of their own, seen and ended by anybody, and going on where one was killed."""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.clock import now
from core.errors import Conflict, InputError
from core.files.campaign_file import CampaignFile
from core.imports import process as import_process
from core.imports import run_import
from core.imports.process import Wired
from core.imports.run_import import ImportJob
from core.lists import import_log, logged_import
from core.lists.logged_import import Cancelled, Entry, State
from core.schema import Schema
from core.settings.addresses import S3Settings
from core.settings.loading import load
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore

pytestmark = [pytest.mark.mongo, pytest.mark.s3]

Make = Callable[..., ImportJob]


@pytest.fixture
def house(db: Db, schema: Schema, monkeypatch: pytest.MonkeyPatch) -> Wired:
    """The stores, which a process that is started finds in the environment."""
    if "S3_ENDPOINT_URL" not in os.environ:
        pytest.skip("S3_ENDPOINT_URL names no server; scripts/test starts one")
    monkeypatch.setenv("MONGODB_DATABASE", db.name)
    monkeypatch.setenv("S3_BUCKET_DATASETS", "callwise-test-imports")
    store = ObjectStore(load(S3Settings), "callwise-test-imports")
    store.ensure()
    return Wired(db, store, schema, None, None)


@pytest.fixture
def make(tmp_path: Path, person: dict[str, Any]) -> Make:
    """Work of so many rows, the third of which breaks a rule."""

    def make(rows: int, name: str = "people.csv") -> ImportJob:
        path = tmp_path / name
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, person.keys())
            writer.writeheader()
            writer.writerows({**person, "age": "x" if n == 3 else "40", "y": ""} for n in range(1, rows + 1))
        return ImportJob("spring", CampaignFile.open(path), "Mia", title="Spring!")

    return make


def until(house: Wired, place: str, wanted: Callable[[Entry], bool]) -> Entry:
    give_up = time.monotonic() + 240
    while time.monotonic() < give_up:
        entry = import_log.find(house.db, place)
        if entry is not None and wanted(entry):
            return entry
        time.sleep(0.05)
    pytest.fail(f"the import never came to that: {entry.document if entry else None}")


def ended(entry: Entry) -> bool:
    return State(entry.document["state"]) is not State.RUNNING


def test_it_is_done_elsewhere_and_its_report_is_there_for_everybody(house: Wired, make: Make, tmp_path: Path) -> None:
    work = make(5)
    entry = until(house, import_process.start(house, work), ended)
    assert entry.state is State.DONE
    assert entry.is_fresh
    report = entry.document["report"]
    assert (report["rows"], report["inserted"], report["rejected"]) == (5, 4, 1)
    assert report["rules"] == [{"column": "age", "rule": "must be a whole number from 17 to 110", "rows": 1}]
    assert b"'x' is not a whole number" in house.store.get(report["rejects"])
    campaign = house.db.campaigns.find_one({"_id": "spring"})
    assert campaign is not None
    assert campaign["title"] == "Spring!"
    assert list(tmp_path.glob("*.csv")) == [], "the file went with it"


def test_killed_it_says_so_and_importing_again_goes_on(house: Wired, make: Make) -> None:
    place = import_process.start(house, make(30_000))
    until(house, place, lambda entry: entry.document["progress"]["done"] > 0)
    running = [c for c in psutil.Process().children() if "core.imports.process" in c.cmdline()]
    assert len(running) == 1
    running[0].kill()
    assert until(house, place, ended).state is State.STOPPED
    went_in = house.db.prospects.count_documents({})
    assert 0 < went_in < 29_999
    entry = run_import.import_file(house, make(30_000))
    assert entry.key == place
    report = entry.document["report"]
    assert (report["inserted"], report["unchanged"], report["rejected"]) == (29_999 - went_in, went_in, 1)


def test_anybody_may_end_it(house: Wired, make: Make) -> None:
    place = import_process.start(house, make(30_000))
    until(house, place, lambda entry: entry.document["progress"]["done"] > 0)
    import_log.cancel(house.db, place)
    entry = until(house, place, ended)
    assert entry.state is State.CANCELLED
    assert "the valid ones are imported" in entry.document["error"]["kept"]
    assert 0 < house.db.prospects.count_documents({}) < 29_999


def test_one_that_is_under_way_is_not_begun_twice(house: Wired, make: Make) -> None:
    first, second = make(5), make(5)
    place = run_import.begin(house, first)
    with pytest.raises(Conflict, match=r"Mia is already importing .* into spring"):
        run_import.import_file(house, second)
    assert run_import.begin(house, first) == place
    later = lambda: now() + logged_import.STOPPED_AFTER + timedelta(seconds=1)  # noqa: E731
    silent = import_log.find(house.db, place, later)
    assert silent is not None
    assert silent.state is State.STOPPED
    import_log.begin(
        house.db, "spring", second.file.path.name, second.file.sha256, by="Tom", run=second.run, clock=later
    )
    with pytest.raises(Cancelled):
        import_log.write_progress(house.db, place, first.run, 1, 5)  # whoever was given up ends at the next word


def test_a_file_that_does_not_fit_starts_nothing(house: Wired, make: Make, tmp_path: Path) -> None:
    path = tmp_path / "other.csv"
    path.write_text("name\nAnn\n")
    with pytest.raises(InputError, match="has no column"):
        import_process.start(house, ImportJob("spring", CampaignFile.open(path), "Mia"))
    assert path.exists()
    assert house.db.imports.count_documents({}) == 0


def test_a_small_file_is_waited_for_and_a_packed_one_is_larger_than_it_looks(make: Make, tmp_path: Path) -> None:
    work = make(5)
    assert work.is_small
    assert not make(20_000).is_small
    packed = tmp_path / "people.zip"
    packed.write_bytes(b"x" * (run_import.SMALL // 8 + 1))
    assert not ImportJob("spring", CampaignFile(packed, "0" * 64, []), "Mia").is_small
