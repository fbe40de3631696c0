import os

import pytest

from core.errors import NotFound, Unavailable
from core.settings.addresses import S3Settings
from core.settings.loading import load
from core.stores.object_store import ObjectStore


def test_what_was_put_is_got_and_listed(objects: ObjectStore) -> None:
    objects.put("a/one.bin", b"\x00\x01")
    objects.put("a/two.txt", b"")
    objects.put("b/three.txt", b"3")
    assert objects.get("a/one.bin") == b"\x00\x01"
    assert objects.get("a/two.txt") == b""
    assert objects.keys("a/") == ["a/one.bin", "a/two.txt"]
    assert len(objects.keys()) == 3


def test_a_put_may_be_repeated_and_replaces(objects: ObjectStore) -> None:
    for content in (b"1", b"1", b"2"):
        objects.put("key", content)
    assert objects.get("key") == b"2"
    assert objects.keys() == ["key"]


def test_ensuring_a_bucket_again_keeps_its_content(objects: ObjectStore) -> None:
    objects.put("key", b"1")
    objects.ensure()
    assert objects.keys() == ["key"]


def test_a_missing_key_is_not_found(objects: ObjectStore) -> None:
    with pytest.raises(NotFound, match="no object 'none'"):
        objects.get("none")


def test_wrong_keys_are_refused(objects: ObjectStore) -> None:
    env = {"S3_ENDPOINT_URL": os.environ["S3_ENDPOINT_URL"], "S3_ACCESS_KEY": "nobody", "S3_SECRET_KEY": "wrong-secret"}
    with pytest.raises(Unavailable):
        ObjectStore(load(S3Settings, env), objects.bucket).keys()


def test_no_server_is_unavailable_not_a_stack_trace() -> None:
    env = {"S3_ENDPOINT_URL": "http://127.0.0.1:1", "S3_ACCESS_KEY": "key", "S3_SECRET_KEY": "generated"}
    with pytest.raises(Unavailable, match="did not answer"):
        ObjectStore(load(S3Settings, env), "bucket", timeout_seconds=1).get("key")


def test_a_folder_of_a_bucket_is_a_store_of_its_own(objects: ObjectStore) -> None:
    env = {name: os.environ[name] for name in ("S3_ENDPOINT_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY")}
    folder = ObjectStore(load(S3Settings, env), f"{objects.bucket}/kinds/car-loans")
    folder.ensure()
    objects.put("imports/a.csv", b"ours")
    folder.put("imports/a.csv", b"theirs")
    assert (objects.get("imports/a.csv"), folder.get("imports/a.csv")) == (b"ours", b"theirs")
    assert folder.keys() == folder.keys("imports/") == ["imports/a.csv"]
    assert objects.keys("imports/") == ["imports/a.csv"]
    assert objects.keys() == ["imports/a.csv", "kinds/car-loans/imports/a.csv"]
    folder.remove("imports/a.csv")
    assert (objects.get("imports/a.csv"), folder.keys()) == (b"ours", [])
