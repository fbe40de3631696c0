"""Old datasets: those that a usable model needs and the last of each month stay."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from core.errors import NotFound
from core.settings.addresses import S3Settings
from core.settings.loading import load
from core.stores.data_registry import DataRegistry, Snapshot
from core.stores.object_store import ObjectStore
from trainer.retention.datasets import OldDatasets, live_tag, made_at, replacements

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def snapshot(at: datetime) -> Snapshot:
    return Snapshot(f"snapshot-{at:%Y%m%dT%H%M%SZ}-12345678", "12345678", 10, {})


def test_each_one_that_goes_names_the_next_one_that_stays() -> None:
    live = [snapshot(datetime(2026, month, day, tzinfo=UTC)) for month in (5, 6) for day in (1, 2, 3)]
    tags = [one.tag for one in live]
    assert made_at(tags[1], {}) == datetime(2026, 5, 2, tzinfo=UTC)
    assert replacements(live, {tags[0]}, {}, before=NOW) == {tags[1]: tags[2], tags[3]: tags[5], tags[4]: tags[5]}
    assert replacements(live, (), {}, before=made_at(tags[1], {})) == {tags[0]: tags[1]}
    assert replacements(live[:1], (), {}, before=NOW) == {}, "the newest"
    assert replacements([], (), {}, before=NOW) == {}


@pytest.fixture
def registry(tmp_path: Path, objects: ObjectStore) -> DataRegistry:
    names = ("S3_ENDPOINT_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY")
    settings = load(S3Settings, {**{name: os.environ[name] for name in names}, "S3_BUCKET_DATASETS": objects.bucket})
    return DataRegistry(tmp_path / "registry", settings)


def add(registry: DataRegistry, path: Path, rows: int, at: datetime) -> str:
    pd.DataFrame({"age": range(rows)}).to_parquet(path)
    return registry.add(path, rows=rows, clock=lambda: at).tag


def models(*needed: str, archived: str = "") -> Any:
    versions = [SimpleNamespace(tags={"dataset_tag": tag}) for tag in needed]
    gone = SimpleNamespace(tags={"dataset_tag": archived, "archived": "2026-06-01"})
    return SimpleNamespace(versions=lambda: [*versions, gone])


def test_content_goes_here_and_on_s3_and_lineage_stays(
    registry: DataRegistry, objects: ObjectStore, tmp_path: Path
) -> None:
    made = [add(registry, tmp_path / "data.parquet", 10 + day, datetime(2026, 5, day, tzinfo=UTC)) for day in (1, 2, 3)]
    new = add(registry, tmp_path / "data.parquet", 20, NOW - timedelta(days=3))
    old = OldDatasets(registry, objects, models(made[1], new, archived=made[0]), 90, lambda: NOW)
    assert old.step() == 1
    assert old.step() is None
    assert len(objects.keys("dvc/")) == 3
    assert len(registry.local()) == 4, "three in the cache, and the one that was added last"
    assert [one.successor for one in registry.snapshots()] == [made[1], "", "", ""]
    with pytest.raises(NotFound, match="is old, and no model in use was made from it"):
        registry.checkout(made[0], tmp_path / "back.parquet")
    assert registry.checkout(made[1], tmp_path / "back.parquet").rows == 12


def test_a_run_that_was_killed_after_the_mark_is_finished(
    registry: DataRegistry, objects: ObjectStore, tmp_path: Path
) -> None:
    made = [add(registry, tmp_path / "data.parquet", 10 + day, datetime(2026, 5, day, tzinfo=UTC)) for day in (1, 2)]
    registry.retire({made[0]: made[1]}, receipt="retention", clock=lambda: NOW)
    assert OldDatasets(registry, objects, models(made[1]), 90, lambda: NOW).step() is None
    assert len(objects.keys("dvc/")) == 1


def test_where_nothing_was_trained_yet_nothing_is_old(registry: DataRegistry, objects: ObjectStore) -> None:
    assert OldDatasets(registry, objects, models(), 90, lambda: NOW).step() is None


def test_without_an_erased_person_a_dataset_is_needed_and_old_as_it_was_with_them(
    registry: DataRegistry, objects: ObjectStore, tmp_path: Path
) -> None:
    days = [datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4, 5)]
    made = [add(registry, tmp_path / "data.parquet", 10 + place, day) for place, day in enumerate(days)]
    later = datetime(2026, 6, 15, tzinfo=UTC)
    without = [add(registry, tmp_path / "data.parquet", 5 + place, later) for place in range(2)]
    new = add(registry, tmp_path / "data.parquet", 20, NOW)
    registry.retire(dict(zip(made[:2], without, strict=True)), receipt="a person's", clock=lambda: later)
    old = OldDatasets(registry, objects, models(made[0], new), 90, lambda: NOW)
    assert live_tag(made[0], registry.retired()) == without[0]
    assert made_at(without[1], registry.retired()) == days[1]
    assert old.step() is None, "each is the last one of its month, and the first is needed"
    again = add(registry, tmp_path / "data.parquet", 30, days[1].replace(day=20))
    assert old.step() == 1
    assert registry.retired()[without[1]]["successor"] == again
