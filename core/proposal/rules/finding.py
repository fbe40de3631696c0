"""What a rule finds in a column: its values in the schema, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.proposal.evidence import ColumnEvidence
from core.sentences import Sentence

MOSTLY, NEARLY_ALL = 0.9, 0.98
"""Shares of the filled cells from which a column is of a type; the others are mistakes."""


class Sure(StrEnum):
    """How sure a proposal is."""

    CERTAIN = "certain"
    LIKELY = "likely"
    CHECK = "please check"


@dataclass(frozen=True)
class Habits:
    """How this file's other columns are written, for a column that does not show it: decimal sign, order of dates."""

    decimal: str = ""
    day_first: bool | None = None


@dataclass
class Found:
    """A rule's finding: `values` of the column beside its name and label, `unfit` cells that it does not read.

    `key`: how likely it is the person's key, 0 to 1. `doubt`: how its cells are read, which they do not show.
    """

    why: Sentence
    sure: Sure = Sure.CERTAIN
    doubt: Sentence | None = None
    remarks: list[Sentence] = field(default_factory=list)
    key: float = 0.0
    unfit: int = 0
    values: dict[str, Any] = field(default_factory=dict)


def kept(why: Sentence, note: str) -> Found:
    """A column that is shown to people alone."""
    return Found(why, values={"type": "text", "role": "people_only", "note": note})


def unread(said: Found) -> None:
    """Say how many cells the finding does not read."""
    if said.unfit:
        said.sure = Sure.CHECK
        said.remarks.append(
            Sentence("1 cell is none; its row will be rejected.",
                     many="{number} cells are none; their rows will be rejected.", number=said.unfit)
        )  # fmt: skip


def percent(found: ColumnEvidence, rows: int) -> str:
    """`rows` as a share of the filled cells, in words."""
    return f"{min(found.share(rows), 1):.0%}"
