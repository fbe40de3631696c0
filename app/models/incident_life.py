"""Incidents with their history: each state and how long it lasted, and the person who looks after the incident."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import streamlit as st
from pymongo import DESCENDING

from app.language import _, formats, plural, translate
from core.oversight import incident_words
from core.sentences import said_in
from core.stores.mongo import Db, Document, reachable

SHOWN = 20


def newest_incidents(db: Db) -> list[Document]:
    """The newest incidents, those that are not resolved first. Raises Unavailable."""
    with reachable():
        incidents = list(db.incidents.find().sort([("opened.at", DESCENDING)]).limit(10 * SHOWN))
    incidents.sort(key=lambda incident: incident["opened"]["at"], reverse=True)
    return sorted(incidents, key=lambda incident: incident["status"] == "resolved")[:SHOWN]


def draw_incidents(found: Sequence[Document], at: datetime) -> None:
    """Draw a fold for each incident; the folds of unresolved ones are open."""
    if not found:
        st.markdown(_("Nothing has gone wrong yet. This list shows what monitoring finds, from its start to its end."))
        return
    for incident in found:
        _fold(incident, at)
    if len(found) == SHOWN:
        st.caption(_("The newest {number} are shown.").format(number=SHOWN))


def _fold(incident: Document, at: datetime) -> None:
    history, zone = incident["history"], st.context.timezone
    name = translate(incident_words.cause_name(str(incident["cause"])))
    head = translate(incident_words.status_heading(str(incident["status"]), len(history) - 1))
    title = (name[:1].upper() + name[1:], head, formats.moment(incident["opened"]["at"], zone))
    resolved = incident["status"] == "resolved"
    with st.expander(" · ".join(map(formats.plain, title)), expanded=not resolved):
        ends = [*(entry["at"] for entry in history[1:]), None if resolved else at]
        rows = [
            {
                _("When"): formats.plain(formats.moment(entry["at"], zone)),
                _("State"): formats.plain(translate(incident_words.status_heading(str(entry["status"]), place))),
                _("What was found"): formats.plain(translate(said_in(entry))),
                _("Lasted"): duration_text(end - entry["at"]) if end else "",
            }
            for place, (entry, end) in enumerate(zip(history, ends, strict=True))
        ]
        st.table(rows, border="horizontal", hide_index=True)
        if seen := incident.get("acknowledged"):
            text = _("{who} has looked after it since {when}.")
            st.caption(formats.plain(text.format(who=seen["by"], when=formats.moment(seen["at"], zone))))


def duration_text(time: timedelta) -> str:
    """A length of time in its largest unit: `3 days`, `5 hours`, `12 minutes`."""
    minutes = max(0, int(time.total_seconds() // 60))
    if minutes >= 2 * 24 * 60:
        return plural("{n} day", "{n} days", minutes // (24 * 60)).format(n=minutes // (24 * 60))
    if minutes >= 120:
        return plural("{n} hour", "{n} hours", minutes // 60).format(n=minutes // 60)
    return plural("{n} minute", "{n} minutes", minutes).format(n=minutes)
