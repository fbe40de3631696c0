"""A backup is one only when it was read back; an empty or lost store is refused before anything is pushed out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from bootstrap.backup import archive as archives
from bootstrap.backup.archive import INDEX, Archive, Backup
from bootstrap.backup.keeping import Keep
from bootstrap.backup.manifest import Manifest, Part
from bootstrap.backup.stores import Parts, Store
from bootstrap.backup.take import RESERVE, Taken, take
from core.errors import Conflict, InputError, Unavailable

AT = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
RULE = Keep(1, 0, 0)


@pytest.fixture(autouse=True)
def quick_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(archives.KDF, "n", 1 << 10)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive", "a passphrase of this test")


def store(name: str, *, may_be_empty: bool = False, lasting: tuple[str, ...] = (), **counts: int) -> Store:
    """A store with as many records of each part as `counts` says."""

    def copy(target: Path) -> Parts:
        target.mkdir()
        (target / "data").write_text(repr(counts))
        return {part: Part(number, "") for part, number in counts.items()}

    return Store(name, copy, lasting, may_be_empty)


def back_up(archive: Archive, *stores: Store, day: int = 0, accept_empty: bool = False) -> Taken:
    scratch = archive.folder.with_name("scratch")
    at = AT + timedelta(days=day)
    return take(stores, archive, scratch, keep=RULE, version="0.1.0", clock=lambda: at, accept_empty=accept_empty)


def test_a_backup_is_made_and_its_copies_go(archive: Archive) -> None:
    made = back_up(archive, store("mongo", calls=3), store("spool", may_be_empty=True))
    (backup,) = archive.backups()
    assert (backup, backup.counts) == (made.backup, {"mongo/calls": 3})
    assert made.manifest.files.keys() == {"mongo/data", "spool/data"}
    assert not any(archive.folder.with_name("scratch").iterdir())


def test_what_is_left_out_is_said_and_stands_in_the_manifest(archive: Archive, tmp_path: Path) -> None:
    said: list[str] = []
    scratch = tmp_path / "scratch"
    made = take(
        [store("mongo", calls=3)], archive, scratch, keep=RULE, version="0.1.0", elsewhere=["mlflow"], say=said.append
    )
    assert said == ["mongo: 3 records", "mlflow: left out, its database is elsewhere"]
    assert Manifest.read(archive.read(made.backup, tmp_path / "read")).elsewhere == ["mlflow"]


def test_an_empty_store_is_refused_by_name(archive: Archive) -> None:
    with pytest.raises(Conflict, match=r"The store mlflow is empty.*No backup was made"):
        back_up(archive, store("mongo", calls=3), store("mlflow", runs=0))
    assert archive.backups() == []


def test_a_store_that_lost_what_the_last_backup_had_is_refused(archive: Archive) -> None:
    # As a volume is that was lost and made anew: not empty, but without the models.
    back_up(archive, store("mlflow", lasting=("runs",), runs=5, tables=9))
    lost = store("mlflow", lasting=("runs",), runs=0, tables=9)
    for days in range(1, 4):
        with pytest.raises(
            Conflict, match="runs of the store mlflow is empty, and the last backup has 5 records of it"
        ):
            back_up(archive, lost, day=days)
    assert [backup.at for backup in archive.backups()] == [AT]
    back_up(archive, lost, day=4, accept_empty=True)
    assert len(archive.backups()) == 2


def test_old_ones_go_only_after_a_new_one_is_there(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(3):
        back_up(archive, store("mongo", calls=3), day=day)
    monkeypatch.setattr(Archive, "read", lambda *_: pytest.fail("as a disk that cannot be read"))
    with pytest.raises(pytest.fail.Exception):
        back_up(archive, store("mongo", calls=4), day=3)
    monkeypatch.undo()
    assert len(archive.backups()) == 3
    made = back_up(archive, store("mongo", calls=4), day=4)
    assert [backup.at for backup in made.gone] == [AT]


def test_a_damaged_old_backup_is_said_only_when_a_new_one_is_there(archive: Archive) -> None:
    made = [back_up(archive, store("mongo", lasting=("calls",), calls=3 + day), day=day) for day in range(2)]
    (lists,) = archive.folder.glob(f"snapshots/**/*{made[1].backup.name}*")
    content = lists.read_bytes()
    lists.write_bytes(content[:-1])
    with pytest.raises(Conflict, match="the last backup has 4 records"):
        back_up(archive, store("mongo", lasting=("calls",), calls=0, users=1), day=2)
    for day in range(2, 5):
        with pytest.raises(InputError, match=r"backup of 2026-03-02.* is missing or damaged.*A new backup was made"):
            back_up(archive, store("mongo", calls=9), day=day)
    assert [backup.at.day for backup in archive.backups()] == [5, 4, 3, 1]
    lists.write_bytes(content)  # from another copy of the archive
    assert [backup.at.day for backup in back_up(archive, store("mongo", calls=9), day=6).gone] == [3, 2, 1]


def test_what_comes_back_different_is_no_backup(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Archive.read

    def bad_disk(self: Archive, backup: Backup, into: Path) -> Path:
        folder = read(self, backup, into)
        (folder / "mongo" / "data").write_text("other")
        return folder

    monkeypatch.setattr(Archive, "read", bad_disk)
    with pytest.raises(InputError, match="mongo/data is not what was stored"):
        back_up(archive, store("mongo", calls=3))
    assert archive.backups() == []


def test_a_store_that_cannot_be_read_leaves_no_copy_behind(archive: Archive) -> None:
    def broken(_: Path) -> Parts:
        raise Unavailable("S3 does not answer.")

    with pytest.raises(Unavailable):
        back_up(archive, store("mongo", calls=3), Store("s3", broken))
    assert not any(archive.folder.with_name("scratch").iterdir())
    assert archive.backups() == []


def test_a_full_disk_is_refused_before_anything_is_copied(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = back_up(archive, store("mongo", calls=3))
    assert archive.backups()[0].size == made.size == len(repr({"calls": 3}))
    never = Store("mongo", lambda _: pytest.fail("a store was copied"))
    free = RESERVE + made.size - 1
    monkeypatch.setattr("shutil.disk_usage", lambda _: MagicMock(free=free))
    with pytest.raises(Conflict, match=r"No room for a backup in .*scratch.*256 MB are free, 256 MB are needed"):
        back_up(archive, never, day=1)
    assert not any((tmp_path / "scratch").iterdir())
    free += 1
    back_up(archive, store("mongo", calls=4), day=2)
    assert len(archive.backups()) == 2


def test_an_archive_without_room_keeps_what_it_has(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    back_up(archive, store("mongo", calls=3))
    free = {archive.folder: RESERVE}
    monkeypatch.setattr("shutil.disk_usage", lambda where: MagicMock(free=free.get(where, RESERVE * 4)))
    back_up(archive, store("mongo", calls=4), day=1)  # no larger than the last
    with pytest.raises(Conflict, match=r"No room for a backup in .*archive.*the earlier ones stay"):
        back_up(archive, store("mongo", calls=4_000_000), day=2)
    assert len(archive.backups()) == 2
    assert not any(archive.folder.with_name("scratch").iterdir())


def test_the_copy_is_gone_before_what_was_stored_is_read_back(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    read = Archive.read
    there: list[str] = []

    def looking(self: Archive, backup: Backup, into: Path) -> Path:
        there.extend(path.name for path in (tmp_path / "scratch").iterdir())
        return read(self, backup, into)

    monkeypatch.setattr(Archive, "read", looking)
    back_up(archive, store("mongo", calls=3))
    assert there == ["read"]


def test_an_index_of_an_earlier_release_has_no_sizes(archive: Archive) -> None:
    back_up(archive, store("mongo", calls=3))
    index = json.loads((archive.folder / INDEX).read_text())
    for noted in index.values():
        del noted["size"]
    (archive.folder / INDEX).write_text(json.dumps(index))
    assert [backup.size for backup in archive.backups()] == [0]
    back_up(archive, store("mongo", calls=3), day=1)


def test_stores_are_copied_in_their_order(archive: Archive) -> None:
    order: list[str] = []

    def noting(name: str) -> Callable[[Path], Parts]:
        def copy(target: Path) -> Parts:
            order.append(name)
            target.mkdir()
            (target / "data").write_text(name)
            return {"rows": Part(1, "")}

        return copy

    names = ["spool", "mongo", "registry", "mlflow", "s3"]
    back_up(archive, *(Store(name, noting(name)) for name in names))
    assert order == names
