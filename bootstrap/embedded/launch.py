"""Starts one service of the embedded appliance: supervisord runs `python -m bootstrap.embedded.launch NAME`.

The launcher waits until everything that the service needs is well, then becomes the service (exec), so that
supervisord's child is the service itself. A waiting launcher costs no more than an interpreter.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bootstrap.embedded import environment
from bootstrap.embedded.environment import service_environment
from bootstrap.embedded.processes import MARK_STATE, end_processes, find_processes, tie_to_parent
from bootstrap.embedded.services import BY_NAME, Service
from bootstrap.embedded.state import StateFolder
from core.errors import Unavailable

POLL_SECONDS = 0.5


def wait_for(
    services: Sequence[Service], values: Mapping[str, str], say: Callable[[str], None], poll: float = POLL_SECONDS
) -> None:
    """Return when each of `services` is well. Passes the reason for waiting to `say` whenever it changes."""
    for service in services:
        logged = ""
        while True:
            try:
                service.health(values)
                break
            except Unavailable as reason:
                if str(reason) != logged:
                    logged = str(reason)
                    say(f"waiting for {service.name}: {logged}")
            time.sleep(poll)


def main(name: str) -> None:
    """Become the service `name` once its needs are well. Raises KeyError for an unknown name."""
    tie_to_parent()
    service = BY_NAME[name]
    state = StateFolder(Path(os.environ[MARK_STATE]))
    filled = environment.values(state)

    def say(words: str) -> None:
        print(f"[launch {name}] {words}", flush=True)

    # A killed server may leave children, which would hold its port or its files.
    if not service.keeps_children and (count := end_processes(lambda: find_processes(state.path, name))):
        say(f"ended {count} process(es) left over by a former {name}")
    wait_for([BY_NAME[need] for need in service.needs], filled, say)

    environment.remove_litter(service, filled)
    working = state.path / "run" / name
    working.mkdir(exist_ok=True)
    os.chdir(working)
    argv = environment.command(service, filled)
    say("starting: " + " ".join(argv))
    os.execve(argv[0], argv, service_environment(service, os.environ, filled))


if __name__ == "__main__":
    main(sys.argv[1])
