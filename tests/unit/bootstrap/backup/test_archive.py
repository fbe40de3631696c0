"""The archive gives back what it was given, or says why it does not: never other data, never nothing without a word."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bootstrap.backup import archive as archives
from bootstrap.backup import durable
from bootstrap.backup.archive import INDEX, KEY, Archive, Backup, clear
from core.errors import Conflict, InputError, NotFound

AT = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
WORDS = "a passphrase of this test"


@pytest.fixture(autouse=True)
def quick_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that costs little to derive; what it costs in earnest is tested below."""
    monkeypatch.setitem(archives.KDF, "n", 1 << 10)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "mongo").mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    (folder / "mongo" / "callwise.db").write_bytes(bytes(range(256)) * 4000)
    return folder


@pytest.fixture
def archive(tmp_path: Path, source: Path) -> Archive:
    made = Archive(tmp_path / "archive", WORDS)
    with made.locked():
        made.create()
        made.keep(made.write(source, AT, {"mongo/callwise.calls": 3}))
    return made


def parts(archive: Archive, kind: str) -> list[Path]:
    return sorted(path for path in (archive.folder / kind).rglob("*") if path.is_file())


def flip(path: Path) -> None:
    """Change one bit in the middle of the file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_what_was_stored_comes_back(archive: Archive, source: Path, tmp_path: Path) -> None:
    (backup,) = Archive(archive.folder, WORDS).backups()
    assert (backup.at, backup.counts) == (AT, {"mongo/callwise.calls": 3})
    folder = archive.read(backup, tmp_path / "back")
    assert {path.relative_to(folder) for path in folder.rglob("*")} == {
        path.relative_to(source) for path in source.rglob("*")
    }
    assert (folder / "mongo" / "callwise.db").read_bytes() == (source / "mongo" / "callwise.db").read_bytes()


def test_nothing_that_was_stored_can_be_read_in_the_archive(archive: Archive, source: Path) -> None:
    stored = b"".join(path.read_bytes() for path in archive.folder.rglob("*") if path.is_file())
    assert bytes(range(64)) not in stored
    assert WORDS.encode() not in stored
    assert archive.folder.stat().st_mode & 0o077 == 0


def test_what_an_earlier_backup_has_is_not_stored_again(archive: Archive, source: Path) -> None:
    before = len(parts(archive, "data"))
    archive.keep(archive.write(source, AT + timedelta(days=1), {}))
    assert len(parts(archive, "data")) == before
    assert len(archive.backups()) == 2


def test_a_wrong_passphrase_opens_nothing(archive: Archive) -> None:
    with pytest.raises(InputError, match="passphrase does not open"):
        Archive(archive.folder, "another one").backups()


def all_of(archive: Archive, backup: Backup, scratch: Path) -> None:
    archive.backups()
    archive.read(backup, scratch / "back")


DAMAGES: list[tuple[str, Callable[[Archive], object], str]] = [
    ("a flipped bit in the data", lambda a: flip(parts(a, "data")[0]), "damaged: a part of it was changed"),
    ("a missing chunk", lambda a: parts(a, "data")[0].unlink(), "damaged: a part of it is missing"),
    ("a flipped bit in a list of files", lambda a: flip(parts(a, "snapshots")[0]), "is corrupted"),
    ("a missing list of files", lambda a: parts(a, "snapshots")[0].unlink(), "is not in"),
    ("a flipped bit in the key", lambda a: flip(a.folder / KEY), "damaged|passphrase does not open"),
    ("a missing key", lambda a: (a.folder / KEY).unlink(), "no archive of backups"),
    ("a missing configuration", lambda a: (a.folder / "config").unlink(), "damaged"),
    ("a cut-off index", lambda a: (a.folder / INDEX).write_text("{"), "damaged"),
    ("a missing index", lambda a: (a.folder / INDEX).unlink(), "damaged: backups.json is missing"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "said"), [case[1:] for case in DAMAGES], ids=[case[0] for case in DAMAGES])
def test_a_damaged_archive_is_refused_with_the_reason(
    archive: Archive, tmp_path: Path, damage: Callable[[Archive], object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)  # the engine asks a folder five times for what is missing
    (backup,) = archive.backups()
    damage(archive)
    with pytest.raises((InputError, NotFound), match=said):
        all_of(archive, backup, tmp_path)


def test_a_backup_that_nobody_noted_does_not_count_and_goes(archive: Archive, source: Path) -> None:
    # As a process leaves it that died before it had read its backup back.
    (source / "mongo" / "more.db").write_bytes(b"more" * 100_000)
    died = archive.write(source, AT + timedelta(days=1), {})
    assert died.name not in {backup.name for backup in archive.backups()}
    many = len(parts(archive, "snapshots"))
    archive.forget([])
    assert len(parts(archive, "snapshots")) == many - 1
    assert len(archive.backups()) == 1


@pytest.mark.parametrize(
    "damage",
    [flip, lambda path: path.write_bytes(path.read_bytes()[:100]), lambda path: path.write_bytes(b""), Path.unlink],
    ids=["flipped", "cut off", "emptied", "deleted"],
)
def test_a_damaged_backup_hides_no_other(
    archive: Archive,
    source: Path,
    tmp_path: Path,
    damage: Callable[[Path], object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    (oldest,) = archive.backups()
    (lists,) = parts(archive, "snapshots")
    newest = archive.write(source, AT + timedelta(days=1), {})
    archive.keep(newest)
    damage(lists)
    assert archive.backups() == [newest]
    assert "The backup of 2026-03-01T02:00:00+00:00" in caplog.text
    assert archive.examined() == ([newest], [oldest])
    assert (archive.read(newest, tmp_path / "back") / "manifest.json").read_text() == "{}"


def test_a_lost_index_takes_no_backup_with_it(archive: Archive) -> None:
    kept = (archive.folder / INDEX).read_bytes()
    (archive.folder / INDEX).unlink()
    before = parts(archive, "snapshots") + parts(archive, "data")
    changes: list[Callable[[], object]] = [
        lambda: archive.forget([]),
        lambda: archive.keep(Backup("new", AT)),
        lambda: archive.last,
    ]
    for change in changes:
        with pytest.raises(InputError, match=r"backups\.json is missing"):
            change()
    assert parts(archive, "snapshots") + parts(archive, "data") == before
    (archive.folder / INDEX).write_bytes(kept)  # from another copy of the archive
    assert len(archive.backups()) == 1


def test_a_new_archive_has_an_index_before_it_has_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def noting(path: Path, content: bytes) -> None:
        durable.replace(path, content)
        written.append(path.name)

    monkeypatch.setattr(archives, "replace", noting)
    made = Archive(tmp_path / "archive", WORDS)
    with made.locked():
        made.create()
    assert written == [INDEX, KEY]
    assert made.backups() == []


def test_what_is_forgotten_leaves_no_chunk_behind(archive: Archive, source: Path, tmp_path: Path) -> None:
    (first,) = archive.backups()
    (source / "mongo" / "callwise.db").write_bytes(b"other" * 200_000)
    archive.keep(archive.write(source, AT + timedelta(days=1), {}))
    many = len(parts(archive, "data"))
    archive.forget([first])
    assert len(parts(archive, "data")) < many
    (left,) = archive.backups()
    assert (archive.read(left, tmp_path / "back") / "mongo" / "callwise.db").read_bytes().startswith(b"otherother")


def test_one_at_a_time(archive: Archive) -> None:
    with archive.locked(), pytest.raises(Conflict, match="Another backup or drill"), archive.locked():
        pass


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    archive = Archive(tmp_path, WORDS)
    with archive.locked(), pytest.raises(InputError, match="not an archive"):
        archive.create()
    with pytest.raises(NotFound, match="no archive of backups"):
        archive.backups()
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def half_made(folder: Path) -> None:
    folder.joinpath("lost+found").mkdir(parents=True)
    for name in ("config_a1b2.tmp", ".backups.json-a1b2", ".key-a1b2"):
        (folder / name).write_bytes(b"{")


@pytest.mark.parametrize("killed_at", ["nothing", "config", INDEX, KEY])
def test_a_first_backup_that_was_killed_blocks_no_later_one(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    folder = tmp_path / "archive"
    half_made(folder)

    def killed(path: Path, content: bytes) -> None:
        if path.name == killed_at:
            raise KeyboardInterrupt
        durable.replace(path, content)

    archive = Archive(folder, WORDS)
    with monkeypatch.context() as patched, archive.locked():
        patched.setattr(archives, "replace", killed)
        if killed_at == "config":
            patched.setattr(archives, "make_durable", lambda _: pytest.fail("as if killed"))
        with suppress(KeyboardInterrupt, pytest.fail.Exception):
            archive.create()
    assert archive.exists == (killed_at == "nothing")
    with archive.locked():
        archive.create()
        archive.keep(archive.write(source, AT, {}))
    assert [backup.at for backup in archive.backups()] == [AT]
    left = {path.name for path in folder.iterdir()}
    assert left == {"lock", "config", INDEX, KEY, "lost+found", "data", "snapshots"}


def test_an_archive_that_lost_its_key_is_not_made_again(archive: Archive) -> None:
    (archive.folder / KEY).unlink()
    before = {path: path.read_bytes() for path in archive.folder.rglob("*") if path.is_file()}
    with archive.locked(), pytest.raises(InputError, match="not an archive"):
        archive.create()
    assert {path: path.read_bytes() for path in archive.folder.rglob("*") if path.is_file()} == before


def test_the_last_backup_and_drill_are_known_without_the_passphrase(archive: Archive) -> None:
    anybody = Archive(archive.folder, "another one")
    assert anybody.last == AT
    assert anybody.drilled is None
    archive.note_drill({"equal": True}, AT)
    assert anybody.drilled == AT
    assert set(json.loads((archive.folder / INDEX).read_text()).popitem()[1]) == {"at", "counts", "size"}


def test_a_backup_that_is_not_there_is_not_found(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is not in"):
        archive.read(Backup("0" * 128, AT), clear(tmp_path / "back"))


def test_a_guess_at_the_passphrase_is_costly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(archives.KDF, "n", 1 << 17)
    made = Archive(tmp_path / "archive", WORDS)
    with made.locked():
        made.create()
    key = json.loads((made.folder / KEY).read_bytes())
    assert (key["kdf"]["name"], key["kdf"]["n"], key["kdf"]["r"]) == ("scrypt", 1 << 17, 8)
