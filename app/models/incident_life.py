"""Incidents with their whole life: each entry of the history, how long it lasted, and who looks after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import streamlit as st
from pymongo import DESCENDING

from app.language import _, formats, plural, said
from core.oversight import incident_words
from core.stores.mongo import Db, Document, reachable

SHOWN = 20


def newest_incidents(db: Db) -> list[Document]:
    """The newest incidents, those that are not resolved first. Raises Unavailable."""
    with reachable():
        found = list(db.incidents.find().sort([("opened.at", DESCENDING)]).limit(10 * SHOWN))
    newest = sorted(found, key=lambda one: one["opened"]["at"], reverse=True)
    return sorted(newest, key=lambda one: one["status"] == "resolved")[:SHOWN]


def draw_incidents(found: Sequence[Document], at: datetime) -> None:
    """Draw a fold for each; those that go on are open."""
    if not found:
        st.markdown(_("Nothing has gone wrong yet. What monitoring finds stands here, from its start to its end."))
        return
    for incident in found:
        _fold(incident, at)
    if len(found) == SHOWN:
        st.caption(_("The newest {number} are shown.").format(number=SHOWN))


def _fold(incident: Document, at: datetime) -> None:
    history, zone = incident["history"], st.context.timezone
    name = said(incident_words.name(str(incident["cause"])))
    head = said(incident_words.head(str(incident["status"]), len(history) - 1))
    opened = formats.moment(incident["opened"]["at"], zone)
    with st.expander(
        f"{formats.plain(name[:1].upper() + name[1:])} · {formats.plain(head)} · {formats.plain(opened)}",
        expanded=incident["status"] != "resolved",
    ):
        ends = [*(entry["at"] for entry in history[1:]), None if incident["status"] == "resolved" else at]
        rows = [
            {
                _("When"): formats.plain(formats.moment(entry["at"], zone)),
                _("State"): formats.plain(said(incident_words.head(str(entry["status"]), place))),
                _("What was found"): formats.plain(str(entry["why"])),
                _("Lasted"): lasted(end - entry["at"]) if end else "",
            }
            for place, (entry, end) in enumerate(zip(history, ends, strict=True))
        ]
        st.table(rows, border="horizontal", hide_index=True)
        seen = incident.get("acknowledged")
        if seen:
            st.caption(
                _("{who} has looked after it since {when}.").format(
                    who=formats.plain(str(seen["by"])), when=formats.plain(formats.moment(seen["at"], zone))
                )
            )


def lasted(time: timedelta) -> str:
    """A length of time in its largest unit: `3 days`, `5 hours`, `12 minutes`."""
    minutes = max(0, int(time.total_seconds() // 60))
    if minutes >= 2 * 24 * 60:
        return plural("{n} day", "{n} days", minutes // (24 * 60)).format(n=minutes // (24 * 60))
    if minutes >= 120:
        return plural("{n} hour", "{n} hours", minutes // 60).format(n=minutes // 60)
    return plural("{n} minute", "{n} minutes", minutes).format(n=minutes)
