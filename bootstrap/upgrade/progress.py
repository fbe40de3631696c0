"""How far an upgrade is: one file, written anew after each step, so that a killed upgrade is gone on with."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FILE = "upgrade.json"
FORWARD, BACK = "forward", "back"
NO_WAY_BACK = "open"
"""The step from which on people write with the new release, so what follows is repeated and never taken back."""


@dataclass
class Progress:
    """What is known of the upgrade that is under way.

    `way`: compose or embedded. `done`: the steps that are done, in this `direction`. `touched`: the new release may
    have changed data, so the way back needs the backup. `kept`: what the way remembers between steps.
    """

    way: str
    before: dict[str, str]
    wanted: dict[str, str]
    direction: str = FORWARD
    done: list[str] = field(default_factory=list)
    touched: bool = False
    why_back: str = ""
    kept: dict[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write it into `folder`: complete, or as before."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = folder / f".{FILE}.new"
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(folder / FILE)

    @classmethod
    def read(cls, folder: Path) -> Progress | None:
        """The upgrade that is under way in `folder`, or None."""
        try:
            return cls(**json.loads((folder / FILE).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def remove(self, folder: Path) -> None:
        """Forget it: the upgrade has ended."""
        (folder / FILE).unlink(missing_ok=True)
