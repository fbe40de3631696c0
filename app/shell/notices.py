"""Messages on the screen: what happened, what was kept, what to do next. Never a stack trace.

An error in a button's action becomes a message for the next page (`leave_notice`), because Streamlit runs the action
before it draws the page again.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from app.language import _, formats, translate
from core.errors import CallwiseError, Conflict, Forbidden, InputError, NotFound, Unavailable

log = logging.getLogger(__name__)

Kind = Literal["success", "info", "warning", "error"]
_ICONS: dict[Kind, str] = {
    "success": ":material/check_circle:",
    "info": ":material/info:",
    "warning": ":material/warning:",
    "error": ":material/error:",
}
_WAITING = "waiting_notice"


@dataclass(frozen=True)
class Notice:
    """A message in three sentences; `kept` and `next` may be empty. Plain text, not Markdown."""

    kind: Kind
    what: str
    kept: str = ""
    next: str = ""

    @classmethod
    def from_error(cls, error: CallwiseError) -> Notice:
        """The message of an error of Callwise's own."""
        parts = translate(error.what), translate(error.kept), translate(error.next)
        match error:
            case Conflict() | NotFound() | Forbidden():
                return cls("warning", *parts)
            case Unavailable():
                log.warning("%s", error.what)
                return cls(
                    "error",
                    _("A part of the appliance does not answer at the moment."),
                    parts[1] or _("Nothing that was recorded is lost."),
                    parts[2] or _("Try again in a moment; if it persists, tell the person who looks after Callwise."),
                )
            case InputError():
                return cls("error", *parts)
        log.error("%s", error)
        return cls("error", *parts)

    @classmethod
    def from_defect(cls, error: Exception) -> Notice:
        """The message of an unexpected error. The log has the details under the reference in the message."""
        reference = uuid.uuid4().hex[:8]
        log.error("defect %s", reference, exc_info=error)
        return cls(
            "error",
            _("Something went wrong that should not have."),
            _("What was recorded before is kept."),
            _("Reload the page; if it happens again, give the engineer this reference: {reference}.").format(
                reference=reference
            ),
        )


def show(notice: Notice) -> None:
    """Draw the message here."""
    parts = [formats.plain(part) for part in (notice.what, notice.kept, notice.next) if part]
    text = f"**{parts[0]}**  \n" + " ".join(parts[1:]) if len(parts) > 1 else parts[0]
    getattr(st, notice.kind)(text, icon=_ICONS[notice.kind])


def leave_notice(notice: Notice) -> None:
    """Leave the message for the page that is drawn next."""
    st.session_state[_WAITING] = notice


def is_waiting() -> bool:
    """Whether a message was left and not drawn yet."""
    return _WAITING in st.session_state


def show_waiting() -> None:
    """Draw the message that was left, and drop it."""
    if notice := st.session_state.pop(_WAITING, None):
        show(notice)
