"""A restore of an older backup carries over what newer ones know of erasures, whichever of them can be read."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from bootstrap.backup import archive as archives
from bootstrap.backup import into_volumes
from bootstrap.backup import restore as restores
from bootstrap.backup.archive import Archive, Backup, clear
from bootstrap.backup.copies.register import FILE, Register
from bootstrap.backup.from_archive import PASSPHRASE
from bootstrap.backup.into_volumes import with_erasure_keys
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
    for name in (*restores.FILES, "secrets"):
        (folder / name).mkdir()
        (folder / name / "who").write_text(f"backup {day}")
    (folder / "secrets" / "env").write_text(f"CALLWISE_ERASURE_KEY=of-day-{day}\n")
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


@pytest.mark.parametrize("killed_in", ["lay_out", "set_aside", "Appliance", "erase_again"])
def test_a_restore_that_was_interrupted_and_is_repeated_knows_who_was_erased_in_the_replaced_state(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_in: str
) -> None:
    back_up(archive, 0)
    state = tmp_path / "state[1]"
    (state / "mongo").mkdir(parents=True)
    (state / "mongo" / "who").write_text("replaced state")
    times = iter(AT + timedelta(seconds=second) for second in range(3))
    carried: list[str] = []

    def register_of(aside: Path, *_: object) -> list[Register]:
        return [Register([{"_id": (aside / "mongo" / "who").read_text()}])]

    def erase_again(_: object, registers: Sequence[Register], __: object) -> str:
        carried.extend(document["_id"] for register in registers for document in register.erasures)
        return "carried over"

    def killed(*args: Path, **_: object) -> None:
        if killed_in == "set_aside":
            set_aside(*args)
        raise KeyboardInterrupt

    set_aside = restores.set_aside
    for name in ("Appliance", "Watch", "load"):
        monkeypatch.setattr(restores, name, MagicMock())
    monkeypatch.setattr("bootstrap.backup.copies.objects.put_back", MagicMock())
    monkeypatch.setattr(restores, "now", lambda: next(times))
    monkeypatch.setattr(restores, "_register_of", register_of)
    monkeypatch.setattr(restores, "erase_again", erase_again)
    with monkeypatch.context() as patched:
        patched.setattr(restores, killed_in, killed)
        with pytest.raises(KeyboardInterrupt):
            restores.restore(archive, state)
    assert carried == []
    restores.restore(archive, state)
    assert {"day 0", "replaced state"} <= set(carried)
    assert (state / "mongo" / "who").read_text() == "backup 0"


@pytest.mark.parametrize(
    ("own", "newer", "keys"),
    [
        ("old", "new,old", "old,new"),
        ("old", "old", "old"),
        ("newest,new,old", "new", "newest,new,old"),
    ],
)
def test_an_earlier_backup_gets_the_erasure_keys_of_the_newest(own: str, newer: str, keys: str) -> None:
    text = "A=1\nCALLWISE_ERASURE_KEY={}\nB=2\n"
    assert with_erasure_keys(text.format(own), text.format(newer)) == text.format(keys)
    assert with_erasure_keys(text.format(own), "") == text.format(own), "one that cannot be read adds nothing"
    assert with_erasure_keys("A=1\n", text.format(newer)) == "A=1\n"


def test_a_damaged_newest_backup_is_told_and_the_next_older_gives_its_erasure_keys(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = [back_up(archive, day) for day in range(4)]
    flip(min(made[3][1]))
    monkeypatch.setenv(PASSPHRASE, "a passphrase of this test")
    asked = ["env", str(archive.folder), "--backup"]
    assert into_volumes.main([*asked, "2026-03-01"]) == 0
    out, err = capsys.readouterr()
    assert out == "CALLWISE_ERASURE_KEY=of-day-0,of-day-2\n", "it becomes .env"
    [line] = err.splitlines()
    assert line.startswith("the erasure keys in the backup of 2026-03-04 02:00:00 UTC cannot be read: The archive")
    assert into_volumes.main([*asked, "2026-03-03"]) == 0
    assert capsys.readouterr().out == "CALLWISE_ERASURE_KEY=of-day-2\n"
