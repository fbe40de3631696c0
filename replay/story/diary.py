"""What of the story has happened, in a file of the state folder, so that a new start goes on where the last one ended.

The file says only which acts are over. What an act has done is in the appliance itself: an act that begins again finds
its campaigns, calls and decisions there, and goes on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.clock import now


@dataclass(frozen=True)
class Diary:
    """When the story began, and the acts that are over."""

    path: Path
    began: datetime
    done: tuple[str, ...] = ()

    @classmethod
    def open(cls, path: Path, clock: Callable[[], datetime] = now) -> Diary:
        """The diary at `path`; a new one if the file says nothing yet."""
        document = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        began = datetime.fromisoformat(document["began"]) if "began" in document else clock()
        return cls(path, began, tuple(document.get("done", ())))

    def with_done(self, act: str) -> Diary:
        """The diary in which `act` is over, written; complete or not at all."""
        new = Diary(self.path, self.began, (*self.done, act))
        draft = self.path.with_name(f".{self.path.name}.part")
        draft.write_text(json.dumps({"began": self.began.isoformat(), "done": new.done}), encoding="utf-8")
        os.replace(draft, self.path)
        return new

    def left(self, acts: Sequence[str]) -> list[str]:
        """Those of `acts` that are still to come, in their order."""
        return [act for act in acts if act not in self.done]
