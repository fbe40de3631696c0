"""Shows the running imports, and those that stopped, failed or were ended, to every manager on the page."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from app.access import identity
from app.access.boundary import boundary, guarded_action
from app.language import _, formats
from app.ranked_list import cached
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.lists import import_log
from core.lists.logged_import import Entry, State

EVERY = timedelta(seconds=2)


def draw_import_progress(house: Appliance) -> None:
    """Draw the imports. Running ones are drawn again every two seconds, and the whole page when one ends."""
    entries = _of_people(house)
    running = tuple(entry.key for entry in entries if entry.state is State.RUNNING)
    for entry in entries:
        _unfinished(entry)
    if running:
        st.fragment(_running, run_every=EVERY)(house, running)


@boundary()
def _running(house: Appliance, drawn: tuple[str, ...]) -> None:
    running = [entry for entry in _of_people(house) if entry.state is State.RUNNING]
    if tuple(entry.key for entry in running) != drawn:
        for key in drawn:
            cached.forget_progress(house.db, key.rpartition(":")[0])
        st.rerun()
    with st.container(key="imports-running"):
        for entry in running:
            with st.container(border=True):
                _bar(entry)
                st.button(
                    _("End this import"),
                    key=f"cancel-{entry.key}",
                    icon=":material/cancel:",
                    disabled=bool(entry.document["cancel"]),
                    on_click=_cancel,
                    args=(house, entry),
                )


def _of_people(house: Appliance) -> list[Entry]:
    """The imports into campaigns: files of numbers that nobody may call are shown with the do-not-call list."""
    return [entry for entry in import_log.recent(house.db) if entry.campaign]


def _bar(entry: Entry) -> None:
    done, rows = entry.document["progress"]["done"], entry.document["progress"]["rows"]
    name, campaign = formats.plain(str(entry.document["file"])), formats.plain(entry.campaign)
    text = (
        _("{file} into {campaign}: {done} of {rows} rows. The import continues if you leave this page.")
        if rows
        else _("{file} into {campaign}: counting its rows. The import continues if you leave this page.")
    )
    progress = text.format(file=name, campaign=campaign, done=formats.count(done), rows=formats.count(rows))
    st.progress(min(1.0, done / rows) if rows else 0.0, text=progress)


def _unfinished(entry: Entry) -> None:
    """The notice of an import that stopped, failed or was ended."""
    names = {"file": str(entry.document["file"]), "campaign": entry.campaign}
    read = formats.count(entry.document["progress"]["done"])
    kept = _("{rows} rows were read; the valid ones are imported.").format(rows=read)
    again = _("To import the rest, choose the same file and import it again.")
    if entry.state is State.STOPPED:
        what = _("The import of {file} into {campaign} stopped half way: its process was ended.").format(**names)
        notices.show(Notice("warning", what, kept, again))
    elif entry.state is State.CANCELLED:
        what = _("The import of {file} into {campaign} was ended by hand.").format(**names)
        notices.show(Notice("info", what, kept, again))
    elif entry.state is State.FAILED:
        error = entry.document["error"]
        what = _("The import of {file} into {campaign} failed.").format(**names)
        notices.show(Notice("error", what, f"{error['what']} {error['kept']}", str(error["next"])))


@guarded_action()
def _cancel(house: Appliance, entry: Entry) -> None:
    identity.require(Role.MANAGER)
    import_log.cancel(house.db, entry.key)
    leave_notice(
        Notice("info", _("The import of {file} ends after its next rows.").format(file=entry.document["file"]))
    )
