"""The column with the person's key, and what is wrong with the keys in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.proposal.known_calls import Keys
from core.proposal.meaning import ColumnProposal
from core.sentences import Sentence

NEAR = 0.05


@dataclass(frozen=True)
class ReferenceProposal:
    """The reference's column, why it is taken, and other columns that are as likely."""

    column: str
    why: Sentence
    others: tuple[str, ...] = ()


def find(columns: Sequence[ColumnProposal]) -> ReferenceProposal | None:
    """The likeliest key of the person; None if no column is one."""
    keys = sorted((column for column in columns if column.key), key=lambda column: -column.key)
    if not keys:
        return None
    best = keys[0]
    near = tuple(column.name for column in keys[1:] if best.key - column.key < NEAR)
    return ReferenceProposal(best.name, best.why, near)


def warnings(keys: Keys) -> Iterator[Sentence]:
    """What is wrong with the keys of the reference."""
    name = keys.name
    if keys.empty:
        yield Sentence(
            "'{name}' is empty in 1 row, which will be rejected.",
            many="'{name}' is empty in {number} rows, which will be rejected.", number=keys.empty, name=name,
        )  # fmt: skip
    if keys.doubles:
        yield Sentence(
            "1 row has a key in '{name}' that an earlier row has.",
            many="{number} rows have a key in '{name}' that an earlier row has.", number=keys.doubles, name=name,
        )  # fmt: skip
    if keys.damaged:
        yield Sentence(
            "1 key in '{name}' is the same as another one but for zeros in front, '.0', spaces or capitals.",
            many="{number} keys in '{name}' are the same as others but for zeros in front, '.0', spaces or capitals.",
            number=keys.damaged, name=name,
        )  # fmt: skip
    if keys.rounded:
        yield Sentence(
            "1 key in '{name}' was rounded by a spreadsheet (as in 4.47701E+11), so its person is not known.",
            many="{number} keys in '{name}' were rounded by a spreadsheet (as in 4.47701E+11), so their people are not "
            "known.",
            number=keys.rounded, name=name,
        )  # fmt: skip
