"""How the numbers and dates of a file are read: as its cells show, as people choose, or to be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from core.imports import readings
from core.imports.readings import Readings
from core.proposal import segments
from core.proposal.evidence import Seen
from core.proposal.meaning import ColumnProposal
from core.proposal.rules.number_rules import read_as
from core.schema.column import Column, ColumnType, Role
from core.values.dates import DateReading
from core.values.numbers import NumberReading


def as_shown(columns: Sequence[ColumnProposal], chosen: Readings) -> Readings:
    """How each column is read by what the file shows; what is in `chosen` stays.

    `asked`: columns whose cells can be read in two ways, or in no way that the file shows. The proposal's own guess
    does not count: a person decides.
    """
    theirs = [(_without_guesses(one.column), one.evidence) for one in columns if one.column.role is not Role.AFTER_CALL]
    found = readings.of_columns(theirs, chosen)
    lost = [
        column.name
        for column, seen in theirs
        if column.name in found.numbers and column.name not in chosen.numbers
        if seen.numbers.unclear.total() and _loses(seen.numbers.examples, found.numbers[column.name])
    ]
    return replace(found, asked=(*found.asked, *lost))


def _without_guesses(column: Column) -> Column:
    """The column without rules that follow from how its cells were read: they would confirm the guess."""
    kind = ColumnType.NUMBER if column.type is ColumnType.INTEGER else column.type
    free: dict[str, Any] = {"type": kind, "minimum": None, "maximum": None, "special": {}, "bounds": ()}
    return column.model_copy(update={**free, "decimal": None, "thousands": None, "day_first": None})


def _loses(cells: dict[str, None], reading: NumberReading) -> bool:
    """Whether the reading makes no number of one of the cells."""
    for text in cells:
        try:
            reading.plain(text)
        except ValueError:
            return True
    return False


def with_reading(proposal: ColumnProposal, reading: NumberReading | DateReading, seen: Seen) -> ColumnProposal:
    """The proposal of a column of numbers or dates that is read as a person chose."""
    column = proposal.column
    if isinstance(reading, DateReading):
        return replace(proposal, column=column.model_copy(update={"day_first": reading.day_first}), doubt=None)
    said = read_as(proposal.evidence, reading.decimal)
    fresh: dict[str, Any] = {"minimum": None, "special": {}, "bounds": (), **said.values, "decimal": reading.decimal}
    fresh["thousands"] = reading.grouping if reading.grouping in (".", ",") else None
    values = {**column.model_dump(exclude_unset=True), **fresh}
    read = replace(proposal, column=Column.model_validate(values), why=said.why, unfit=said.unfit, doubt=None)
    if not column.bounds:
        return read
    limits = tuple(segments.bounds(read, seen))
    return replace(read, column=Column.model_validate({**values, "bounds": limits}))
