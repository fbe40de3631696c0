"""Processes of one appliance: tied to whoever started them, and found again by their own environment.

Every process carries CALLWISE_STATE (which appliance) and CALLWISE_SERVICE (which part) in the environment it was
started with, and hands both down to its children. Both together are the marker: a person's shell may hold the first.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from core.errors import Unavailable

MARK_STATE = "CALLWISE_STATE"
MARK_SERVICE = "CALLWISE_SERVICE"
_PR_SET_PDEATHSIG = 1  # prctl(2)


def tie_to_parent(sent: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel send this process `sent` when its parent dies. Kept across exec, not handed to children.

    Exits at once if the parent died while this was being arranged.
    """
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(sent), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        sys.exit("the supervisor is gone")


def marked(state: Path, service: str | None = None) -> list[psutil.Process]:
    """Running processes of the appliance in `state`; of one `service` if named. Never this one or its ancestors."""
    own = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            if (
                process.pid not in own
                and environment.get(MARK_STATE) == str(state)
                and MARK_SERVICE in environment
                and service in (None, environment[MARK_SERVICE])
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue  # gone, or somebody else's
    return found


def end(find: Callable[[], list[psutil.Process]], seconds: float = 10.0) -> int:
    """Ask every process that `find` finds to end, and kill those that have not within `seconds`. How many there were.

    `find` is called again until it finds nothing, so that what was started in the meantime does not escape. Raises
    Unavailable if that does not happen within ten rounds.
    """
    ended: set[int] = set()
    for _ in range(10):
        left = find()
        if not left:
            return len(ended)
        ended |= {process.pid for process in left}
        for process in left:
            _signal(process, signal.SIGTERM)
        _, stubborn = psutil.wait_procs(left, timeout=seconds)
        for process in stubborn:
            _signal(process, signal.SIGKILL)
        psutil.wait_procs(stubborn, timeout=seconds)
    raise Unavailable(f"These processes could not be ended: {sorted(ended)}.")


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)  # psutil checks that the id still belongs to the same process
    except psutil.NoSuchProcess:
        return
