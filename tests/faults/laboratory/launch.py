"""Starts one service of the appliance under test: as always, but over the lines, and with what a fault asks for.

The file `wiring.json` beside the state folder says which addresses are lines, and what else a service gets: variables,
and a limit of its memory. It is read at each start, so a service that was killed starts with what it says then.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bootstrap.embedded import launch
from bootstrap.embedded.environment import service_environment
from bootstrap.embedded.processes import MARK_STATE
from bootstrap.embedded.services import Service

FILE = "wiring.json"
KEEP = frozenset({"MLFLOW_SERVER_ALLOWED_HOSTS", "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"})
"""Settings that list addresses: they get the line's beside the service's own."""


def wired(env: Mapping[str, str], lines: Mapping[str, str]) -> dict[str, str]:
    """`env` with the address of a line in the place of each address that has one."""
    found = {}
    for name, value in env.items():
        other = value
        for own, line in lines.items():
            other = other.replace(own, line)
        found[name] = f"{value},{other}" if name in KEEP else other
    return found


def main(name: str) -> None:
    """Become the service `name`."""
    wiring: dict[str, Any] = json.loads(Path(os.environ[MARK_STATE]).with_name(FILE).read_text(encoding="utf-8"))
    own = wiring["services"].get(name, {})
    made = service_environment

    def environment(service: Service, shared: Mapping[str, str], filled: Mapping[str, str]) -> dict[str, str]:
        if limit := own.get("memory_bytes"):
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        return {**wired(made(service, shared, filled), wiring["lines"]), **own.get("environment", {})}

    vars(launch)["service_environment"] = environment
    launch.main(name)


if __name__ == "__main__":
    main(sys.argv[1])
