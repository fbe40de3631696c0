"""The files that came into each campaign, the newest first, and what can be done with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from app.imports import report as import_report
from app.language import _, formats, plural
from app.lists.undo_form import draw_undo_button, draw_undo_question
from app.shell.appliance import Appliance
from core.calls.campaigns import title_of
from core.lists import import_log, logged_import
from core.lists.logged_import import Entry, Kind, State
from core.stores.mongo import Document

HALF = (State.FAILED, State.CANCELLED, State.STOPPED, State.UNDOING)
"""The states in which a part of the file may be in the campaign."""


def draw_imported_files(house: Appliance, campaigns: Sequence[Document]) -> None:
    """Draw the imports into `campaigns`. Raises Unavailable."""
    for campaign in campaigns:
        with st.container(key=f"files-{campaign['_id']}"):
            found = import_log.into(house.db, campaign["_id"])
            entries = [entry for entry in found if entry.document["report"] or entry.state in HALF]
            for entry in entries:
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.markdown(_line(campaign, entry))
                    if rejects := entry.document["report"].get("rejects"):
                        import_report.download(house, rejects, entry.campaign, f"rejects-{entry.key}")
                    draw_undo_button(entry, "list")
                draw_undo_question(house, entry, "list")


def _line(campaign: Document, entry: Entry) -> str:
    document, report = entry.document, entry.document["report"]
    title, file = formats.plain(title_of(campaign)), formats.plain(document["file"])
    at = formats.moment(document["times"].get("ended") or entry.begun, st.context.timezone)
    figures = _figures(entry.kind, document, report) if report else _("stopped half way")
    parts = [f"**{title}** · {file} · {at} · {figures}"]
    if entry.state is State.UNDONE:
        parts.append(_("undone by {who}").format(who=formats.plain(document["undo"]["by"])))
    if (again := logged_import.number(entry.key)) > 1:
        parts.append(_("import number {n} of this file").format(n=again))
    return " · ".join(parts)


def _figures(kind: Kind, document: Mapping[str, Any], report: Mapping[str, Any]) -> str:
    if kind is Kind.WITHDRAWAL:
        text = plural("{n} person withdrawn", "{n} people withdrawn", report["withdrawn"])
        return text.format(n=formats.count(report["withdrawn"]))
    parts = [plural("{n} row", "{n} rows", report["rows"]).format(n=formats.count(report["rows"]))]
    if report.get("changed"):
        parts.append(_("{n} changed").format(n=formats.count(report["changed"])))
    parts.append(_("{n} rejected").format(n=formats.count(report["rejected"])))
    if mended := document.get("mended"):
        parts.append(_("{n} of them imported since").format(n=formats.count(mended["in"])))
    return ", ".join(parts)
