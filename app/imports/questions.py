"""What an import asks beside the columns: when the calls of the file were made, and for a key of each person."""

from __future__ import annotations

import re
from datetime import date, datetime

import streamlit as st

from app.imports.chosen_file import ChosenFile
from app.language import _, formats
from app.matching.column_matching import Sample
from core.clock import now
from core.imports.call_times import start_of
from core.imports.column_mapping import ColumnMapping, cell, normal
from core.schema import Schema

FEWEST = 20  # rows from which on different values say that a column is a key
_WORDS = {
    *("id", "key", "ref", "reference", "code", "no", "nr", "number", "uuid", "guid", "identifier"),
    *("nummer", "kennung", "referenz", "kundennummer", "kundennr", "personennummer", "vertragsnummer"),
}
_CODE = re.compile(r"(?=.*\d)[\w./-]{3,64}")
UNKNOWN, ONE_DAY = "unknown", "one day"


def ask_when_called(
    schema: Schema, chosen: ChosenFile, mapping: ColumnMapping, form: str = "import"
) -> datetime | None:
    """Draw the question when the calls of the file were made, if nothing in it says so; returns the day, or None.

    `form`: the name of the form that asks; two may be on one page.
    """
    outcome = schema.outcome
    source = mapping.columns.get(outcome.column)
    said = schema.calendar is not None or (outcome.at is not None and outcome.at in mapping.columns)
    if said or source is None or not chosen.sample.cells.get(source):
        return None
    with st.container(key=f"{form}-called", border=True):
        choice = st.radio(
            _("When were the calls in this file made?"),
            (UNKNOWN, ONE_DAY),
            key=f"{form}-called-{chosen.place}",
            horizontal=True,
            format_func={UNKNOWN: _("That is not known"), ONE_DAY: _("On one day, or nearly")}.get,
        )
        if choice == ONE_DAY:
            day = st.date_input(_("Day"), value=None, max_value=now().date(), key=f"{form}-called-day-{chosen.place}")
            return start_of(day) if isinstance(day, date) else None
        st.caption(
            _(
                "Models learn from these results all the same. Without a time they decide no trial and move no report, "
                "because nobody knows what was said about these people before the call."
            )
        )
    return None


def ask_for_a_reference(schema: Schema, chosen: ChosenFile, mapping: ColumnMapping) -> bool:
    """Where the file has a key of each person that the schema does not use, say so; whether the import may go on."""
    if schema.reference:
        return True
    found = likely_reference(chosen.sample, mapping)
    if found is None:
        return True
    with st.container(key="import-reference", border=True):
        st.warning(
            _(
                "**{column} looks like your key of a person, and this schema does not use it.** People are then known "
                "by the number of their row. A later file cannot change them: its rows are refused, because row 1 is "
                "somebody else there. *Do not call* applies in this campaign only. An engineer names the column as "
                "`reference` in the schema."
            ).format(column=formats.plain(found)),
            icon=":material/key:",
        )
        return bool(st.checkbox(_("Go on without it"), key=f"no-reference-{chosen.place}"))


def likely_reference(sample: Sample, mapping: ColumnMapping) -> str | None:
    """The unused column that looks most like a key: different in every row, named like one or written like a code."""
    used = set(mapping.columns.values())
    best: tuple[int, int, str] | None = None
    for place, name in enumerate(sample.header):
        cells = [cell(row.get(name)) for row in sample.rows]
        if name in used or len(cells) < FEWEST or not all(cells) or len(set(cells)) < len(cells):
            continue
        named = bool(set(normal(name).split()) & _WORDS)
        coded = all(_CODE.fullmatch(text) for text in cells[:200])
        if named or coded:
            found = (-(2 * named + coded), place, name)
            best = min(best, found) if best else found
    return best[2] if best else None
