"""The data registry: one snapshot for one content, given back by tag from S3 alone, without a git executable."""

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pygit2
import pytest

from core.errors import Conflict, NotFound, Unavailable
from core.settings.addresses import S3Settings
from core.settings.loading import load
from core.stores.data_registry import DataRegistry, Snapshot, sha256
from core.stores.object_store import ObjectStore


@pytest.fixture
def s3(objects: ObjectStore) -> S3Settings:
    names = ("S3_ENDPOINT_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY")
    return load(S3Settings, {**{name: os.environ[name] for name in names}, "S3_BUCKET_DATASETS": objects.bucket})


@pytest.fixture(autouse=True)
def _no_git_executable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")


@pytest.fixture
def data(tmp_path: Path) -> Callable[[int], Path]:
    """A file of as many rows as asked for."""

    def written(rows: int) -> Path:
        path = tmp_path / f"{rows}.parquet"
        pd.DataFrame({"age": range(rows)}).to_parquet(path)
        return path

    return written


def commits(path: Path) -> int:
    git = pygit2.Repository(str(path))
    return sum(1 for _ in git.walk(git.head.target))


def test_one_commit_and_one_tag_a_snapshot(
    tmp_path: Path, s3: S3Settings, data: Callable[[int], Path], objects: ObjectStore
) -> None:
    registry = DataRegistry(tmp_path / "registry", s3)
    first = registry.add(data(10), rows=10, facts={"schema": "abc"})
    assert first.tag.startswith("snapshot-")
    assert first.tag.endswith(first.sha256[:8])
    assert registry.add(data(10), rows=10) == first
    assert commits(tmp_path / "registry") == 2  # the first one starts the registry
    second = registry.add(data(20), rows=20)
    assert registry.snapshots() == [first, second] or {first, second} == set(registry.snapshots())
    assert commits(tmp_path / "registry") == 3
    assert len(objects.keys("dvc/")) == 2


def test_a_fresh_clone_and_s3_give_every_dataset_back(
    tmp_path: Path, s3: S3Settings, data: Callable[[int], Path]
) -> None:
    registry = DataRegistry(tmp_path / "registry", s3)
    kept = {rows: registry.add(data(rows), rows=rows) for rows in (10, 20)}
    pygit2.clone_repository(str(tmp_path / "registry"), str(tmp_path / "clone"))
    (tmp_path / "registry").rename(tmp_path / "lost")
    for rows, snapshot in kept.items():
        back = tmp_path / f"back-{rows}.parquet"
        assert DataRegistry(tmp_path / "clone", s3).checkout(snapshot.tag, back) == snapshot
        assert sha256(back) == snapshot.sha256
        assert len(pd.read_parquet(back)) == rows


def test_nothing_that_is_committed_knows_an_address_or_a_key(
    tmp_path: Path, s3: S3Settings, data: Callable[[int], Path]
) -> None:
    DataRegistry(tmp_path / "registry", s3).add(data(10), rows=10)
    pygit2.clone_repository(str(tmp_path / "registry"), str(tmp_path / "clone"))
    for path in (tmp_path / "clone").rglob("*"):
        if path.is_file() and ".git" not in path.relative_to(tmp_path / "clone").parts[:1]:
            content = path.read_text()
            for secret in (s3.s3_secret_key.get_secret_value(), s3.s3_access_key, s3.s3_endpoint_url):
                assert secret not in content, path


def test_an_unknown_tag_is_not_found(tmp_path: Path, s3: S3Settings) -> None:
    DataRegistry(tmp_path / "registry", s3).ensure()
    DataRegistry(tmp_path / "registry", s3).ensure()
    with pytest.raises(NotFound, match="no dataset 'snapshot-none'"):
        DataRegistry(tmp_path / "registry", s3).checkout("snapshot-none", tmp_path / "back")


def test_content_that_was_changed_on_s3_is_not_given_out(
    tmp_path: Path, s3: S3Settings, data: Callable[[int], Path], objects: ObjectStore
) -> None:
    kept = DataRegistry(tmp_path / "registry", s3).add(data(10), rows=10)
    pygit2.clone_repository(str(tmp_path / "registry"), str(tmp_path / "clone"))
    objects.put(objects.keys("dvc/")[0], data(11).read_bytes())
    with pytest.raises((Conflict, Unavailable)):
        DataRegistry(tmp_path / "clone", s3).checkout(kept.tag, tmp_path / "back")
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("dies_in", ["_dvc", "_commit", "_tag_untagged"])
def test_a_process_killed_in_between_is_repaired_by_the_next(
    tmp_path: Path, s3: S3Settings, data: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch, dies_in: str
) -> None:
    registry = DataRegistry(tmp_path / "registry", s3)
    registry.ensure()
    real, calls = getattr(DataRegistry, dies_in), []

    def killed(self: DataRegistry, *given: Any) -> Any:
        calls.append(dies_in)
        if dies_in == "_tag_untagged" and len(calls) == 1:
            return real(self, *given)  # its first call mends what an earlier process left
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(DataRegistry, dies_in, killed)
        with pytest.raises(KeyboardInterrupt):
            registry.add(data(10), rows=10)
    assert registry.snapshots() == []
    kept = DataRegistry(tmp_path / "registry", s3).add(data(10), rows=10)
    assert registry.snapshots() == [kept]
    assert commits(tmp_path / "registry") == 2
    registry.checkout(kept.tag, tmp_path / "back")


def test_s3_out_of_reach_leaves_no_snapshot_behind(tmp_path: Path, s3: S3Settings, data: Callable[[int], Path]) -> None:
    away = s3.model_copy(update={"s3_endpoint_url": "http://127.0.0.1:1"})
    with pytest.raises(Unavailable, match="did not get through"):
        DataRegistry(tmp_path / "registry", away).add(data(10), rows=10)
    registry = DataRegistry(tmp_path / "registry", s3)
    assert registry.snapshots() == []
    assert registry.add(data(10), rows=10).rows == 10


def _add(path: Path, s3: S3Settings, file: Path, rows: int) -> Snapshot:
    return DataRegistry(path, s3).add(file, rows=rows)


def test_two_processes_at_once_keep_both(tmp_path: Path, s3: S3Settings, data: Callable[[int], Path]) -> None:
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        given = [(tmp_path / "registry", s3, data(rows), rows) for rows in (10, 20)]
        kept = pool.starmap(_add, given)
    registry = DataRegistry(tmp_path / "registry", s3)
    assert {snapshot.tag for snapshot in registry.snapshots()} == {snapshot.tag for snapshot in kept}
    assert commits(tmp_path / "registry") == 3
    for snapshot in kept:
        registry.checkout(snapshot.tag, tmp_path / snapshot.tag)


def test_lock_files_of_a_writer_that_was_killed_stop_nobody(
    tmp_path: Path, s3: S3Settings, data: Callable[[int], Path]
) -> None:
    registry = DataRegistry(tmp_path / "registry", s3)
    registry.ensure()
    for stale in ("config.lock", "index.lock", "refs/heads/main.lock"):
        (tmp_path / "registry" / ".git" / stale).touch()
    registry.ensure()
    assert registry.add(data(10), rows=10) in registry.snapshots()
