"""Runs our own commands on a running appliance, each in a new process with the appliance's settings.

So the runner stays small, and the command uses the appliance like any other client: by its addresses.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.environment import ROOT


class ChildCommand:
    """A running command; iterate over it for its output, line by line, then read its `status`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __iter__(self) -> Iterator[str]:
        """Lines of output and errors as they come, without line ends, until the command ends."""
        for line in self._process.stdout or ():
            yield line.rstrip()

    @property
    def status(self) -> int:
        """The command's exit status; waits for its end."""
        return self._process.wait()

    def end(self) -> None:
        """Ask the command to end, if it still runs; does not wait."""
        if self._process.poll() is None:
            self._process.terminate()


@contextmanager
def child_command(appliance: Appliance, module: str, *arguments: str) -> Iterator[ChildCommand]:
    """Run `python -m module arguments`; the end of the block ends the command if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bootstrap.embedded.tether", sys.executable, "-P", "-m", module, *arguments],
        env=appliance.environment(module),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C reaches only the runner, which then ends this process
    )
    try:
        yield ChildCommand(process)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
