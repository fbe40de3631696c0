"""Commands of our own that use a running appliance, each in a process of its own with the appliance's settings.

So the runner stays small, and what it starts meets the appliance as any other client does: by its addresses.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.environment import ROOT


class Errand:
    """A running command; iterate over it for its output, line by line, then ask for its `status`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __iter__(self) -> Iterator[str]:
        """Lines of output and errors as they come, without line ends; to the end of the command."""
        for line in self._process.stdout or ():
            yield line.rstrip()

    @property
    def status(self) -> int:
        """Its exit status, once it has ended."""
        return self._process.wait()


@contextmanager
def errand(appliance: Appliance, module: str, *arguments: str) -> Iterator[Errand]:
    """Run `python -m module arguments`; leaving the block ends it if it has not ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bootstrap.embedded.tether", sys.executable, "-P", "-m", module, *arguments],
        env=appliance.environment(module),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C is for the runner, which then ends this
    )
    try:
        yield Errand(process)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
