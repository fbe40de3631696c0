"""Restores an embedded appliance into a state folder: `read` the backup, set the present state aside, put it in place.

Nothing that is there is changed before the whole backup was read and compared with its manifest, and nothing is ever
deleted: a state that is in the way is renamed, also a broken one.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from bootstrap.backup.archive import Archive, Backup, clear
from bootstrap.backup.copies import objects
from bootstrap.backup.copies.register import Register, receipts_text
from bootstrap.backup.manifest import Manifest
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.environment import ROOT
from bootstrap.embedded.watch import Watch
from core.clock import now
from core.errors import CallwiseError, Conflict, InputError, NotFound, Unavailable
from core.settings.addresses import MongoSettings, S3Settings
from core.settings.loading import load
from core.stores.mongo import connect

Say = Callable[[str], None]
PATIENCE = 60.0
"""Seconds for the database of a state that may be broken."""
ASIDE = ".before-restore-"
FILES = ("mongo", "registry", "prefect", "evidently", "mlflow", "spool")
"""Stores whose copies are files of the state folder. The others are the secrets, and the objects of S3."""


@dataclass(frozen=True)
class Restored:
    """What was restored. `aside`: where the state that was in the way lies now. `erased`: people to erase again."""

    backup: Backup
    manifest: Manifest
    aside: Path | None
    erased: str


def choose(archive: Archive, wanted: str | None) -> Backup:
    """The backup `wanted`, by the start of its name or its time, or the newest. Raises NotFound, InputError."""
    backups = archive.backups()
    found = [one for one in backups if wanted is None or wanted in (one.name[: len(wanted)], _time(one)[: len(wanted)])]
    if not found:
        raise NotFound(
            f"The archive has no backup {wanted}." if wanted else f"The archive {archive.folder} has no backup.",
            next="scripts/backup --list shows what it has.",
        )
    return found[0]


def _time(backup: Backup) -> str:
    return f"{backup.at:%Y-%m-%d %H:%M:%S}"


def read(archive: Archive, backup: Backup, scratch: Path) -> tuple[Path, Manifest]:
    """Read `backup` into the folder `scratch`; returns its folder and manifest, compared. Raises InputError."""
    folder = archive.read(backup, clear(scratch))
    manifest = Manifest.read(folder)
    manifest.check(folder)
    return folder, manifest


def register_since(archive: Archive, backup: Backup, scratch: Path, say: Say) -> list[Register]:
    """The register of erasures of the newest backup after `backup` that can be read; none if there is none.

    A damaged backup is no reason to refuse a good one. Raises NotFound, InputError if the archive does not open.
    """
    for newer in takewhile(lambda one: one != backup, archive.backups()):
        try:
            return [Register.read(read(archive, newer, scratch)[0] / "register")]
        except (InputError, OSError) as error:
            say(f"the register of erasures in the backup of {_time(newer)} cannot be read: {error}")
    return []


def restore(
    archive: Archive,
    state: Path,
    *,
    wanted: str | None = None,
    receipts: Sequence[Path] = (),
    say: Say = lambda _: None,
) -> Restored:
    """Put the backup `wanted` (default: the newest) in the place of `state`; people who were erased stay erased.

    Receipts come from the newest backup and from all states that were set aside, if they can be read, and from the
    files `receipts`; so an interrupted restore may be repeated. Raises InputError for a damaged archive or a wrong
    passphrase, Conflict if an appliance runs in `state`, NotFound, Unavailable.
    """
    state = state.resolve()
    scratch = state.with_name(f".{state.name}-restoring")
    try:
        backup = choose(archive, wanted)
        folder, manifest = read(archive, backup, scratch / "backup")
        say(f"read and compared {len(manifest.files)} files")
        registers = [Register.read(folder / "register")]
        registers += register_since(archive, backup, scratch / "newest", say)
        made = scratch / "state"
        lay_out(folder, made)
        aside = set_aside(state)
        if aside:
            say(f"the present state is now in {aside}")
        # Also those of earlier restores: one that was interrupted had the registers in memory alone.
        for former in states_aside(state):
            registers += _register_of(former, scratch / "aside", say)
        made.rename(state)
        with Appliance(state, services=("s3", "mongo")) as appliance:
            Watch(appliance).wait_healthy(lambda _: None)
            objects.put_back(load(S3Settings, appliance.env), folder / "s3")
            say("put the objects back into S3")
            erased = erase_again(appliance.environment("restore"), registers, receipts)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return Restored(backup, manifest, aside, erased)


def lay_out(folder: Path, state: Path) -> None:
    """Make a state folder of the copies in `folder`, all but the objects of S3."""
    clear(state)
    for name in FILES:
        shutil.copytree(folder / name, state / name)
    for path in (folder / "secrets").iterdir():
        shutil.copyfile(path, state / path.name)
    for path in state.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    (state / "lock").touch(mode=0o600)


def set_aside(state: Path) -> Path | None:
    """Rename `state` if it is there; returns its new name. Raises Conflict if an appliance runs in it."""
    if not state.exists():
        return None
    with _not_running(state):
        aside = state.with_name(f"{state.name}{ASIDE}{now():%Y%m%dT%H%M%SZ}")
        state.rename(aside)
    return aside


def states_aside(state: Path) -> list[Path]:
    """All states that restores have set aside for `state`, the newest first."""
    return sorted(
        (path for path in state.parent.iterdir() if path.name.startswith(f"{state.name}{ASIDE}")), reverse=True
    )


@contextmanager
def _not_running(state: Path) -> Iterator[None]:
    """Holds the lock of the state folder, if it has one: a broken state may have lost it."""
    if not (state / "lock").is_file():
        yield
        return
    with open(state / "lock", "rb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"An appliance runs in {state}.",
                kept="Nothing was changed.",
                next="Stop it with Ctrl-C, or restore into another folder with --state.",
            ) from None
        yield


def _register_of(aside: Path, scratch: Path, say: Say) -> list[Register]:
    """The register of erasures in a state that was set aside; none if its database cannot be read.

    A server is started on a copy: the rest of the state may be broken, and the state stays as it was.
    """
    try:
        clear(scratch)
        (scratch / "lock").touch(mode=0o600)
        shutil.copytree(aside / "mongo", scratch / "mongo")
        with Appliance(scratch, services=("mongo",)) as appliance:
            Watch(appliance).wait_healthy(lambda _: None, timeout=PATIENCE)
            return [Register.of(connect(load(MongoSettings, appliance.env)))]
    except (CallwiseError, OSError, ValueError) as error:
        say(f"the register of erasures in {aside} cannot be read, so only receipts from elsewhere count ({error})")
        return []


def erase_again(env: Mapping[str, str], registers: Sequence[Register], receipts: Iterable[Path]) -> str:
    """Carry the registers over, and ask for the erasure of everybody with a receipt; returns it in words.

    `env`: the settings of the appliance. Raises Unavailable.
    """
    db = connect(load(MongoSettings, env))
    carried = sum(register.carry_over(db) for register in registers)
    text = "\n".join([receipts_text(registers), *(path.read_text(encoding="utf-8") for path in receipts)])
    done = subprocess.run(
        [sys.executable, "-P", "-m", "trainer.privacy.erase_again", "--by", "restore"],
        input=text,
        env=dict(env),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Unavailable(
            f"People who were erased could not be looked for: {(done.stdout + done.stderr).strip()}",
            kept="The appliance is restored and not started.",
            next="Give the receipts back before you start it (docs/operations.md, Erasing a person).",
        )
    return f"{carried} erasures carried over; {done.stdout.strip()}"
