"""Each store is copied as of one moment, or in an order in which nothing is named that is not there."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.backup.copies import sqlite_files
from bootstrap.backup.copies.objects import file_of, key_of
from bootstrap.backup.stores import Settings, elsewhere, stores
from core.errors import InputError, NotFound, Unavailable
from core.settings.loading import load


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The folder of an appliance with a data registry of one commit."""
    folder = tmp_path / "state"
    for name, content in {
        "registry/.git/HEAD": "ref: refs/heads/main",
        "registry/.git/objects/ab/cdef": "object",
        "registry/.git/refs/heads/main": "abcdef",
        "registry/.dvc/config": "[core]",
        "registry/.dvc/cache/files/md5/ab/cd": "content",
        "registry/.dvc/tmp/lock": "",
        "secrets.json": "{}",
        "appliance.json": "{}",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def settings(state: Path, **more: str) -> Settings:
    return load(
        Settings,
        {
            "CALLWISE_BACKUP_OF": str(state), "CALLWISE_BACKUP_FOLDER": "archive", "CALLWISE_BACKUP_SCRATCH": "scratch",
            "CALLWISE_BACKUP_PASSPHRASE": "generated", "MONGODB_URI": "mongodb://127.0.0.1:1",
            "S3_ENDPOINT_URL": "http://127.0.0.1:1", "S3_ACCESS_KEY": "key", "S3_SECRET_KEY": "generated",
            **more,
        },
    )  # fmt: skip


def made(path: Path, rows: int) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE calls (id INTEGER PRIMARY KEY, result TEXT)")
    connection.executemany("INSERT INTO calls (result) VALUES (?)", [("sold",)] * rows)
    connection.execute("CREATE TABLE outcomes (id INTEGER PRIMARY KEY)")
    connection.executemany("INSERT INTO outcomes VALUES (?)", [(number,) for number in range(1, rows + 1)])
    connection.commit()
    return connection


def test_a_database_is_copied_as_of_one_moment_while_somebody_writes(tmp_path: Path) -> None:
    with closing(made(tmp_path / "live.db", 1000)) as live:
        ended = threading.Event()

        def write() -> None:
            while not ended.is_set():  # both rows or none
                number = live.execute("INSERT INTO calls (result) VALUES ('sold')").lastrowid
                live.execute("INSERT INTO outcomes VALUES (?)", (number,))
                live.commit()

        writer = threading.Thread(target=write)
        writer.start()
        try:
            copies = [sqlite_files.copy(tmp_path / "live.db", tmp_path / f"{number}.db") for number in range(5)]
        finally:
            ended.set()
            writer.join()
    for number, parts in enumerate(copies):
        assert parts["calls"].count == parts["outcomes"].count >= 1000
        sqlite_files.check(tmp_path / f"{number}.db")
    assert not list(tmp_path.glob("[0-9].db-*"))  # a copy is one file


def test_a_changed_row_is_another_hash(tmp_path: Path) -> None:
    with closing(made(tmp_path / "live.db", 3)) as live:
        before = sqlite_files.tables(tmp_path / "live.db")
        live.execute("UPDATE calls SET result = 'refused' WHERE id = 2")
        live.commit()
    after = sqlite_files.tables(tmp_path / "live.db")
    assert after["outcomes"] == before["outcomes"]
    assert after["calls"].count == before["calls"].count
    assert after["calls"].sha256 != before["calls"].sha256


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "none.db").write_bytes(b"not a database" * 100)
    with pytest.raises(Unavailable, match=r"none\.db cannot be read"):
        sqlite_files.tables(tmp_path / "none.db")
    with pytest.raises(Unavailable, match=r"missing\.db cannot be read"):
        sqlite_files.copy(tmp_path / "missing.db", tmp_path / "copy.db")
    made(tmp_path / "hurt.db", 5000).close()
    content = bytearray((tmp_path / "hurt.db").read_bytes())
    content[8192:8292] = b"\xff" * 100
    (tmp_path / "hurt.db").write_bytes(content)
    with pytest.raises((InputError, Unavailable), match=r"hurt\.db"):
        sqlite_files.check(tmp_path / "hurt.db")


def test_what_refers_is_copied_before_what_it_refers_to(state: Path) -> None:
    names = [store.name for store in stores(settings(state))]
    order = ["spool", "mongo", "registry", "mlflow", "s3"]
    assert [name for name in names if name in order] == order
    assert names.index("mongo") < names.index("prefect")
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "variable"), [("mlflow", "MLFLOW_BACKEND_STORE_URI"), ("prefect", "PREFECT_API_DATABASE_CONNECTION_URL")]
)
def test_a_store_whose_database_is_a_servers_is_left_out_by_name(state: Path, name: str, variable: str) -> None:
    moved = settings(state, **{variable: "postgresql+psycopg2://callwise:generated@db/it"})
    assert elsewhere(moved) == [name]
    names = [store.name for store in stores(settings(state))]
    assert [store.name for store in stores(moved)] == [one for one in names if one != name]
    assert "generated" not in repr(moved)
    for there in ({}, {variable: ""}, {variable: f"sqlite:////var/lib/callwise/{name}/{name}.db"}):
        assert elsewhere(settings(state, **there)) == []


def test_the_appliances_database_comes_after_those_of_its_kinds(state: Path, tmp_path: Path) -> None:
    for name in ("callwise", "callwise-car-loans", "admin"):
        made(state / "mongo" / f"{name}.db", 2).close()
    mongo = next(store for store in stores(settings(state)) if store.name == "mongo")
    parts = mongo.copy(tmp_path / "copy")
    assert list(dict.fromkeys(name.partition(".")[0] for name in parts))[-1] == "callwise"
    assert parts["callwise-car-loans.calls"].count == 2


def test_the_registry_is_copied_without_what_is_on_s3(state: Path, tmp_path: Path) -> None:
    registry = next(store for store in stores(settings(state)) if store.name == "registry")
    parts = registry.copy(tmp_path / "copy")
    copied = {str(path.relative_to(tmp_path / "copy")) for path in (tmp_path / "copy").rglob("*") if path.is_file()}
    assert copied == {".git/HEAD", ".git/objects/ab/cdef", ".git/refs/heads/main", ".dvc/config"}
    assert parts["files"].count == 4


def test_secrets_are_copied_and_never_missed_in_silence(state: Path, tmp_path: Path) -> None:
    secrets = next(store for store in stores(settings(state)) if store.name == "secrets")
    assert secrets.copy(tmp_path / "copy")["files"].count == 1
    (state / "secrets.json").unlink()
    with pytest.raises(NotFound, match="No backup was made"):
        secrets.copy(tmp_path / "again")


@given(st.text("a.%=/ ä?&\\", min_size=1, max_size=12))
def test_every_key_of_an_object_has_a_file_of_its_own(key: str) -> None:
    file = file_of(key)
    assert key_of(file) == key
    assert not file.is_absolute()
    assert ".." not in file.parts


def test_an_object_may_have_the_name_of_a_folder_of_others() -> None:
    assert file_of("a") not in file_of("a/b").parents
