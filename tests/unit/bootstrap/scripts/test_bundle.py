"""What `scripts/bundle` and version control leave out: secrets, also those in the files of a script that was killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from core.settings.group import ROOT

DOCKER = """#!/bin/sh
case "$*" in
  "compose config --images") echo callwise-app:0.1.0 ;;
  save*) echo images ;;
esac
"""
KILLED = {
    "scripts/init": ".env.new.eAbC12",
    "deploy/rotate.sh": ".env.new.eAbC12.new",
    "deploy/rotate.sh, settled": ".env.rotated-20260301T120000Z",
    "scripts/restore": ".env.restored",
    "scripts/restore, settings": "settings.env.restored",
    "scripts/restore, former": ".env.before-restore-20260301T120000Z",
    "scripts/restore, former settings": "settings.env.before-restore-20260301T120000Z",
    "scripts/upgrade": ".env.part",
    "scripts/upgrade, settings": "settings.env.part",
}
SECRET = [".env", "settings.env", *KILLED.values()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An unpacked bundle with secrets of every kind, and a stand-in for the engine."""
    made = tmp_path / "callwise-0.1.0"
    for name in ("scripts/bundle", "scripts/init", ".env.example", ".gitignore"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, made / name)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(DOCKER)
    (tmp_path / "bin/docker").chmod(0o755)
    for name in SECRET:
        (made / name).write_text("PASSWORD=a secret of this test\n")
    return made


def test_a_bundle_has_no_secret_in_it_whatever_was_killed(folder: Path) -> None:
    env = {"PATH": f"{folder.parent / 'bin'}:{os.environ['PATH']}", "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    done = subprocess.run(
        [folder / "scripts/bundle", folder.parent / "made.tar"], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    with tarfile.open(folder.parent / "made.tar") as made:
        files = {member.name.partition("/")[2]: made.extractfile(member) for member in made if member.isfile()}
        content = b"".join(file.read() for file in files.values() if file is not None)
    assert {".env.example", "scripts/bundle", "images.tar.gz", "SHA256SUMS"} <= files.keys()
    assert not files.keys() & set(SECRET)
    assert b"a secret of this test" not in content


def test_version_control_ignores_every_secret(folder: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    found = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert ".env.example" in found
    assert not set(found) & set(SECRET)


def test_init_that_is_killed_leaves_a_name_that_is_left_out(folder: Path) -> None:
    for name in SECRET:
        (folder / name).unlink()
    (folder.parent / "bin/mv").write_text("#!/bin/sh\nkill -9 $PPID\n")
    (folder.parent / "bin/mv").chmod(0o755)
    env = {"PATH": f"{folder.parent / 'bin'}:{os.environ['PATH']}"}
    assert subprocess.run([folder / "scripts/init"], env=env, capture_output=True, check=False).returncode == -9
    [left] = {path.name for path in folder.glob(".env*")} - {".env.example"}
    assert left.startswith(".env.new.")
