"""The form that exports a ranked list: the people, the format, and the download."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from app.access import identity
from app.access.boundary import boundary
from app.language import _, formats, plural
from app.ranked_list import cached, export_files
from app.ranked_list import filter as list_filter
from app.ranked_list.export_files import FORMATS, XLSX_ROWS, Exported
from app.ranked_list.export_rows import ExportRequest
from app.shell.appliance import Appliance
from core.accounts.account import Role
from core.calls.campaigns import title_of
from core.stores.mongo import Document

_READY = "exported_list"


@dataclass(frozen=True)
class _Ready:
    """A file ready to download, and the choices in the form that it was made for."""

    folder: TemporaryDirectory[str]  # removed when the session ends
    exported: Exported
    choices: tuple[str, object, bool, str]


def draw_export_form(house: Appliance, campaign: Document) -> None:
    """Draw the form for `campaign`."""
    key = str(campaign["_id"])
    st.markdown("**" + _("The ranked list as a file") + "**")
    left, middle, right = st.columns([4, 3, 2], vertical_alignment="bottom")
    with left:
        whose = st.selectbox(
            _("People"),
            ("open", "all"),
            key="export_people",
            format_func={"open": _("Those in the ranked list"), "all": _("Everybody in the campaign")}.get,
        )
    with middle:
        form = st.selectbox(_("Format"), FORMATS, key="export_format", format_func=lambda one: one.label)
    with right:
        wanted = list_filter.draw_filter(
            house.schema, partial(cached.floors, house.db, key), ranked=bool(cached.progress(house.db, key).ranked)
        )
    text = _(
        "The best chance comes first. The file has score, band, status, the last call and all columns. It contains "
        "personal data, so the event log records each export with the manager's name."
    )
    if form.ending == "xlsx":
        text += " " + _("An Excel sheet holds {rows} people.").format(rows=formats.count(XLSX_ROWS - 1))
    st.caption(text)
    choices = (key, wanted, whose == "all", form.ending)
    if st.button(_("Make the file"), key="export_go", icon=":material/table_view:"):
        st.session_state.pop(_READY, None)
        with boundary():
            _make(house, ExportRequest(key, wanted, whose == "all", cached.floors(house.db, key)), form, choices)
    ready: _Ready | None = st.session_state.get(_READY)
    if ready is not None and ready.choices == choices:
        _take(ready, title_of(campaign))


def _make(
    house: Appliance, people: ExportRequest, form: export_files.Format, choices: tuple[str, object, bool, str]
) -> None:
    bar = st.progress(0.0, text=_("Reading the list"))

    def progress(done: int, rows: int) -> None:
        text = _("{done} of {rows} people").format(done=formats.count(done), rows=formats.count(rows))
        bar.progress(min(1.0, done / max(rows, 1)), text=text)

    folder = TemporaryDirectory(prefix="list-")
    who = identity.require(Role.MANAGER).shown
    exported = export_files.write(house, people, form, Path(folder.name), who=who, progress=progress)
    bar.empty()
    st.session_state[_READY] = _Ready(folder, exported, choices)


def _take(ready: _Ready, title: str) -> None:
    exported = ready.exported
    people = plural("{n} person of {campaign}", "{n} people of {campaign}", exported.rows)
    with st.container(horizontal=True, vertical_alignment="center", key="export-ready"):
        st.download_button(
            _("Download {file}").format(file=exported.name),
            exported.path.read_bytes,
            file_name=exported.name,
            mime=exported.format.mime,
            key="export_take",
            type="primary",
            icon=":material/download:",
            on_click="ignore",
        )
        st.caption(people.format(n=formats.count(exported.rows), campaign=formats.plain(title)))
