"""What stops an upgrade: a rule that refuses it, or a step that fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """A `rule` that says no: what is so, and what to do `next`."""

    rule: str
    what: str
    next: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what} -> {self.next}"


class Refused(Exception):
    """An upgrade that was not begun: nothing was changed."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("; ".join(map(str, refusals)))
        self.refusals = tuple(refusals)


class StepFailed(Exception):
    """A step that did not do its work, with the reason."""


def refuse(rule: str, what: str, next: str) -> Refused:
    """The error of one refusal."""
    return Refused([Refusal(rule, what, next)])
