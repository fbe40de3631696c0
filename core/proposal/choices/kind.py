"""The proposal of a kind with what a person chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.proposal.meaning import ColumnProposal
from core.proposal.proposal import Proposal
from core.schema import Schema
from core.schema.call_columns import Calendar


def changed(
    proposal: Proposal, columns: Sequence[ColumnProposal], *, title: str, name: str, swapped: bool = False
) -> Proposal:
    """The proposal with its `columns` as a person chose them, the kind's title and name.

    `swapped`: the other value of the outcome is a sale. Raises ValidationError (pydantic) where the columns no longer
    make a kind.
    """
    target = proposal.outcome
    if swapped:
        turned = {"positive": target.outcome.negative, "negative": target.outcome.positive}
        target = replace(target, outcome=target.outcome.model_copy(update=turned), sales=target.calls - target.sales)
    schema = Schema(
        name=name,
        title=title,
        reference=proposal.schema.reference,
        outcome=target.outcome,
        calendar=_calendar(proposal, columns),
        segments=_segments(proposal.schema.segments, columns),
        columns=tuple(one.column for one in columns),
    )
    return replace(proposal, schema=schema, columns=tuple(columns), outcome=target)


def _calendar(proposal: Proposal, columns: Sequence[ColumnProposal]) -> Calendar | None:
    """The calendar, if its columns still say when a call was made."""
    calendar = proposal.schema.calendar
    if calendar is None:
        return None
    now = {one.name: one.column for one in columns}
    before = proposal.schema.in_files
    same = all(
        now[name].type is before[name].type
        and now[name].role is before[name].role
        and now[name].open == before[name].open
        for name in calendar.columns
    )
    return calendar if same else None


def _segments(names: Sequence[str], columns: Sequence[ColumnProposal]) -> tuple[str, ...]:
    grouped = {one.name for one in columns if one.column.is_feature and one.column.is_grouped}
    return tuple(name for name in names if name in grouped)
