"""`python -m tests.scoring.dying FOLDER`: the scoring service, which dies when it loads the version in `DIES_OF`.

A model's file holds no code, so none can do that by itself; this stands for a library that crashes on one.
"""

import os
import signal
import sys

from core.models.registry import Loaded, ModelRegistry, ModelVersion
from serving import server

load = ModelRegistry.load


def fatal(registry: ModelRegistry, version: ModelVersion) -> Loaded:
    """Load `version`, unless it is the one."""
    if version.version == os.environ["DIES_OF"]:
        sys.stdout.write(f"version {version.version} ends the process\n")
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    return load(registry, version)


if __name__ == "__main__":
    ModelRegistry.load = fatal  # type: ignore[method-assign, assignment]
    sys.exit(server.main(sys.argv[1:]))
