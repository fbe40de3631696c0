"""The upgrade of an embedded appliance: who holds its state folder, and where its archive is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bootstrap.upgrade.commands import Commands
from bootstrap.upgrade.embedded_way import WITHIN, EmbeddedWay

HOLD = """
import fcntl, os, sys, time
with open(sys.argv[1], "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    lock.write(f"{os.getpid()}\\n")
    lock.flush()
    open(sys.argv[1] + ".held", "w").close()
    time.sleep(60)
"""


@contextmanager
def runner(state: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the state folder, with these words in its command line."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(state / "lock"), *words])
    try:
        deadline = time.monotonic() + 30
        while not (state / "lock.held").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()
        (state / "lock.held").unlink()


@pytest.fixture
def way(tmp_path: Path) -> EmbeddedWay:
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "upgrade").mkdir()
    commands = Commands(tmp_path, tmp_path / "log")
    return EmbeddedWay(tmp_path, tmp_path / "upgrade", commands, lambda _: None, state=state)


def test_an_appliance_that_somebody_started_is_told_from_a_command_that_was_cut_off(way: EmbeddedWay) -> None:
    assert not way.opened()
    with runner(way.state):
        assert way.opened()
    with runner(way.state, WITHIN):
        assert not way.opened()
    assert not way.opened()


def test_what_was_written_since_the_backup_is_backed_up(way: EmbeddedWay, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bool] = []
    monkeypatch.setattr(way, "backup", lambda: made.append(way.opened()))
    way.stop()
    assert made == []
    with runner(way.state) as process:
        way.stop()
        assert process.wait(10) != 0
    assert made == [False]


def test_a_runner_that_ends_by_itself_meanwhile_is_no_error(way: EmbeddedWay, monkeypatch: pytest.MonkeyPatch) -> None:
    kill = os.kill
    with runner(way.state) as process:

        def ended_just_now(number: int, _signal: int) -> None:
            kill(number, signal.SIGKILL)
            process.wait()
            raise ProcessLookupError

        monkeypatch.setattr(os, "kill", ended_just_now)
        way.start_again()
        assert process.returncode == -signal.SIGKILL
    assert not way.opened()


@pytest.mark.parametrize("named", ["", "archives"])
def test_the_archive_is_the_one_that_got_the_backup(
    way: EmbeddedWay, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """Whoever goes on may have another environment."""
    (way.state / "secrets.json").write_text('{"CALLWISE_BACKUP_PASSPHRASE": "words"}')
    python = way.root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho 'Backup 0123456789ab of 2026-12-01 02:00:00 UTC: 3 files'\necho '{}'\n")
    restore = way.root / "scripts" / "restore"
    restore.parent.mkdir()
    restore.write_text('#!/bin/sh\necho "$*" >restored\n')
    for program in (python, restore):
        program.chmod(0o755)
    if named:
        monkeypatch.setenv("CALLWISE_BACKUP_FOLDER", named)
    way.backup()
    monkeypatch.setenv("CALLWISE_BACKUP_FOLDER", "/elsewhere")
    way.restore()
    archive = way.root / named if named else f"{way.state}.backups"
    assert (way.root / "restored").read_text().startswith(f"{archive} --state {way.state} --backup 0123456789ab ")
