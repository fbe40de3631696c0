"""The boundaries that show an error as a message: one around drawing, one around a button's action."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ContextDecorator
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.access import identity, sign_in_page
from app.shell.notices import Notice, leave_notice, show
from core.errors import CallwiseError

P = ParamSpec("P")
R = TypeVar("R")


class Boundary(ContextDecorator):
    """What `boundary` returns."""

    def __enter__(self) -> Boundary:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> bool:
        match error:
            case identity.SignedOut():
                sign_in_page.draw_signed_out()
            case CallwiseError():
                show(Notice.from_error(error))
            case Exception():  # from_defect logs it in full
                show(Notice.from_defect(error))
            case _:
                return False
        return True

    def __call__(self, func: Callable[P, R]) -> Callable[P, R | None]:  # type: ignore[override]
        """`func` inside the boundary. A fragment runs without its page, so its session is checked first."""

        @wraps(func)
        def bounded(*args: P.args, **kwargs: P.kwargs) -> R | None:
            with self:
                if (context := get_script_run_ctx()) is not None and context.fragment_ids_this_run:
                    identity.check(active=False)
                return func(*args, **kwargs)
            return None

        return bounded


def boundary() -> Boundary:
    """Shows any error inside as a message. Also a decorator."""
    return Boundary()


def guarded_action() -> Callable[[Callable[P, R]], Callable[P, R | None]]:
    """Decorates a button's action: checks the session first, and leaves an error for the next page to show."""

    def decorate(func: Callable[P, R]) -> Callable[P, R | None]:
        @wraps(func)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | None:
            try:
                identity.check()
                return func(*args, **kwargs)
            except CallwiseError as error:
                leave_notice(Notice.from_error(error))
            except Exception as error:  # noqa: BLE001  from_defect logs it in full
                leave_notice(Notice.from_defect(error))
            return None

        return guarded

    return decorate
