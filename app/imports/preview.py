"""What an import would do, before anything is written: the first rows as they would go in, and what stays out."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.imports.chosen_file import Chosen
from app.imports.column_matching import LOOK
from app.imports.rehearsal import Rehearsal, rehearse
from app.language import _, formats, plural
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice
from core.imports.column_mapping import ColumnMapping, cell
from core.imports.importer import ImportRequest
from core.schema import Schema
from core.stores.mongo import Document

ROWS = 5
_KEPT = "rehearsal"


def draw_preview(house: Appliance, chosen: Chosen, campaign: str, mapping: ColumnMapping) -> Rehearsal:
    """Draw the preview of the file's beginning, or of all of it where that was asked for.

    Raises InputError where the mapping is not whole or the file cannot be read, and Unavailable.
    """
    asked = (chosen.id, campaign, mapping.hash)
    request = ImportRequest(chosen.file, campaign, mapping, erasure_key=house.erasure_key)
    kept = st.session_state.get(_KEPT)
    if kept is None or kept[0] != asked:
        st.session_state[_KEPT] = (asked, rehearse(house.db, house.schema, request, first=ROWS, most=LOOK))
    with st.container(key="preview"):
        if not st.session_state[_KEPT][1].whole:
            _offer_all(house, chosen, request, asked)
        found: Rehearsal = st.session_state[_KEPT][1]
        _figures(found)
        _rules(found)
        _first(house.schema, found)
    return found


def _offer_all(house: Appliance, chosen: Chosen, request: ImportRequest, asked: tuple[str, str, str]) -> None:
    """The button that checks every row; nothing is written, so whoever leaves meanwhile loses nothing but the check."""
    rows = formats.count(LOOK)
    label = _("Check the whole file")
    with st.container(horizontal=True, vertical_alignment="center", key="check-all"):
        pressed = st.button(label, key="import_check", icon=":material/fact_check:")
        st.caption(_("Below are the first {rows} rows. Checking writes nothing.").format(rows=rows))
    if not pressed:
        return
    bar = st.progress(0.0, text=_("Checking"))
    size = chosen.file.path.stat().st_size or 1

    def progress(done: int) -> None:
        # How many rows there are is not known yet; the beginning says how long one is.
        share = min(0.99, done * _row_bytes(chosen) / size)
        bar.progress(share, text=_("{rows} rows checked").format(rows=formats.count(done)))

    found = rehearse(house.db, house.schema, request, first=ROWS, progress=progress)
    st.session_state[_KEPT] = (asked, found)
    chosen.strange.update({name: dict(words) for name, words in found.strange.items()})
    st.rerun()


def _row_bytes(chosen: Chosen) -> float:
    """Roughly how many bytes of the file are a row; a packed file's are fewer."""
    text = sum(len(cell(raw)) + 1 for row in chosen.sample.rows for raw in row.values())
    packed = 1 if chosen.file.path.suffix.lower() == ".csv" else 8
    return text / max(len(chosen.sample.rows), 1) / packed


def _figures(found: Rehearsal) -> None:
    report = found.report
    what = _("All {rows} rows were checked.") if found.whole else _("Of the first {rows} rows:")
    st.markdown("**" + what.format(rows=formats.count(report.rows)) + "**")
    figures = [
        (_("Would go in"), report.inserted, True),
        (_("Are there already"), report.unchanged, bool(report.unchanged)),
        (_("Would be rejected"), report.rejected, True),
        (_("Erased before, and kept out"), report.kept_out, bool(report.kept_out)),
        (_("Called before"), found.called, bool(found.called)),
        (_("Twice in the file"), found.repeated, bool(found.repeated)),
        (_("On the do-not-call list"), found.barred, bool(found.barred)),
    ]
    with st.container(horizontal=True, gap="medium"):
        for label, number, shown in figures:
            if shown:
                st.metric(label, formats.count(number), width="content")
    if found.barred:
        text = plural(
            "{n} person is on the do-not-call list: they come in, and are never offered to anybody.",
            "{n} people are on the do-not-call list: they come in, and are never offered to anybody.",
            found.barred,
        )
        st.caption(text.format(n=formats.count(found.barred)))
    if report.rows and not report.accepted:
        notices.show(
            Notice(
                "warning",
                _("No row fits."),
                _("Nothing was written."),
                _("Look at the columns above: most likely one of them is another."),
            )
        )


def _rules(found: Rehearsal) -> None:
    """The rules that rows would break, with the values found most often."""
    if not found.report.rules:
        return
    rows = []
    for (column, rule), times in found.report.rules.most_common(20):
        words = found.strange.get(column)
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


def _first(schema: Schema, found: Rehearsal) -> None:
    if not found.first:
        return
    with st.expander(_("The first rows as they would go in"), expanded=True), st.container(key="preview-rows"):
        st.table(_table(schema, [row.prospect for row in found.first]), border="horizontal", hide_index=True)


def _table(schema: Schema, prospects: Sequence[Document]) -> list[dict[str, str]]:
    known = [column for column in schema.features if prospects[0]["features"].get(column.name) is not None]
    return [
        {
            _("Person"): formats.plain(prospect["ref"]),
            **{
                column.label: formats.plain(formats.value(column, prospect["features"].get(column.name)))
                for column in known
            },
        }
        for prospect in prospects
    ]
