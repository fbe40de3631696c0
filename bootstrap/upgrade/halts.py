"""The versions at which an upgrade has to stop on its way: `deploy/upgrade-steps`.

Each line names a tag or a commit, and says in a sentence why it may not be skipped; # begins a remark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bootstrap.upgrade.refusals import Refusal

FILE = "deploy/upgrade-steps"
RULE = "steps"


@dataclass(frozen=True)
class Halt:
    """A version that may not be skipped, and why."""

    version: str
    why: str


def read(text: str) -> list[Halt]:
    """The halts in the text of the file, in its order."""
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    return [Halt(version, why.strip()) for version, _, why in (line.partition(" ") for line in lines if line)]


def refusal(halts: Sequence[Halt], *, reached: Callable[[str], bool], passed: Callable[[str], bool]) -> Refusal | None:
    """The first halt that would be skipped; None if there is none.

    `reached`: the present version has it in its past. `passed`: the wanted version has it in its past, and is another.
    """
    for halt in halts:
        if passed(halt.version) and not reached(halt.version):
            return Refusal(
                RULE, f"{halt.version} may not be skipped: {halt.why}", f"scripts/upgrade {halt.version} first"
            )
    return None
