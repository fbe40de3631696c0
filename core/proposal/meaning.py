"""What one column of a file means, by its cells and its name, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from core.proposal import naming, vocabulary
from core.proposal.evidence import ColumnEvidence
from core.proposal.rules.contact_rules import contact
from core.proposal.rules.date_rules import date
from core.proposal.rules.finding import MOSTLY, Habits, Sure
from core.proposal.rules.key_rules import identifier
from core.proposal.rules.number_rules import number
from core.proposal.rules.word_rules import free_text, nothing, words, yes_no
from core.schema.column import Column, Role
from core.sentences import Sentence

EXAMPLES = 5
_RULES = (nothing, contact, identifier, yes_no, date, number, free_text, words)
"""In the order of their strength; the last one takes every column."""


@dataclass(frozen=True)
class ColumnProposal:
    """A column as the schema would have it, with what it rests on.

    `why`: the evidence in a sentence. `remarks`: what a person should know before they take it. `key`: how likely it is
    the person's key, 0 to 1. `unfit`: cells that it does not read. `doubt`: how its cells are read, which they
    do not show.
    """

    column: Column
    evidence: ColumnEvidence
    why: Sentence
    sure: Sure = Sure.CERTAIN
    remarks: tuple[Sentence, ...] = ()
    key: float = 0.0
    unfit: int = 0
    doubt: Sentence | None = None

    @property
    def name(self) -> str:
        """The column's name in the file."""
        return self.column.name

    @property
    def examples(self) -> list[tuple[str, int]]:
        """Some common cells, each with its rows."""
        return self.evidence.common(EXAMPLES)

    def remarked(self, *remarks: Sentence, **changes: Any) -> ColumnProposal:
        """The proposal with further remarks, its column with other values."""
        column = Column.model_validate({**self.column.model_dump(exclude_unset=True), **changes})
        return replace(self, column=column, remarks=(*self.remarks, *remarks))


def habits(columns: dict[str, ColumnEvidence]) -> Habits:
    """What all columns together show."""
    signs = [found.numbers.decimal for found in columns.values() if found.share(found.numbers.numbers) >= MOSTLY]
    dated = [found.dates for found in columns.values() if found.share(found.dates.dates) >= MOSTLY]
    first, second = sum(d.day_first for d in dated), sum(d.month_first for d in dated)
    dotted = any("." in word for found in columns.values() if found.share(found.dates.dates) >= MOSTLY
                 for word in list(found.words)[:50])  # fmt: skip
    order = first > second if first != second else (True if dotted else None)
    return Habits("," if signs.count(",") > signs.count(".") else ".", order)


def meaning(found: ColumnEvidence, how: Habits) -> ColumnProposal:
    """The proposal for a column."""
    said = next(answer for rule in _RULES if (answer := rule(found, how)) is not None)
    values: dict[str, Any] = {"role": role(found.name), **said.values}
    if found.blank or (found.missing and values["type"] != "category"):
        values["optional"] = True
    if found.missing and values["type"] in ("integer", "number", "date", "yes_no"):
        values["blanks"] = tuple(sorted(found.missing))
    values = {"name": found.name, "label": naming.label(found.name), **values}
    column = Column.model_validate(values)
    return ColumnProposal(column, found, said.why, said.sure, tuple(said.remarks), said.key, said.unfit, said.doubt)


def role(name: str) -> Role:
    """The role of a feature with this name; `core.proposal.economy` finds indicators."""
    if vocabulary.has(name, vocabulary.BEFORE) or vocabulary.has(name, vocabulary.HISTORY):
        return Role.HISTORY
    return Role.CALL_CONTEXT if vocabulary.has(name, vocabulary.CONTEXT) else Role.PROFILE
