"""What refuses an upgrade, each rule by itself: the database's image, versions to stop at, room, lost records."""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path

import pytest

from bootstrap.upgrade import database_image, halts
from bootstrap.upgrade.comparison import lost
from bootstrap.upgrade.env_file import moved_pins, variables, with_values
from bootstrap.upgrade.halts import Halt
from bootstrap.upgrade.way import room, volumes_bytes, write_private
from core.settings.group import ROOT


@pytest.mark.parametrize(
    ("present", "wanted", "data"),
    [
        ("8.0.12", "8.0.12", "8.0"),
        ("8.0.12", "8.0.15", "8.0"),
        ("8.0.12", "8.2.1", "8.0"),  # a minor release of the same major one
        ("8.2.1", "9.0.0", "8.2"),
        ("8.0.12", "9.0.0", "8.0"),
        ("8.0.12", "8.0.12", "7.0"),  # it runs, and may go on
    ],
)
def test_a_mongodb_of_the_data_s_release_or_of_the_next_one_opens_them(present: str, wanted: str, data: str) -> None:
    assert database_image.refusal(present, wanted, data) is None


@pytest.mark.parametrize(
    ("present", "wanted", "data", "what", "next"),
    [
        ("8.0.12", "7.0.20", "8.0", "too new for it", "8.0 or newer"),
        ("8.2.1", "8.0.12", "8.2", "too new for it", "8.2 or newer"),
        ("7.0.1", "9.0.0", "7.0", "a release is skipped", "MongoDB 8 first"),
        # The data were never told that the server is 8.0: the next major release would not open them.
        ("8.0.12", "9.0.0", "7.0", "too new for these data", 'setFeatureCompatibilityVersion: "8.0"'),
        ("8.2.1", "9.0.0", "8.0", "too new for these data", 'setFeatureCompatibilityVersion: "8.2"'),
        ("8.0.12", "8.0.12", "", "is no version", "MONGO_IMAGE"),
        ("8.0.12", "latest", "8.0", "is no version", "MONGO_IMAGE"),
    ],
)
def test_another_mongodb_is_refused_with_the_way_out(
    present: str, wanted: str, data: str, what: str, next: str
) -> None:
    refusal = database_image.refusal(present, wanted, data)
    assert refusal is not None
    assert what in refusal.what
    assert next in refusal.next


def test_a_version_that_may_not_be_skipped_comes_first() -> None:
    text = "# a remark\n\nv2.0 it turns the keys   # and more\nv3.0 it moves the files\n"
    steps = halts.read(text)
    assert steps == [Halt("v2.0", "it turns the keys"), Halt("v3.0", "it moves the files")]
    order = ["v1.0", "v2.0", "v3.0", "v4.0"]

    def refused(present: str, wanted: str) -> str:
        refusal = halts.refusal(
            steps,
            reached=lambda version: order.index(version) <= order.index(present),
            passed=lambda version: order.index(version) < order.index(wanted),
        )
        return refusal.next if refusal else ""

    assert refused("v1.0", "v2.0") == ""
    assert refused("v1.0", "v3.0") == "scripts/upgrade v2.0 first"
    assert refused("v1.0", "v4.0") == "scripts/upgrade v2.0 first"
    assert refused("v2.0", "v4.0") == "scripts/upgrade v3.0 first"
    assert refused("v3.0", "v4.0") == ""


def test_the_table_of_this_release_can_be_read() -> None:
    assert all(halt.version and halt.why for halt in halts.read((ROOT / halts.FILE).read_text()))


def test_images_follow_the_release_unless_a_person_chose_another() -> None:
    before = "MONGO_IMAGE=mongo:8.0.12\nS3_IMAGE=minio:1\nADMIN_PASSWORD=\n"
    wanted = "MONGO_IMAGE=mongo:8.0.15\nS3_IMAGE=minio:2\nNEW_IMAGE=x:1\nADMIN_PASSWORD=\n"
    env = "# mine\nMONGO_IMAGE=mongo:8.0.12\nS3_IMAGE=garage:1\nADMIN_PASSWORD=secret\n"
    assert moved_pins(env, before, wanted) == {"MONGO_IMAGE": "mongo:8.0.15"}
    new = with_values(env, {"MONGO_IMAGE": "mongo:8.0.15", "IMAGE_VERSION": "v2"})
    assert new == "# mine\nMONGO_IMAGE=mongo:8.0.15\nS3_IMAGE=garage:1\nADMIN_PASSWORD=secret\nIMAGE_VERSION=v2\n"
    assert variables(new)["ADMIN_PASSWORD"] == "secret"


def test_fewer_records_are_named_and_more_are_well() -> None:
    before = {"callwise.calls": 7, "callwise.predictions": 50, "callwise.sessions": 3, "callwise-loans.prospects": 9}
    assert lost(before, {**before, "callwise.sessions": 0, "callwise.calls": 8}) == []
    found = lost(before, {"callwise.calls": 6, "callwise.predictions": 50})
    assert found == ["callwise-loans.prospects: 0 of 9", "callwise.calls: 6 of 7"]


def test_a_full_disk_is_refused_and_says_what_is_needed(tmp_path: Path) -> None:
    assert room(tmp_path, 1, "copies") is None
    refusal = room(tmp_path, 1 << 60, "copies")
    assert refusal is not None
    assert (refusal.rule, f"{(1 << 60) >> 20}" in refusal.what) == ("disk", True)


def test_the_volumes_that_a_restore_doubles_are_counted() -> None:
    sizes = {"callwise_mongo": "1.5GB", "callwise_s3": "20kB", "callwise_spool": "0B", "callwise_backups": "9TB"}
    listed = [{"Name": name, "Size": size, "Links": "1"} for name, size in {**sizes, "other": "8GB"}.items()]
    assert volumes_bytes(json.dumps({"Volumes": listed}), "callwise_", "callwise_backups") == 1_500_020_000
    assert volumes_bytes('{"Volumes": null}', "callwise_", "callwise_backups") == 0
    with pytest.raises(ValueError, match="'N/A' is no size"):
        volumes_bytes('{"Volumes": [{"Name": "callwise_s3", "Size": "N/A"}]}', "callwise_", "callwise_backups")


def test_a_private_file_is_on_the_disk_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, synced = tmp_path / ".env", []
    path.write_text("before")
    monkeypatch.setattr(os, "fsync", lambda number: synced.append((os.fstat(number).st_size, path.read_text())))
    write_private(path, "new secrets")
    assert synced == [(len("new secrets"), "before")]
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new secrets", 0o600)


def test_what_runs_on_a_server_reads_as_python_3_9() -> None:
    folder = ROOT / "bootstrap" / "upgrade"
    for path in [*folder.glob("*.py"), ROOT / "bootstrap" / "__init__.py"]:
        tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 9))
        if path.name == "within.py":
            continue  # a command of the appliance
        for node in ast.walk(tree):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not [name for name in names if name.startswith(("core", "bootstrap.embedded", "bootstrap.backup"))]
