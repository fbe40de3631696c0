"""A restore of docker compose's stores: everything is back, and what was in the way lies beside it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from bootstrap.backup import into_volumes
from bootstrap.backup.copies import mongo_dump, register
from bootstrap.backup.copies.objects import file_of
from bootstrap.backup.into_volumes import Volumes
from core.clock import now
from core.settings.addresses import S3Settings
from core.settings.loading import load
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore

pytestmark = [pytest.mark.mongo, pytest.mark.s3]

AT = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
STAMP = "before-restore-20260504090000"


@pytest.fixture
def volumes(db: Db, objects: ObjectStore, tmp_path: Path) -> Iterator[Volumes]:
    """An appliance of folders, a database and two buckets; the second bucket is a folder of the first."""
    for name in into_volumes.FILES:
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / "now").write_text(f"{name} now")
    env = {name: os.environ[name] for name in ("MONGODB_URI", "S3_ENDPOINT_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY")}
    paths = {
        "CALLWISE_BACKUP_OF": tmp_path / "data",
        "CALLWISE_BACKUP_FOLDER": tmp_path / "archive",
        "CALLWISE_BACKUP_SCRATCH": tmp_path / "scratch",
    }
    buckets = {"S3_BUCKET_DATASETS": objects.bucket, "S3_BUCKET_MODELS": f"{objects.bucket}/models"}
    yield load(
        Volumes,
        {
            **env, **buckets, **{name: str(path) for name, path in paths.items()}, "MONGODB_DATABASE": db.name,
            "CALLWISE_BACKUP_PASSPHRASE": "generated",
        },
    )  # fmt: skip
    db.client.drop_database(STAMP)
    aside = ObjectStore(load(S3Settings, {**env, **buckets}), STAMP)
    for key in aside.keys():  # noqa: SIM118  no dict
        aside.remove(key)
    aside._client.remove_bucket(STAMP)


@pytest.fixture(autouse=True)
def _listed_beside_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded server fails to list databases ("disk I/O error") while another test drops one; MongoDB does not."""
    once = MongoClient.list_database_names

    def again(client: MongoClient[dict[str, Any]]) -> list[str]:
        for _ in range(20):
            try:
                return once(client)
            except OperationFailure as error:
                if "disk I/O error" not in str(error):
                    raise
                time.sleep(0.1)
        return once(client)

    monkeypatch.setattr(MongoClient, "list_database_names", again)


def test_all_is_back_and_what_was_in_the_way_is_set_aside(
    volumes: Volumes, db: Db, objects: ObjectStore, tmp_path: Path
) -> None:
    db.campaigns.insert_one({"_id": "spring"})
    db.prospects.insert_one({"_id": "spring:1", "campaign": "spring", "ref": "1", "status": "open", "claim": None})
    for key, content in {"same": b"1", "changed": b"before", "gone": b"3"}.items():
        objects.put(key, content)
    copy = tmp_path / "copy"
    mongo_dump.copy(db, copy / "mongo")
    register.copy(db, copy / "register")
    source = copy / "s3" / objects.bucket
    for key in ("same", "changed", "gone"):
        path = source / file_of(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(objects.get(key))
    for name in into_volumes.FILES:
        (copy / name).mkdir()
        (copy / name / "then").write_text(f"{name} then")

    db.prospects.delete_many({})
    db.prospects.insert_one({"_id": "autumn:9", "campaign": "autumn", "ref": "9", "status": "open", "claim": None})
    objects.put("changed", b"after")
    objects.put("new", b"4")
    objects.remove("gone")
    said: list[str] = []
    into_volumes.restore(copy, now(), volumes, say=said.append, at=AT)

    assert [one["_id"] for one in db.prospects.find()] == ["spring:1"]
    assert [one["_id"] for one in db.client[STAMP].prospects.find()] == ["autumn:9"]
    assert {key: objects.get(key) for key in objects.keys()} == {"same": b"1", "changed": b"before", "gone": b"3"}  # noqa: SIM118
    for name in into_volumes.FILES:
        folder = tmp_path / "data" / name
        assert (folder / "then").read_text() == f"{name} then"
        assert (folder / f".{STAMP}" / "now").read_text() == f"{name} now"
        assert not (folder / "now").exists()
    aside = ObjectStore(volumes, STAMP)
    assert {key: aside.get(key) for key in aside.keys()} == {  # noqa: SIM118  no dict
        f"{objects.bucket}/changed": b"after",
        f"{objects.bucket}/new": b"4",
    }
    assert said[-1] == "s3: restored"


def test_a_restore_that_was_interrupted_and_is_repeated_knows_who_was_erased(
    volumes: Volumes, db: Db, objects: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    mongo_dump.copy(db, copy / "mongo")
    register.copy(db, copy / "register")
    for name in into_volumes.FILES:
        (copy / name).mkdir()
    (copy / "s3" / objects.bucket).mkdir(parents=True)
    objects.put("new", b"4")
    db.erasures.insert_one({"_id": "erased-after-the-backup"})
    db.kept_out.insert_one({"_id": "a pseudonym"})

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    earlier = {AT - timedelta(minutes=5): "copies.mongo_dump.load", AT - timedelta(minutes=4): "into_volumes.into_s3"}
    try:
        for at, moment in earlier.items():
            with monkeypatch.context() as patched:
                patched.setattr(f"bootstrap.backup.{moment}", killed)
                with pytest.raises(KeyboardInterrupt):
                    into_volumes.restore(copy, now(), volumes, say=lambda _: None, at=at)
        assert db.erasures.count_documents({}) == 0  # it lies aside, and nobody has carried it over
        registers = into_volumes.restore(copy, now(), volumes, say=lambda _: None, at=AT)
    finally:
        for at in earlier:
            db.client.drop_database(f"before-restore-{at:%Y%m%d%H%M%S}")
    assert "erased-after-the-backup" in {document["_id"] for one in registers for document in one.erasures}
    assert "a pseudonym" in {document["_id"] for one in registers for document in one.kept_out}


def test_a_store_that_was_left_out_stays_as_it_is(
    volumes: Volumes, db: Db, objects: ObjectStore, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    mongo_dump.copy(db, copy / "mongo")
    register.copy(db, copy / "register")
    (copy / "s3" / objects.bucket).mkdir(parents=True)
    objects.put("new", b"4")  # so that there is a bucket of what is set aside
    for name in into_volumes.FILES:
        if name != "mlflow":
            (copy / name).mkdir()
    said: list[str] = []
    into_volumes.restore(copy, now(), volumes, say=said.append, at=AT)
    assert (tmp_path / "data" / "mlflow" / "now").read_text() == "mlflow now"
    assert "mlflow: not in the backup, its database was elsewhere; left as it is" in said
    assert (tmp_path / "data" / "prefect" / f".{STAMP}" / "now").exists()


@pytest.mark.parametrize(
    "options", ["/?authSource=admin", "/?authSource=admin&appName=x", "/?appName=x&authSource=admin"]
)
def test_a_server_without_accounts_is_asked_without_a_login(options: str) -> None:
    uri = os.environ["MONGODB_URI"].rstrip("/").partition("?")[0].rstrip("/")
    with_login = uri.replace("//", "//root:secret@") + options
    found = into_volumes.with_its_login({"MONGODB_URI": with_login, "OTHER": "stays"})
    assert found == {"MONGODB_URI": uri + ("/?appName=x" if "appName" in options else "/"), "OTHER": "stays"}
    own = {"MONGODB_URI": uri}
    assert into_volumes.with_its_login(own) == own
