"""What a person says of one column beside its meaning: its label, whether new words may appear, its limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from core.proposal.meaning import ColumnProposal
from core.proposal.rules.categories import LISTED, all_words, categories
from core.schema.column import Column, ColumnType


def with_label(proposal: ColumnProposal, label: str) -> ColumnProposal:
    """The proposal with another label; an empty one changes nothing."""
    return _changed(proposal, label=label.strip()) if label.strip() else proposal


def can_close(proposal: ColumnProposal) -> bool:
    """Whether a list of all its words is short enough to allow no others."""
    return not proposal.evidence.unlisted and 0 < len(all_words(proposal.evidence)) <= LISTED


def with_new_words(proposal: ColumnProposal, allowed: bool) -> ColumnProposal:
    """The proposal of a column of words in which new words are `allowed`, or all words of the file and no others."""
    column = proposal.column
    if column.type is not ColumnType.CATEGORY or column.open == allowed:
        return proposal
    listed = categories(proposal.evidence)[0] if allowed else all_words(proposal.evidence)
    return _changed(proposal, categories=tuple(listed), open=allowed)


def with_limits(proposal: ColumnProposal, lowest: float | None, highest: float | None) -> ColumnProposal:
    """The proposal of a column of numbers with these limits, its groups as far as they lie between them.

    Raises ValidationError (pydantic) if `lowest` is above `highest`.
    """
    column = proposal.column
    if (column.minimum, column.maximum) == (lowest, highest):
        return proposal
    inside = tuple(
        bound for bound in column.bounds if (lowest is None or bound > lowest) and (highest is None or bound <= highest)
    )
    return _changed(proposal, minimum=lowest, maximum=highest, bounds=inside)


def _changed(proposal: ColumnProposal, **values: Any) -> ColumnProposal:
    column = Column.model_validate({**proposal.column.model_dump(exclude_unset=True), **values})
    return replace(proposal, column=column)
