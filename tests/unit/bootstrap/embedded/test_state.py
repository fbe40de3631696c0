"""The state folder: one runner at a time, nobody else's files, secrets made once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.embedded.state import SOCKET_PATH_MAX, StateFolder
from core.errors import Conflict, SettingsError


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[StateFolder]:
    state = StateFolder(tmp_path / "state")
    state.lock()
    state.prepare()
    yield state
    state.unlock()


def test_a_second_runner_is_refused_and_told_who_has_it(folder: StateFolder) -> None:
    with pytest.raises(Conflict, match=f"process {os.getpid()}"):
        StateFolder(folder.path).lock()
    folder.unlock()
    StateFolder(folder.path).lock()


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(SettingsError, match="not a state folder"):
        StateFolder(tmp_path).lock()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_secrets_are_made_once_differ_and_are_nobody_elses(folder: StateFolder, tmp_path: Path) -> None:
    made = folder.secrets()
    assert folder.secrets() == made
    assert len(set(made.values())) == len(made)
    assert (folder.path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert folder.path.stat().st_mode & 0o777 == 0o700
    other = StateFolder(tmp_path / "other")
    other.lock()
    assert not set(other.secrets().values()) & set(made.values())


def test_a_new_run_keeps_data_and_secrets(folder: StateFolder) -> None:
    made = folder.secrets()
    (folder.path / "mongo" / "callwise.db").write_text("prospects")
    (folder.path / "run" / "old").write_text("of the former run")
    folder.prepare()
    assert folder.secrets() == made
    assert (folder.path / "mongo" / "callwise.db").exists()
    assert not (folder.path / "run" / "old").exists()


def test_reset_starts_over_but_only_for_who_holds_the_folder(folder: StateFolder) -> None:
    made = folder.secrets()
    with pytest.raises(Conflict):
        StateFolder(folder.path).reset()
    folder.reset()
    assert [path.name for path in folder.path.iterdir()] == ["lock"]
    assert folder.secrets() != made


def test_a_long_path_has_its_sockets_in_a_short_folder(tmp_path: Path) -> None:
    deep = StateFolder(tmp_path / ("long" * 30) / "state")
    assert len(str(deep.sockets / "supervisor.sock")) <= SOCKET_PATH_MAX
    deep.lock()
    deep.prepare()
    assert deep.sockets.stat().st_mode & 0o777 == 0o700
    deep.unlock()
    assert not deep.sockets.exists()
