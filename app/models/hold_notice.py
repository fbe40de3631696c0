"""The notice that a person holds the champion."""

from __future__ import annotations

import streamlit as st

from app.language import _, formats
from app.shell import notices
from app.shell.notices import Notice
from core.models.decisions import Decision


def draw_hold(hold: Decision) -> None:
    """Draw the notice: the person who holds the champion, since when, and why."""
    when = formats.moment(hold.at, st.context.timezone)
    with st.container(key="on-hold"):
        notices.show(
            Notice(
                "warning",
                _("On hold: no version is promoted and no automatic training starts."),
                _("{who}, since {when}: {why}.").format(who=hold.by, when=when, why=hold.why.rstrip(".")),
                _("A manager ends the hold on the page Models."),
            )
        )
