"""The manifest finds what is missing, changed or too many, and makes what no archive keeps."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bootstrap.backup.manifest import NAME, Manifest, Part, tree
from core.errors import InputError

AT = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "registry" / ".git" / "refs").mkdir(parents=True)
    (tmp_path / "registry" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "registry" / "empty").touch()
    Manifest.of(tmp_path, AT, "0.1.0", {"registry": {"files": Part(2, "ab")}}).write(tmp_path)
    return tmp_path


def test_it_is_read_as_it_was_written(folder: Path) -> None:
    read = Manifest.read(folder)
    assert (read.at, read.version, read.records("registry"), read.records("other")) == (AT, "0.1.0", 2, 0)
    read.check(folder)
    document = json.loads((folder / NAME).read_text())
    del document["elsewhere"]  # as earlier releases wrote it
    (folder / NAME).write_text(json.dumps(document))
    assert Manifest.read(folder) == replace(read, elsewhere=[])


def test_empty_files_and_folders_are_made_again(folder: Path) -> None:
    (folder / "registry" / "empty").unlink()
    (folder / "registry" / ".git" / "refs").rmdir()
    Manifest.read(folder).check(folder)
    assert (folder / "registry" / ".git" / "refs").is_dir()
    assert (folder / "registry" / "empty").read_bytes() == b""


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("registry/.git/HEAD", None, "registry/.git/HEAD is missing"),
        ("registry/.git/HEAD", "ref: refs/heads/other", "registry/.git/HEAD is not what was stored"),
        ("registry/empty", "no longer", "registry/empty is not what was stored"),
        ("registry/more", "x", "registry/more does not belong to it"),
    ],
)
def test_what_differs_is_named(folder: Path, name: str, content: str | None, said: str) -> None:
    manifest = Manifest.read(folder)
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(content)
    with pytest.raises(InputError, match=said):
        manifest.check(folder)


def test_without_a_manifest_or_with_a_later_one_nothing_is_restored(folder: Path) -> None:
    document = json.loads((folder / NAME).read_text())
    (folder / NAME).write_text(json.dumps({**document, "format": 2, "version": "9.0.0"}))
    with pytest.raises(InputError, match=r"format 2.*Use release 9\.0\.0"):
        Manifest.read(folder)
    (folder / NAME).write_text("{")
    with pytest.raises(InputError, match="no manifest that can be read"):
        Manifest.read(folder)


def test_a_tree_is_its_names_and_contents(folder: Path) -> None:
    before = tree(folder)
    assert before.count == 2
    (folder / "registry" / "empty").rename(folder / "registry" / "renamed")
    assert tree(folder).sha256 != before.sha256
