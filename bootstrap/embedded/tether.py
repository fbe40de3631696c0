"""Run a command that ends when its parent does: `python -m bootstrap.embedded.tether PROGRAM ARGUMENT...`."""

from __future__ import annotations

import os
import sys

from bootstrap.embedded.processes import tie_to_parent

if __name__ == "__main__":
    tie_to_parent()
    os.execv(sys.argv[1], sys.argv[1:])
