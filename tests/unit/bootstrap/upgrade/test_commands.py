"""A command of the upgrade ends in order when the upgrade does: it puts back what it has moved away."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bootstrap.upgrade.commands import Commands
from core.settings.group import ROOT

COMMAND = """#!/bin/bash
trap 'touch put-back' EXIT
sleep 60 &
echo $! >child
touch started
wait
"""
UPGRADE = """
import signal, sys
from pathlib import Path
from bootstrap.upgrade.commands import Commands

def end(number, frame):
    raise KeyboardInterrupt

signal.signal(signal.SIGTERM, end)
here = Path(sys.argv[1])
Commands(here, here / "log").ask("./command")
"""


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline, f"{path.name} does not appear"
        time.sleep(0.05)


def runs(number: int) -> bool:
    """Whether the process runs; one that has ended and that nobody has asked for does not."""
    stat = Path(f"/proc/{number}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_puts_back_what_it_moved_before_the_upgrade_ends(tmp_path: Path, number: int) -> None:
    (tmp_path / "command").write_text(COMMAND)
    (tmp_path / "command").chmod(0o755)
    upgrade = subprocess.Popen(
        [sys.executable, "-c", UPGRADE, str(tmp_path)], env={"PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(tmp_path / "started")
        upgrade.send_signal(number)
        assert upgrade.wait(30) != 0
    finally:
        upgrade.kill()
        upgrade.wait()
    assert (tmp_path / "put-back").exists()
    child, deadline = int((tmp_path / "child").read_text()), time.monotonic() + 10
    while runs(child):
        assert time.monotonic() < deadline, "what the command has started goes on"
        time.sleep(0.05)


def test_the_status_and_all_that_a_command_prints_come_back_and_stay_in_the_log(tmp_path: Path) -> None:
    commands = Commands(tmp_path, tmp_path / "log")
    assert commands.ask("sh", "-c", "echo out; echo err >&2; exit 7") == (7, "out\nerr\n")
    assert commands.ask("no-such-program") == (127, "no-such-program: there is no such program")
    assert "out\nerr\n" in (tmp_path / "log").read_text()
