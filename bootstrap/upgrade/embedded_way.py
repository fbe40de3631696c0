"""The upgrade of an embedded appliance, the one of scripts/demo: processes of this machine in one state folder."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from bootstrap.upgrade.commands import Commands
from bootstrap.upgrade.refusals import Refusal, StepFailed
from bootstrap.upgrade.way import MIB, Say, Way, last_line, room, write_private

ENVIRONMENTS = (".venv", ".venv-serving")
ENVIRONMENT_MIB = 3000
"""Room for both environments a second time."""
PATIENCE = 150.0
"""Seconds for an appliance to stop."""
WITHIN = "bootstrap.upgrade.within"
AT_WORK = "is at work on"
"""What a backup says of another one."""


class EmbeddedWay(Way):
    """The appliance in the folder `state`. `only`: the services that are started for the check; default all."""

    name = "embedded"
    to_close = "stop it"

    def __init__(
        self,
        root: Path,
        folder: Path,
        commands: Commands,
        say: Say,
        *,
        state: Path,
        only: str = "",
        seconds: float = 900.0,
    ) -> None:
        super().__init__(root, folder, commands, say)
        self.state, self._only, self._seconds = state.resolve(), only, seconds

    def described(self) -> dict[str, Any]:
        """As `Way`."""
        return {**super().described(), "state": str(self.state), "only": self._only, "seconds": self._seconds}

    def opened(self) -> bool:
        """As `Way`."""
        holder = self._holder() or ""
        line = Path("/proc") / holder / "cmdline"
        # A command of the upgrade that was cut off ends soon, and lets nobody in.
        return holder.isdecimal() and line.exists() and WITHIN.encode() not in line.read_bytes()

    def refusals(self) -> list[Refusal]:
        """As `Way`."""
        found: list[Refusal | None] = []
        if not (self.state / "secrets.json").is_file():
            found.append(
                Refusal(
                    "appliance",
                    f"there is none in {self.state}",
                    "name its folder in CALLWISE_STATE; or docker compose up -d",
                )
            )
        else:
            size = sum(path.stat().st_size for path in self.state.rglob("*") if path.is_file())
            new = 0 if self._same_pins() else ENVIRONMENT_MIB * MIB
            found.append(room(self.state, 2 * size + new + 256 * MIB, "a copy, a backup and new packages"))
        if not (self.root / ".venv" / "bin" / "python").exists():
            found.append(Refusal("packages", "the packages of the present version are not here", "scripts/install"))
        return [one for one in found if one]

    def prefetch(self) -> None:
        """As `Way`."""
        if self.progress.kept.get("same_pins") is None:
            self.progress.kept["same_pins"] = self._same_pins()
        if self.progress.kept["same_pins"]:
            self.say("it needs the packages that are here")
            return
        # In a folder of its own: what is fetched stays in the installer's cache for the switch.
        self.checkout.unpack(self.wanted, self.next)
        self.commands.run(str(self.next / "scripts" / "install"), cwd=self.next)

    def close(self) -> None:
        """As `Way`."""
        self.progress.kept["ran"] = self._free() or bool(self.progress.kept.get("ran"))
        self.say("the appliance was stopped" if self.progress.kept["ran"] else "the appliance did not run")

    def backup(self) -> None:
        """As `Way`."""
        secrets = json.loads((self.state / "secrets.json").read_text(encoding="utf-8"))
        # The way back needs it also where the state folder is no more: this file goes with the upgrade.
        write_private(self._passphrase, secrets["CALLWISE_BACKUP_PASSPHRASE"])
        # The commands run in `root`. Whoever goes on may have another environment.
        archive = os.environ.get("CALLWISE_BACKUP_FOLDER", f"{self.state}.backups")
        self.progress.kept["archive"] = str((self.root / archive).resolve())
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                printed = self._within("backup")
                break
            except StepFailed as error:
                if AT_WORK not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(5)
        self.note_backup(printed)
        self.say(f"backup {self.progress.kept['backup']} of {self.progress.kept['made']}")

    def stop(self) -> None:
        """As `Way`."""
        while self._free():  # somebody has started it since the backup
            self.backup()

    def switch(self) -> None:
        """As `Way`."""
        self.begin_switch()
        if not self.progress.kept["same_pins"]:
            for name in ENVIRONMENTS:
                self._aside(name)
        self.checkout.switch(self.wanted)
        if not self.progress.kept["same_pins"]:
            self.commands.run(str(self.root / "scripts" / "install"))

    def migrate(self) -> None:
        """As `Way`."""
        now = last_line(self._within("migrate"))
        self.compare(now)

    def start(self) -> None:
        """As `Way`."""
        self.check_events(last_line(self._within("check")))
        self.say("every service was well; stopped again")

    def open(self) -> None:
        """As `Way`."""
        self.say(f"start it with scripts/demo{self._option()}")

    def switch_back(self) -> None:
        """As `Way`."""
        self._free()
        if self.switching:  # else a person's changes are in the files
            self.checkout.switch(self.before)
        for name in ENVIRONMENTS:
            former = self.root / f"{name}.before-upgrade"
            if former.exists() or former.is_symlink():
                _remove(self.root / name)
                former.rename(self.root / name)

    def restore(self) -> None:
        """As `Way`."""
        kept = self.progress.kept
        self.commands.run(
            *("scripts/restore", kept["archive"], "--state", str(self.state), "--backup", kept["backup"]),
            *("--passphrase-file", str(self._passphrase)),
        )
        aside = sorted(self.state.parent.glob(f"{self.state.name}.before-restore-*"))
        left = f"; what the new release left is in {aside[-1]}" if aside else ""
        self.say(f"backup {kept['backup']}{left}")

    def start_again(self) -> None:
        """As `Way`."""
        self._free()
        self.say(f"start it with scripts/demo{self._option()}")

    def keep_settings(self) -> None:
        """As `Way`: there are none beside the code; the state folder has its own, and so has the backup."""

    def clear(self) -> None:
        """As `Way`."""
        super().clear()
        self._passphrase.unlink(missing_ok=True)
        for name in ENVIRONMENTS:
            _remove(self.root / f"{name}.before-upgrade")

    @property
    def _passphrase(self) -> Path:
        return self.folder / "passphrase"

    def _option(self) -> str:
        return "" if self.state == (self.root / ".state" / "demo").resolve() else f" --state {self.state}"

    def _same_pins(self) -> bool:
        return self.checkout.same_pins(self.before, self.wanted)

    def _within(self, what: str) -> str:
        self._free()
        options = ["--only", self._only] if self._only and what == "check" else []
        return self.commands.run(
            *(str(self.root / ".venv" / "bin" / "python"), "-P", "-m", WITHIN, what),
            *("--state", str(self.state), "--seconds", str(self._seconds), *options),
            env={"PYTHONPATH": str(self.root)},
        )

    def _aside(self, name: str) -> None:
        """Keep an environment for the way back. What a killed switch has installed meanwhile is the new one."""
        former = self.root / f"{name}.before-upgrade"
        if (self.root / name).exists() and not (former.exists() or former.is_symlink()):
            (self.root / name).rename(former)

    def _free(self) -> bool:
        """End the appliance's runner, if one holds the state folder; returns whether one did."""
        deadline, ended = time.monotonic() + PATIENCE, 0
        while (holder := self._holder()) is not None:
            if holder.isdecimal() and int(holder) != ended:
                ended = int(holder)
                with suppress(ProcessLookupError):  # it has ended meanwhile
                    os.kill(ended, signal.SIGTERM)
            if time.monotonic() > deadline:
                raise StepFailed(f"the appliance in {self.state} (process {holder}) does not stop")
            time.sleep(0.5)
        return bool(ended)

    def _holder(self) -> str | None:
        """The process that the state folder's lock names; None if nobody holds the lock."""
        lock = self.state / "lock"
        if not lock.is_file():
            return None
        with open(lock, encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read().strip()
        return None


def _remove(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)
