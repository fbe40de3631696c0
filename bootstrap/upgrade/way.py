"""What an upgrade does with an appliance, whichever way it runs."""

from __future__ import annotations

import json
import os
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bootstrap.upgrade.checkout import Checkout, Version
from bootstrap.upgrade.commands import Commands
from bootstrap.upgrade.comparison import lost
from bootstrap.upgrade.progress import NO_WAY_BACK, Progress
from bootstrap.upgrade.refusals import Refusal, StepFailed

Say = Callable[[str], None]
MADE = re.compile(r"^Backup ([0-9a-f]{12}) of (.+? UTC)", re.MULTILINE)
"""What `scripts/backup` prints of the backup that it made."""
MIB = 1 << 20


class Way(ABC):
    """One way to run the appliance. A step may be killed and run again; each raises StepFailed.

    `folder` is the upgrade's own. What a step remembers for a later one is in `progress.kept`.
    """

    name = ""
    to_close = ""
    """What a person does to close the appliance."""

    def __init__(self, root: Path, folder: Path, commands: Commands, say: Say) -> None:
        self.root, self.folder, self.commands, self.say = root, folder, commands, say
        self.checkout = Checkout(root, commands)
        self.progress = Progress(self.name, {}, {})
        self.next = folder / "next"
        """The wanted version, unpacked beside the present one."""

    @property
    def before(self) -> Version:
        """The version that is upgraded."""
        return Version(**self.progress.before)

    @property
    def wanted(self) -> Version:
        """The version that is to come."""
        return Version(**self.progress.wanted)

    @abstractmethod
    def opened(self) -> bool:
        """Whether people may write now, although the upgrade has closed the appliance. Raises StepFailed."""

    def described(self) -> dict[str, Any]:
        """Which appliance it is, for an upgrade that goes on."""
        return {"way": self.name}

    @abstractmethod
    def refusals(self) -> list[Refusal]:
        """What speaks against an upgrade of this appliance now."""

    @abstractmethod
    def prefetch(self) -> None:
        """Have everything here that the wanted version needs; nothing stops."""

    @abstractmethod
    def close(self) -> None:
        """Let nobody write any more."""

    @abstractmethod
    def backup(self) -> None:
        """Make the backup to which the way back leads, and count what is there."""

    @abstractmethod
    def stop(self) -> None:
        """Stop what still runs."""

    @abstractmethod
    def switch(self) -> None:
        """Put the wanted version in the place of the present one."""

    @abstractmethod
    def migrate(self) -> None:
        """Migrate the data, and compare what is there with what was there."""

    @abstractmethod
    def start(self) -> None:
        """Start the new release without opening it to people, and check that it is well."""

    @abstractmethod
    def open(self) -> None:
        """Let people in. From here on nothing is taken back."""

    @abstractmethod
    def switch_back(self) -> None:
        """Put the former version in its place again, and stop what runs."""

    @abstractmethod
    def restore(self) -> None:
        """Restore the backup."""

    @abstractmethod
    def start_again(self) -> None:
        """Start the former release, as it ran before."""

    def clear(self) -> None:
        """Remove what the upgrade has left beside the appliance."""
        self.checkout.remove(self.next)

    @property
    def switching(self) -> bool:
        """Whether the switch has begun: what lies here may be of either version."""
        return bool(self.progress.kept.get("switching"))

    def begin_switch(self) -> None:
        """Note that the switch begins. Raises StepFailed if it would overwrite what a person did since the refusals."""
        if self.switching:
            return
        if self.checkout.present().commit != self.before.commit:
            raise StepFailed("somebody has checked another version out meanwhile")
        if found := self.checkout.in_the_way(self.before, self.wanted):
            raise StepFailed("; ".join(map(str, found)))
        self.keep_settings()
        self.progress.kept["switching"] = True
        self.progress.write(self.folder)

    @abstractmethod
    def keep_settings(self) -> None:
        """Keep the present settings for the way back."""

    def note_backup(self, printed: str) -> None:
        """Remember the backup that a command made, and the numbers that it printed."""
        made = MADE.search(printed)
        if made is None:
            raise StepFailed("the backup did not say that it was made")
        self.progress.kept |= {"backup": made[1], "made": made[2], **last_line(printed)}

    def compare(self, now: Mapping[str, Any]) -> None:
        """Raise StepFailed if there are fewer records `now`, or if the event log was broken meanwhile."""
        kept = self.progress.kept
        if NO_WAY_BACK in kept:  # people have worked since, and may have removed some
            self.say(f"the data are of version {now['version']}")
            return
        if missing := lost(kept["counts"], now["counts"]):
            raise StepFailed(f"records are missing: {'; '.join(missing)}")
        self.check_events(now)
        self.say(f"the data were of version {kept['version']} and are of {now['version']}; nothing is missing")

    def check_events(self, now: Mapping[str, Any]) -> None:
        """Raise StepFailed if the event log was broken meanwhile."""
        if now["broken_at"] is not None and self.progress.kept["broken_at"] is None:
            raise StepFailed(f"the event log is broken from event {now['broken_at']} on")


def last_line(printed: str) -> dict[str, Any]:
    """The JSON on the last line that a command printed."""
    lines = printed.strip().splitlines()
    try:
        return dict(json.loads(lines[-1]))
    except (IndexError, ValueError) as error:
        raise StepFailed("the command did not count what is there") from error


def room(folder: Path, needed: int, what: str) -> Refusal | None:
    """The refusal of a disk that has fewer than `needed` bytes free in `folder`; None if there is room."""
    free = shutil.disk_usage(folder).free
    if free >= needed:
        return None
    return Refusal(
        "disk", f"{free // MIB} MiB are free in {folder}, and {what} take {needed // MIB}", "make room on that disk"
    )


def volumes_bytes(text: str, prefix: str, but: str) -> int:
    """Bytes in the volumes whose name begins with `prefix`, without `but`, as `docker system df` says it in JSON.

    Raises ValueError, TypeError or KeyError if the text is of another form.
    """
    volumes = json.loads(text)["Volumes"] or []
    return sum(_bytes(one["Size"]) for one in volumes if one["Name"].startswith(prefix) and one["Name"] != but)


def _bytes(size: str) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMGTP]?)B", size)
    if found is None:
        raise ValueError(f"'{size}' is no size")
    return int(float(found[1]) * 1000 ** " kMGTP".index(found[2] or " "))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads: complete, or as before, also after a power cut."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    with open(part, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
