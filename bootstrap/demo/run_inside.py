"""Runs a command with the settings of an embedded appliance: `python -m bootstrap.demo.run_inside MODULE ARGUMENT…`.

The appliance is the one in .state/demo, or in the folder that CALLWISE_STATE names. Its addresses are read, and the
settings of its story if it has one; the command itself finds out whether the appliance runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from bootstrap.demo import story_settings
from bootstrap.embedded import environment
from bootstrap.embedded.environment import ROOT
from bootstrap.embedded.processes import MARK_STATE
from bootstrap.embedded.state import StateFolder
from core.errors import NotFound, exit_status

STATE = ROOT / ".state" / "demo"


def settings(state: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment for a command on the appliance in `state`. Raises NotFound if there is none."""
    folder = StateFolder(state)
    appliance = folder.read_json("appliance.json")
    if not appliance:
        raise NotFound(
            f"There is no appliance in {state}.",
            kept="Nothing was started.",
            next="Start it with scripts/demo, or name its folder in CALLWISE_STATE.",
        )
    own = story_settings.own_settings(state)
    return {**environment.base(folder, {**own, **inherited}), **environment.settings(folder, appliance["ports"])}


@exit_status
def main(arguments: list[str]) -> int:
    """Become the command; returns an exit status only if that fails."""
    if not arguments:
        print("usage: python -m bootstrap.demo.run_inside MODULE [ARGUMENT …]", file=sys.stderr)
        return 2
    env = settings(Path(os.environ.get(MARK_STATE, STATE)), os.environ)
    return os.execve(sys.executable, [sys.executable, "-P", "-m", *arguments], env)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
