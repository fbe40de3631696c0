"""Volumes that are lost: those that fill again by themselves, and those that come back from a backup."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from bootstrap.backup.restore import ASIDE
from tests.faults.laboratory.fault import Bench, Fault, spooled, started_again
from tests.faults.laboratory.site import Site, wait

REFILLED = ("evidently", "prefect", "spool")
"""Volumes without which nothing that was acknowledged is missing: reports, runs, and a spool that is empty."""
RESTORED = ("mongo", "s3", "mlflow", "registry")
COMMAND_SECONDS = 900


def refilled(volume: str) -> Callable[[Bench], float]:
    """The volume is gone, and the appliance starts without it."""

    def inject(bench: Bench) -> float:
        site = bench.site
        with bench.load.quiet():
            wait("the spool being empty", lambda: spooled(site) == 0)
            site.stop()
            shutil.rmtree(site.state / volume)
            return started_again(bench)

    return inject


def _done(process: subprocess.Popen[str]) -> None:
    said = process.communicate(timeout=COMMAND_SECONDS)[0]
    assert process.returncode == 0, said


def _restore(site: Site, env: dict[str, str]) -> None:
    archive = env["CALLWISE_BACKUP_FOLDER"]
    own = {"CALLWISE_BACKUP_PASSPHRASE": env["CALLWISE_BACKUP_PASSPHRASE"]}
    command = ["-P", "-m", "bootstrap.backup.from_archive", archive, "--state", str(site.state)]
    _done(site.child_of(env, command, **own))
    for aside in site.disk.glob(f"*{ASIDE}*"):
        shutil.rmtree(aside)


def restored(volume: str) -> Callable[[Bench], float]:
    """The volume is gone while everything runs; a backup of a moment before brings it back, in one command.

    Nobody works between the backup and the loss: what comes after a backup is not in it.
    """

    def inject(bench: Bench) -> float:
        site = bench.site
        with bench.load.quiet():
            wait("the spool being empty", lambda: spooled(site) == 0)
            _done(site.run("bootstrap.backup"))
            env = site.env(over_lines=False)
            _lose(site.state / volume)
            site.kill(volume if volume != "registry" else "prefect-worker")
            site.stop()
            began = time.monotonic()
            _restore(site, env)
            return time.monotonic() - began + started_again(bench)

    return inject


def _lose(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


FAULTS = (
    *(Fault(f"the volume {volume} lost", refilled(volume), within=600) for volume in REFILLED),
    *(Fault(f"the volume {volume} lost, and restored", restored(volume), within=600) for volume in RESTORED),
)
