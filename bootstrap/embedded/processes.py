"""Processes of one appliance: tied to their parent, and found by their environment.

Every process starts with CALLWISE_STATE (the appliance) and CALLWISE_SERVICE (the service) in its environment and
passes both to its children. Only both together are the marker, because a person's shell may set the first.
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
    """Have the kernel send this process `sent` when its parent dies. Survives exec; children do not inherit it.

    Exits at once if the parent died meanwhile.
    """
    parent = os.getppid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(sent), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        sys.exit("the supervisor is gone")


def find_processes(state: Path, service: str | None = None) -> list[psutil.Process]:
    """Running processes of the appliance in `state`, or of one `service`; without this one and its ancestors."""
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
            continue  # ended, or another user's
    return found


def end_processes(find: Callable[[], list[psutil.Process]], seconds: float = 10.0) -> int:
    """Ask every process from `find` to end, and kill those still running after `seconds`. Returns their number.

    Repeats until `find` finds nothing, so that no new process escapes. Raises Unavailable after ten rounds.
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
        process.send_signal(number)  # psutil checks that the id still means the same process
    except psutil.NoSuchProcess:
        return
