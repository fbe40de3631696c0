"""Whether a column is a figure of the economy: the same for all who are called around one time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.imports.column_mapping import cell
from core.proposal.evidence import ColumnEvidence
from core.proposal.meaning import ColumnProposal
from core.schema.column import ColumnType, Role
from core.sentences import Sentence

LONGER = 10  # times as long as by chance is a spell of one value, at least
LEAST_CHANGES = 3

_FOUND = Sentence(
    "It is the same for all who are called around one time, so it is taken as a figure of the economy (`indicator`)."
)


@dataclass
class Spells:
    """How often a column's cells change from one call to the next, in the file's order."""

    rows: int = 0
    changes: int = 0
    last: str | None = None

    def add(self, raw: Any) -> None:
        """Add the next call's cell."""
        text = cell(raw)
        self.rows += 1
        self.changes += self.last is not None and text != self.last
        self.last = text


def may_be_figure(column: ColumnProposal) -> bool:
    """Whether a column is a number without blanks, of people as far as its name says."""
    numbers = (ColumnType.NUMBER, ColumnType.INTEGER)
    whole = not column.column.optional and not column.column.special
    return column.column.type in numbers and column.column.role is Role.PROFILE and whole


def as_figure(column: ColumnProposal, spells: Spells) -> ColumnProposal:
    """The proposal, with role `indicator` where its value moves with time and not from person to person.

    The file must be in the order of time: a file that is sorted by a column looks the same.
    """
    if spells.changes < LEAST_CHANGES or spells.changes * LONGER > spells.rows * _changes_by_chance(column.evidence):
        return column
    return column.remarked(_FOUND, role="indicator", bounds=())


def _changes_by_chance(found: ColumnEvidence) -> float:
    """The share of rows whose value differs from the row before, if their order were random."""
    rows = max(found.filled, 1)
    return 1 - sum((rows_of / rows) ** 2 for rows_of in found.words.values())
