"""The commands of docs/operations.md in the order in which they stand, and how each is run on an appliance."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.settings.group import ROOT

GUIDE = ROOT / "docs" / "operations.md"
FENCE_OR_CODE = re.compile(r"^```\w*\n(?P<block>.*?)^```|`(?P<code>[^`]+)`", re.DOTALL | re.MULTILINE)
COMMAND = re.compile(r"(scripts/[\w-]+|docker compose [a-z]+|docker pull|tar -|curl )")


@dataclass(frozen=True)
class Run:
    """How a command is run: with `words` in its place where it has names to fill in; it ends with `status`, and prints
    what matches `shows`."""

    shows: str = ""
    words: str = ""
    status: int = 0


def commands(path: Path = GUIDE) -> Iterator[str]:
    """Each command of the guide, without what follows as a comment; a line that ends in a backslash goes on."""
    for found in FENCE_OR_CODE.finditer(path.read_text(encoding="utf-8")):
        lines = (found["block"] or "").replace("\\\n ", "").splitlines() or [(found["code"] or "").replace("\n", " ")]
        for line in lines:
            command = re.sub(r"\s+#.*", "", line.strip().removeprefix("$ "))
            if COMMAND.match(command):
                yield re.sub(r"\s+", " ", command)
