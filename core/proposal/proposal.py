"""A campaign kind proposed from a file: every column's meaning, the outcome, the reference, and what to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

from core.clock import Clock, now
from core.errors import InputError
from core.proposal import economy, leaks, naming, outcome, reference, segments, time_order
from core.proposal.evidence import Seen
from core.proposal.known_calls import KnownCalls, look_again
from core.proposal.meaning import ColumnProposal, habits, meaning
from core.proposal.outcome import OutcomeProposal
from core.proposal.reference import ReferenceProposal
from core.proposal.rules.outcome_words import Result
from core.schema import RESERVED, Schema
from core.schema.call_columns import Calendar
from core.schema.column import Role
from core.sentences import Sentence

ABOUT = "'{name}': {remark}"
"""The template of a question about one column."""
OWN_NAMES = frozenset({RESERVED, "outcome", "at", "source_campaign", "score"})


@dataclass(frozen=True)
class Proposal:
    """A kind, as `schema`, and what it rests on. `columns` are in the schema's order, without outcome and reference.

    `warnings` say what was done for a reason that people should know; `questions` what they should answer.
    """

    seen: Seen
    schema: Schema
    columns: tuple[ColumnProposal, ...]
    outcome: OutcomeProposal
    reference: ReferenceProposal | None
    warnings: tuple[Sentence, ...]
    questions: tuple[Sentence, ...]


def propose(
    seen: Seen,
    *,
    outcome_column: str = "",
    results: Mapping[str, Result] | None = None,
    reference_column: str = "",
    title: str = "",
    clock: Clock = now,
) -> Proposal:
    """The proposal for a file that was looked at, which is read a second time.

    `results`: what the words of the `outcome_column` mean, if people said it. Raises OutcomeUnknownError where the
    outcome has to be named, WordsUnknownError where its words have to be explained, InputError for a column that the
    file lacks or that cannot be what it is named for, and where no column is left for the model.
    """
    target = outcome.chosen(seen, outcome_column, results) if outcome_column else outcome.find(seen)
    name = target.outcome.column
    how = habits(seen.columns)
    columns = [meaning(found, how) for own, found in seen.columns.items() if own != name]
    key = _reference(seen, columns, reference_column, name)
    columns = [late if (late := leaks.by_name(c)) and (key is None or c.name != key.column) else c for c in columns]
    timed = [c.name for c in columns if c.column.is_feature and time_order.words_of_time(c.evidence)]
    figures = [c.name for c in columns if economy.may_be_figure(c)]
    calls = look_again(seen, target.outcome, [key.column] if key else [], timed, figures)
    _require_calls(target, name)
    columns = [leaks.by_figures(c, calls) if key is None or c.name != key.column else c for c in columns]
    columns = [c for c in columns if key is None or c.name != key.column]
    calendar, asked = time_order.calendar(calls.orders, clock().date())
    columns = [_plain_months(column, calendar) for column in columns]
    if calendar is not None:  # the file is in the order of time
        columns = [
            economy.as_figure(column, calls.spells[column.name]) if column.name in calls.spells else column
            for column in columns
        ]
    columns, chosen = segments.choose(columns, seen)
    schema = _schema(seen, target, key, calendar, columns, chosen, title)
    warnings = tuple(_warnings(columns, key, calls, seen.unreadable))
    questions = tuple(_questions(columns, target, key, asked))
    return Proposal(seen, schema, tuple(columns), target, key, warnings, questions)


def likely_reference(seen: Seen) -> ReferenceProposal | None:
    """The column that is the key of a person, whatever the outcome is; None if there is none."""
    how = habits(seen.columns)
    return reference.find([meaning(found, how) for found in seen.columns.values()])


def _reference(seen: Seen, columns: list[ColumnProposal], named: str, target: str) -> ReferenceProposal | None:
    if not named:
        return reference.find(columns)
    if named == target:
        raise InputError(Sentence("The column '{name}' cannot be both the outcome and the reference", name=named))
    if named not in seen.columns:
        raise outcome.unknown_column(seen, named)
    return ReferenceProposal(named, Sentence("It was chosen."))


def _require_calls(target: OutcomeProposal, name: str) -> None:
    if not target.sales or target.sales == target.calls:
        raise InputError(
            Sentence("The outcome '{name}' has one value only, so a model has nothing to learn", name=name)
        )


def _plain_months(column: ColumnProposal, calendar: Calendar | None) -> ColumnProposal:
    """A calendar's column with all months (or the weekdays), closed, as a calendar needs it."""
    if calendar is None or column.name not in calendar.columns:
        return column
    words = time_order.words_of_time(column.evidence)
    if calendar.weekday == column.name:
        words = tuple(word for word in words if word in column.evidence.words)
    return column.remarked(categories=words, open=False, role="call_context")


def _schema(
    seen: Seen, target: OutcomeProposal, key: ReferenceProposal | None, calendar: Calendar | None,
    columns: list[ColumnProposal], chosen: list[str], title: str,
) -> Schema:  # fmt: skip
    stem = title or seen.file.path.stem
    if not any(column.column.is_feature for column in columns):
        raise InputError(
            Sentence("{file} has no column that a model could read", file=seen.file.path.name),
            next=Sentence("Name the outcome and the reference with --outcome and --reference."),
        )
    return Schema(
        name=naming.kind_name(stem),
        title=title or naming.title(stem),
        reference=key.column if key else None,
        outcome=target.outcome,
        calendar=calendar,
        segments=tuple(chosen),
        columns=tuple(column.column for column in columns),
    )


def _warnings(
    columns: list[ColumnProposal], key: ReferenceProposal | None, calls: KnownCalls, unreadable: int
) -> list[Sentence]:
    late = [
        Sentence("'{name}' is kept from the model: {why}", name=column.name, why=column.remarks[-1])
        for column in columns
        if column.column.role is Role.AFTER_CALL
    ]
    unread = [
        Sentence("'{name}': {remark}", name=column.name, remark=column.remarks[-1])
        for column in columns
        if column.unfit and column.column.is_feature
    ]
    keys = list(reference.warnings(calls.keys[key.column])) if key else []
    damaged = [
        Sentence("1 row is damaged and will be rejected.",
                 many="{number} rows are damaged and will be rejected.", number=unreadable)
    ] if unreadable else []  # fmt: skip
    return [*late, *keys, *unread, *damaged]


def _questions(
    columns: list[ColumnProposal], target: OutcomeProposal, key: ReferenceProposal | None, asked: Sentence | None
) -> list[Sentence]:
    told = [remark for remark in target.remarks if remark.values and "Please check" in str(remark)]
    several = []
    if key and key.others:
        several.append(
            Sentence("'{name}' is taken as the reference; it could also be {others} (--reference COLUMN).",
                     name=key.column, others=", ".join(map(repr, key.others)))
        )  # fmt: skip
    doubts = chain.from_iterable(
        (Sentence("'{name}': {remark}", name=column.name, remark=remark) for remark in column.remarks)
        for column in columns
        if column.column.is_feature and not column.unfit
    )
    read = [
        Sentence("'{name}': {remark}", name=column.name, remark=column.doubt)
        for column in columns
        if column.doubt and column.column.is_feature
    ]
    return [*told, *several, *([asked] if asked else []), *read, *doubts]
