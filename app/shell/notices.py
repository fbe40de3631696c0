"""What people are told: what happened, what was kept, what to do next. Never a stack trace.

`boundary` stands around everything that draws; `kept_for_next_run` around everything that a button does, because
Streamlit runs that before the page is drawn again. Both look whether the person is still signed in, where
Streamlit runs them without the page around.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from contextlib import ContextDecorator
from dataclasses import dataclass
from functools import wraps
from types import TracebackType
from typing import Literal, ParamSpec, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.access import identity, sign_in_page
from app.language import _, formats, said
from core.errors import CallwiseError, Conflict, Forbidden, InputError, NotFound, Unavailable

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

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
    def of(cls, error: CallwiseError) -> Notice:
        """The message of an error that was raised on purpose."""
        parts = said(error.what), said(error.kept), said(error.next)
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
    def of_defect(cls, error: Exception) -> Notice:
        """The message of an error that nobody foresaw; the log has all of it under the reference given."""
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
    """Draw a message here."""
    parts = [formats.plain(part) for part in (notice.what, notice.kept, notice.next) if part]
    text = f"**{parts[0]}**  \n" + " ".join(parts[1:]) if len(parts) > 1 else parts[0]
    getattr(st, notice.kind)(text, icon=_ICONS[notice.kind])


def leave(notice: Notice) -> None:
    """Keep a message for the page that is drawn next."""
    st.session_state[_WAITING] = notice


def show_waiting() -> None:
    """Draw the message that was left, once."""
    if notice := st.session_state.pop(_WAITING, None):
        show(notice)


class Boundary(ContextDecorator):
    """What `boundary` returns."""

    def __enter__(self) -> Boundary:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> bool:
        match error:
            case identity.SignedOut():
                sign_in_page.go_there()
            case CallwiseError():
                show(Notice.of(error))
            case Exception():  # the last line before a person; logged in full by of_defect
                show(Notice.of_defect(error))
            case _:
                return False
        return True

    def __call__(self, func: Callable[P, R]) -> Callable[P, R | None]:  # type: ignore[override]
        """`func` with a boundary around it. Drawn alone, as a fragment, it first looks who is there."""

        @wraps(func)
        def bounded(*args: P.args, **kwargs: P.kwargs) -> R | None:
            with self:
                if (context := get_script_run_ctx()) is not None and context.fragment_ids_this_run:
                    identity.check(active=False)
                return func(*args, **kwargs)
            return None

        return bounded


def boundary() -> Boundary:
    """Draw whatever goes wrong inside as a message. Also a decorator."""
    return Boundary()


def kept_for_next_run() -> Callable[[Callable[P, R]], Callable[P, R | None]]:
    """Decorates what a button does: whoever presses it is looked up first; what goes wrong is told by the next page."""

    def decorate(func: Callable[P, R]) -> Callable[P, R | None]:
        @wraps(func)
        def kept(*args: P.args, **kwargs: P.kwargs) -> R | None:
            try:
                identity.check()
                return func(*args, **kwargs)
            except CallwiseError as error:
                leave(Notice.of(error))
            except Exception as error:  # noqa: BLE001  as above
                leave(Notice.of_defect(error))
            return None

        return kept

    return decorate
