"""A file that was replaced is on the disk, and so is its name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bootstrap.backup.durable import replace


def test_the_content_is_synced_before_the_name_and_the_folder_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    fsync, rename = os.fsync, os.replace

    def synced(descriptor: int) -> None:
        order.append("folder" if Path(f"/proc/self/fd/{descriptor}").resolve() == tmp_path else "file")
        fsync(descriptor)

    def renamed(source: str, target: Path) -> None:
        order.append("rename")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    replace(tmp_path / "key", b"content")
    assert order == ["file", "rename", "folder"]
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("key", b"content")]
