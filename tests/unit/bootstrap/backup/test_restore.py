"""A restore of an older backup carries over what newer ones know of erasures, whichever of them can be read."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bootstrap.backup import archive as archives
from bootstrap.backup.archive import Archive, Backup, clear
from bootstrap.backup.copies.register import FILE
from bootstrap.backup.manifest import Manifest
from bootstrap.backup.restore import choose, register_since

AT = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    monkeypatch.setitem(archives.KDF, "n", 1 << 10)
    made = Archive(tmp_path / "archive", "a passphrase of this test")
    with made.locked():
        made.create()
    return made


def chunks(archive: Archive) -> set[Path]:
    return {path for path in (archive.folder / "data").rglob("*") if path.is_file()}


def back_up(archive: Archive, day: int) -> tuple[Backup, set[Path]]:
    """A backup whose register has one erasure, named after the day; and the chunks that it alone has."""
    folder, before = clear(archive.folder.with_name("source")), chunks(archive)
    (folder / "register").mkdir()
    (folder / "register" / FILE).write_text(json.dumps({"erasures": [{"_id": f"day {day}"}], "kept_out": []}))
    (folder / "data").write_bytes(os.urandom(100_000))
    at = AT + timedelta(days=day)
    Manifest.of(folder, at, "0.1.0", {}).write(folder)
    backup = archive.write(folder, at, {})
    archive.keep(backup)
    return backup, chunks(archive) - before


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def erasures(archive: Archive, backup: Backup, said: list[str]) -> list[str]:
    found = register_since(archive, backup, archive.folder.with_name("read"), said.append)
    return [document["_id"] for register in found for document in register.erasures]


def test_the_register_comes_from_the_newest_backup_that_can_be_read(archive: Archive) -> None:
    made = [back_up(archive, day) for day in range(4)]
    said: list[str] = []
    assert erasures(archive, made[0][0], said) == ["day 3"]
    assert erasures(archive, made[3][0], said) == []
    assert said == []
    flip(min(made[3][1]))
    assert choose(archive, "2026-03-01") == made[0][0]
    assert erasures(archive, made[0][0], said) == ["day 2"]
    assert len(said) == 1
    assert said[0].startswith(
        "the register of erasures in the backup of 2026-03-04 02:00:00 cannot be read: The archive"
    )


def test_without_a_newer_one_that_can_be_read_the_older_is_still_restored(archive: Archive) -> None:
    (older, _), (_, own) = back_up(archive, 0), back_up(archive, 1)
    flip(min(own))
    said: list[str] = []
    assert erasures(archive, older, said) == []
    assert len(said) == 1
