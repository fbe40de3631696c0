"""A backup that is killed at any moment leaves an archive whose backups all come back, and the next one succeeds."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bootstrap.backup import archive as archives
from bootstrap.backup.archive import Archive, clear
from bootstrap.backup.manifest import Manifest
from core.settings.group import ROOT

WORDS = "a passphrase of this test"
KILLS = 8

# Backs random data up again and again, and says so.
CHILD = """
import os, sys
from pathlib import Path
from bootstrap.backup import archive as archives
from bootstrap.backup.archive import Archive
from bootstrap.backup.keeping import Keep
from bootstrap.backup.manifest import Part
from bootstrap.backup.stores import Store
from bootstrap.backup.take import take

archives.KDF["n"] = 1 << 10

def copy(target):
    target.mkdir()
    (target / "data").write_bytes(os.urandom(3_000_000))
    return {"rows": Part(1, "")}

archive = Archive(Path(sys.argv[1]) / "archive", sys.argv[2])
while True:
    made = take([Store("mongo", copy)], archive, Path(sys.argv[1]) / "scratch", keep=Keep(1, 0, 0), version="0.1.0")
    print(made.backup.name, flush=True)
"""


def test_a_killed_backup_takes_no_other_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(archives.KDF, "n", 1 << 10)
    chance, archive = random.Random(7), Archive(tmp_path / "archive", WORDS)
    for _ in range(KILLS):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path), WORDS],
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdout is not None
        acknowledged = [child.stdout.readline().strip()]  # at least one whole backup
        time.sleep(chance.random())
        child.kill()
        acknowledged += child.stdout.read().split()
        child.wait()
        found = archive.backups()
        # The newest three stay; a name that was cut off is none.
        last = [name for name in acknowledged if len(name) == len(acknowledged[0])][-1]
        assert last in {backup.name for backup in found[:3]}
        for backup in found:
            folder = archive.read(backup, clear(tmp_path / "read"))
            Manifest.read(folder).check(folder)
