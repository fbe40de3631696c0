"""The form that imports a file: choose the campaign, match the columns, see a preview, and import."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import streamlit as st

from app.access import identity
from app.access.boundary import boundary
from app.imports import chosen_file, mapping_form, reading_form, upload
from app.imports.chosen_file import ChosenFile, inspect_upload
from app.imports.preview import draw_preview
from app.imports.progress import draw_import_progress
from app.imports.questions import ask_for_a_reference, ask_when_called
from app.imports.report import draw_import_report
from app.language import _, formats
from app.ranked_list import cached
from app.shell.appliance import Appliance
from core.accounts.account import Role
from core.errors import InputError
from core.imports import process as import_process
from core.imports import run_import
from core.imports.column_mapping import ColumnMapping
from core.imports.run_import import ImportJob
from core.lists import import_log
from core.lists.logged_import import Entry
from core.oversight.space import refuse_import
from core.sentences import Sentence

NEW = "A new campaign"
_LAST, _DONE = "last_import", "imported_into"
_INTO, _FILE = "import_into", "import_file"


def draw_import_form(house: Appliance, campaigns: dict[str, str]) -> None:
    """Draw the form; `campaigns` are the titles of the existing campaigns, by key."""
    if campaign := st.session_state.pop(_DONE, None):  # the next file probably goes to the same campaign
        st.session_state[_INTO] = campaign
        upload.empty(_FILE)
    with st.container(key="import", border=True):
        left, right = st.columns([2, 3], gap="large")
        with left:
            chosen = st.selectbox(
                _("Into"), [NEW, *campaigns], key=_INTO, format_func=lambda key: campaigns.get(key, _("A new campaign"))
            )
            title = st.text_input(_("Name"), key="import_name", max_chars=60) if chosen == NEW else chosen
        with right:
            uploaded = upload.ask_for_file(_("Campaign file"), _FILE)
        if uploaded is None:
            chosen_file.forget()
            _button(disabled=True)
        else:
            st.session_state[_LAST] = None
            with boundary():
                _chosen(house, str(title or ""), uploaded, is_new=chosen == NEW, taken=campaigns)
    draw_import_progress(house)
    entry = _last(house)
    if entry is not None and entry.document["report"]:
        draw_import_report(house, entry, mending=lambda done: _came_to(done.key))


def _last(house: Appliance) -> Entry | None:
    """The import to report on: the session's last one; in a new session, the person's last one within the hour."""
    if _LAST not in st.session_state:
        who = identity.current_agent()
        recent = [entry for entry in import_log.recent(house.db) if entry.campaign and entry.is_fresh]
        mine = (entry.key for entry in recent if entry.document["by"] == who)
        st.session_state[_LAST] = next(mine, None)
    last: str | None = st.session_state[_LAST]
    return import_log.find(house.db, last) if last else None


def _chosen(house: Appliance, title: str, uploaded: Any, *, is_new: bool, taken: dict[str, str]) -> None:
    """The file's columns, the preview, and the button."""
    chosen = inspect_upload(house, uploaded)
    if (reading := reading_form.ask(chosen)) is not None:
        chosen_file.read_again(house, chosen, reading)
        st.rerun()
    mapping = mapping_form.draw_mapping_form(house, chosen)
    # Without a name yet, the preview is that of an import into a new campaign.
    campaign = (run_import.campaign_key(title) if title.strip() else "") if is_new else title
    ready, called = False, None
    with boundary():
        mapping.require(house.schema, chosen.file)
        called = ask_when_called(house.schema, chosen, mapping)
        draw_preview(house, chosen, campaign, mapping)
        ready = ask_for_a_reference(house.schema, chosen, mapping)
    if _button(disabled=not ready):
        _import(house, title, chosen, mapping, called, is_new=is_new, taken=taken)


def _button(*, disabled: bool) -> bool:
    return bool(
        st.button(_("Import"), type="primary", icon=":material/upload_file:", disabled=disabled, key="import_go")
    )


def _import(
    house: Appliance,
    title: str,
    chosen: ChosenFile,
    mapping: ColumnMapping,
    called: datetime | None,
    *,
    is_new: bool,
    taken: dict[str, str],
) -> None:
    campaign = run_import.campaign_key(title) if is_new else title
    if is_new and campaign in taken:
        raise InputError(
            Sentence("A campaign '{campaign}' already exists", campaign=campaign),
            kept=Sentence("Nothing was imported."),
            next=Sentence("Choose it from the list to add to it, or give the new one another name."),
        )
    who = identity.require(Role.MANAGER).shown
    refuse_import(house.db if house.home is None else house.home)
    work = ImportJob(campaign, chosen.file, who, mapping, title=title, called=called)
    place = _wait_for(house, work) if work.is_small else import_process.start(house, work)
    chosen_file.forget()
    st.session_state[_DONE] = campaign
    _came_to(place)


def _wait_for(house: Appliance, work: ImportJob) -> str:
    bar = st.progress(0.0, text=_("Reading {file}").format(file=formats.plain(work.file.path.name)))

    def progress(done: int, rows: int) -> None:
        text = _("{done} of {rows} rows").format(done=formats.count(done), rows=formats.count(rows))
        bar.progress(min(1.0, done / rows) if rows else 1.0, text=text)

    entry = run_import.import_file(house, work, progress=progress)
    cached.forget_progress(house.db, work.campaign)
    return entry.key


def _came_to(place: str) -> None:
    """Draw the page again, with the report of the import `place`."""
    st.session_state[_LAST] = place
    st.rerun()
