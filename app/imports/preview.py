"""The preview of an import, before anything is written: its figures, the broken rules, and the first rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from app.imports.chosen_file import ChosenFile
from app.imports.rehearsal import Rehearsal, rehearse
from app.language import _, formats, plural, translate
from app.matching.column_matching import LOOK
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice
from core.imports.column_mapping import ColumnMapping, cell
from core.imports.importer import ImportRequest
from core.schema import Schema
from core.stores.mongo import Document

ROWS = 5
_REHEARSAL = "rehearsal"


def draw_preview(house: Appliance, chosen: ChosenFile, campaign: str, mapping: ColumnMapping) -> Rehearsal:
    """Draw the preview of the file's first rows, or of the whole file once the manager has had it checked.

    Raises InputError where the mapping is incomplete or the file cannot be read, and Unavailable.
    """
    choices = (chosen.id, campaign, mapping.hash, house.schema.model_dump_json())
    request = ImportRequest(chosen.file, campaign, mapping, erasure_key=house.erasure_key)
    last = st.session_state.get(_REHEARSAL)
    if last is None or last[0] != choices:
        rehearsal = rehearse(house.db, house.schema, request, first=ROWS, most=LOOK)
        st.session_state[_REHEARSAL] = (choices, rehearsal)
    else:
        rehearsal = last[1]
    with st.container(key="preview"):
        if not rehearsal.whole:
            _offer_all(house, chosen, request, choices)
        _figures(rehearsal)
        for warning in rehearsal.keys.sentences():
            st.warning(formats.plain(translate(warning)), icon=":material/key:")
        _rules(rehearsal)
        _first(house.schema, rehearsal)
    return rehearsal


def _offer_all(house: Appliance, chosen: ChosenFile, request: ImportRequest, choices: tuple[str, ...]) -> None:
    """The button that checks every row. The check writes nothing, so a person who leaves meanwhile loses only it."""
    with st.container(horizontal=True, vertical_alignment="center", key="check-all"):
        pressed = st.button(_("Check the whole file"), key="import_check", icon=":material/fact_check:")
        text = _("Below are the first {rows} rows. Checking writes nothing.")
        st.caption(text.format(rows=formats.count(LOOK)))
    if not pressed:
        return
    bar = st.progress(0.0, text=_("Checking"))
    size = chosen.file.path.stat().st_size or 1

    def progress(done: int) -> None:
        # The number of rows is not known yet, so it is estimated from the length of the first rows.
        share = min(0.99, done * _row_bytes(chosen) / size)
        bar.progress(share, text=_("{rows} rows checked").format(rows=formats.count(done)))

    rehearsal = rehearse(house.db, house.schema, request, first=ROWS, progress=progress)
    st.session_state[_REHEARSAL] = (choices, rehearsal)
    chosen.invalid_values.update({name: dict(words) for name, words in rehearsal.invalid_values.items()})
    st.rerun()


def _row_bytes(chosen: ChosenFile) -> float:
    """Roughly the bytes of the file for each row; a packed file takes about an eighth."""
    text = sum(len(cell(raw)) + 1 for row in chosen.sample.rows for raw in row.values())
    packed = 1 if chosen.file.path.suffix.lower() == ".csv" else 8
    return text / max(len(chosen.sample.rows), 1) / packed


def _figures(rehearsal: Rehearsal) -> None:
    report = rehearsal.report
    what = _("All {rows} rows were checked.") if rehearsal.whole else _("Of the first {rows} rows:")
    st.markdown("**" + what.format(rows=formats.count(report.rows)) + "**")
    figures = [  # the third says whether 0 is shown, too
        (_("Would be imported"), report.inserted, True),
        (_("Would be changed"), report.changed, False),
        (_("Already imported"), report.unchanged, False),
        (_("Would be rejected"), report.rejected, True),
        (_("Erased before, and kept out"), report.kept_out, False),
        (_("Called before"), rehearsal.called, False),
        (_("Twice in the file"), rehearsal.repeated, False),
        (_("On the do-not-call list"), rehearsal.barred, False),
    ]
    with st.container(horizontal=True, gap="medium"):
        for label, number, always in figures:
            if number or always:
                st.metric(label, formats.count(number), width="content")
    if rehearsal.barred:
        text = plural(
            "{n} person is on the do-not-call list: the row is imported, but no agent is offered this person.",
            "{n} people are on the do-not-call list: their rows are imported, but no agent is offered these people.",
            rehearsal.barred,
        )
        st.caption(text.format(n=formats.count(rehearsal.barred)))
    if report.rows and not report.accepted:
        check = _("Check the columns above: probably one of them is matched wrongly.")
        notices.show(Notice("warning", _("No row fits."), _("Nothing was written."), check))


def _rules(rehearsal: Rehearsal) -> None:
    """The rules that rows would break, with the most frequent values that break them."""
    if not rehearsal.report.rules:
        return
    rows = []
    for (column, rule), times in rehearsal.report.rules.most_common(20):
        words = rehearsal.invalid_values.get(column)
        values = ", ".join(_shown(text) for text, __ in words.most_common(4)) if words else ""
        rows.append(
            {
                _("Column"): formats.plain(column),
                _("Rule"): formats.plain(rule),
                _("Found"): values,
                _("Rows"): formats.count(times),
            }
        )
    with st.container(key="preview-rules"):
        st.table(rows, border="horizontal", hide_index=True)


def _shown(text: str) -> str:
    return formats.plain(text[:30]) if text else ":gray[" + _("empty") + "]"


def _first(schema: Schema, rehearsal: Rehearsal) -> None:
    if not rehearsal.first:
        return
    with st.expander(_("The first rows as they would be imported"), expanded=True), st.container(key="preview-rows"):
        st.table(_table(schema, [row.prospect for row in rehearsal.first]), border="horizontal", hide_index=True)


def _table(schema: Schema, prospects: Sequence[Document]) -> list[dict[str, str]]:
    known = [column for column in schema.features if prospects[0]["features"].get(column.name) is not None]
    times = Counter(column.label for column in known)
    titles = {c.name: c.label if times[c.label] == 1 else f"{c.label} ({c.name})" for c in known}
    return [
        {
            _("Person"): formats.plain(prospect.get("written") or prospect["ref"]),
            **{
                titles[column.name]: formats.plain(formats.value(column, prospect["features"].get(column.name)))
                for column in known
            },
        }
        for prospect in prospects
    ]
