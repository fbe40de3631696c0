"""A second server of MongoDB's protocol (SecantusDB), for what the embedded one has not: logins, roles, WiredTiger.

It has an environment of its own (`scripts/install engine`). Its roles are by action, not by collection.
`python -m tests.scoring.second_engine COMMAND…` runs a command with its address as MONGODB_URI.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from pymongo import MongoClient

from core.settings.group import ROOT
from tests.scoring.processes import Mongo

PROGRAM = ROOT / ".venv-engine" / "bin" / "secantusd-py"
ROOT_USER, ROOT_PASSWORD = "root", "the password of root"

TESTED = "CALLWISE_TEST_SECOND_ENGINE"
"""The environment variable that says to the contract tests which server MONGODB_URI names."""

needed = pytest.mark.skipif(not PROGRAM.exists(), reason="there is no second database: scripts/install engine makes it")


class SecondEngine(Mongo):
    """The server on a folder. Each commit is on the disk before it is acknowledged."""

    def __init__(self, folder: Path, *, logins: bool = False) -> None:
        super().__init__(folder)
        self._options: list[str] = []
        if logins:
            self.start()  # without logins, to make the first user
            with MongoClient[dict[str, object]](self.uri) as anybody:
                root = {"pwd": ROOT_PASSWORD, "roles": [{"role": "root", "db": "admin"}]}
                anybody.admin.command({"createUser": ROOT_USER, **root})
            self.kill()
            self._options = ["--auth"]

    @property
    def address(self) -> str:
        """`host:port`."""
        return f"127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """What is run."""
        where = ["--port", str(self.port), "--storage-path", str(self.folder / "engine")]
        return [str(PROGRAM), *where, "--standalone", "--sync-on-commit", *self._options]


def main(command: list[str]) -> int:
    """Run `command` beside a server on an empty folder; returns its exit code."""
    if not PROGRAM.exists():
        sys.exit("There is no second database, so the suite did not run. Next: scripts/install engine.")
    with tempfile.TemporaryDirectory(prefix="callwise-engine-") as folder:
        server = SecondEngine(Path(folder))
        server.start()
        try:
            env = {**os.environ, "MONGODB_URI": server.uri, TESTED: "1"}
            return subprocess.run(command, env=env, check=False).returncode
        finally:
            server.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
