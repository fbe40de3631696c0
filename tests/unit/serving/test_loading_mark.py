"""The mark of a canary: it outlives the process that set it, and nothing else."""

import errno
import os
from pathlib import Path

import pytest

from serving.loading_mark import FILE, LoadingMark

KEY = ("2", "run-2")


def left_by(folder: Path) -> LoadingMark:
    """A mark that the process which set it left behind."""
    LoadingMark(folder, process="one that died").put(KEY)
    return LoadingMark(folder, process="the next")


def test_it_is_on_the_disk_before_the_load_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    assert left_by(tmp_path).fatal == KEY
    assert synced == [Path(FILE).with_suffix(".new").name, tmp_path.name], "the content, then the name"


def test_of_its_own_process_it_says_nothing(tmp_path: Path) -> None:
    mark = LoadingMark(tmp_path)
    mark.put(KEY)
    assert mark.fatal is None
    assert LoadingMark(tmp_path).fatal is None


def test_removed_it_is_gone_for_the_next(tmp_path: Path) -> None:
    mark = left_by(tmp_path)
    for _ in range(2):
        mark.remove()
    assert mark.fatal is None
    assert LoadingMark(tmp_path, process="a third").fatal is None


def test_a_process_that_is_told_to_end_takes_its_own_and_leaves_what_another_died_of(tmp_path: Path) -> None:
    mark = left_by(tmp_path)
    mark.end()
    heir = LoadingMark(tmp_path, process="a third")
    assert heir.fatal == KEY
    heir.put(("3", "run-3"))
    heir.end()
    heir.put(("3", "run-3"))  # the thread that loads was still at it
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_costs_the_mark_and_not_the_trial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    LoadingMark(tmp_path).put(KEY)
    assert "version 2 is loaded without a mark" in caplog.text


@pytest.mark.parametrize("content", ["", "[]", '{"version": "2"}', "\ufffd"])
def test_what_is_no_mark_is_ignored(tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_text(content, encoding="utf-8")
    mark = LoadingMark(tmp_path)
    assert mark.fatal is None
    assert "cannot be read and is ignored" in caplog.text
    mark.put(KEY)
    mark.remove()
    assert list(tmp_path.iterdir()) == []
