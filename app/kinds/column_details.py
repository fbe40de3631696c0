"""The details of one column: how its cells are read, its label, whether new words may appear, its limits."""

from __future__ import annotations

import streamlit as st
from pydantic import ValidationError

from app.imports.column_reading import date_box, number_box
from app.language import _
from core.errors import InputError
from core.imports.readings import is_date, is_number
from core.proposal.choices.details import can_close, with_label, with_limits, with_new_words
from core.proposal.meaning import ColumnProposal
from core.schema.column import ColumnType, Role
from core.sentences import Sentence
from core.values.dates import DateReading
from core.values.numbers import NumberReading

Reading = NumberReading | DateReading


def ask_how_read(one: ColumnProposal, now: Reading | None, place: str) -> Reading | None:
    """Draw the choice of how its numbers or dates are written, where another one would change a value.

    Returns the chosen reading, or `now` without a choice. None means that the manager still has to choose.
    """
    found, column = one.evidence, one.column
    if is_number(column):
        seen = found.numbers
        if now is not None and not (seen.point or seen.comma or seen.groups or seen.unclear):
            return now
        before = now if isinstance(now, NumberReading) else None
        return number_box(_("How its numbers are written"), f"kind-numbers-{place}", before, seen)
    if is_date(column):
        dates = found.dates
        if now is not None and not (dates.day_first or dates.month_first or dates.unclear):
            return now
        order = now if isinstance(now, DateReading) else None
        return date_box(_("How its dates are written"), f"kind-dates-{place}", order, list(found.words))
    return now


def ask(one: ColumnProposal, place: str) -> ColumnProposal:
    """Draw the column's label and rules, and return the column with what is chosen. Raises InputError."""
    column = one.column
    label = st.text_input(_("What agents read"), value=column.label, key=f"kind-label-{place}", max_chars=60)
    one = with_label(one, label or "")
    if column.type is ColumnType.CATEGORY:
        allowed = st.toggle(
            _("New words may appear"),
            value=column.open,
            key=f"kind-open-{place}",
            disabled=column.open and not can_close(one),
            help=_("Off: a row with a word that is not in this file is rejected."),
        )
        return with_new_words(one, bool(allowed))
    if not is_number(column) or column.role is Role.AFTER_CALL:
        return one
    return _limits(one, f"{place}-{column.type}-{column.decimal}")


def _limits(one: ColumnProposal, place: str) -> ColumnProposal:
    column = one.column
    whole = column.type is ColumnType.INTEGER
    left, right = st.columns(2)
    with left:
        lowest = _limit(_("Smallest"), column.minimum, f"kind-smallest-{place}", whole=whole)
    with right:
        highest = _limit(_("Largest"), column.maximum, f"kind-largest-{place}", whole=whole)
    try:
        return with_limits(one, lowest, highest)
    except ValidationError:
        raise InputError(
            Sentence("The smallest number of '{column}' is above the largest", column=one.name),
            kept=Sentence("Nothing was made."),
            next=Sentence("Change one of them, or leave one empty."),
        ) from None


def _limit(label: str, now: float | None, key: str, *, whole: bool) -> float | None:
    start = int(now) if now is not None and whole and float(now).is_integer() else now
    found = st.number_input(
        label,
        value=start,
        step=1 if whole and (start is None or isinstance(start, int)) else None,
        key=key,
        placeholder=_("any"),
        help=_("A row with a number beyond it is rejected."),
    )
    return None if found is None else float(found)
