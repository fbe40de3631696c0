"""Says that a person holds the champion, wherever models are spoken of."""

from __future__ import annotations

import streamlit as st

from app.language import _, formats
from app.shell import notices
from app.shell.notices import Notice
from core.models.decisions import Decision


def draw_hold(hold: Decision) -> None:
    """By whom it is held, since when and why."""
    when = formats.moment(hold.at, st.context.timezone)
    with st.container(key="on-hold"):
        notices.show(
            Notice(
                "warning",
                _("On hold: nothing is promoted and no training is asked for."),
                _("{who}, since {when}: {why}.").format(who=hold.by, when=when, why=hold.why.rstrip(".")),
                _("It ends when somebody releases it on the page Models."),
            )
        )
