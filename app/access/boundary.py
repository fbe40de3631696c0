"""The boundary around everything that is drawn and everything that a button does."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ContextDecorator
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.access import identity, sign_in_page
from app.shell.notices import Notice, leave, show
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
                sign_in_page.go_there()
            case CallwiseError():
                show(Notice.from_error(error))
            case Exception():  # the last line before a person; logged in full by of_defect
                show(Notice.from_defect(error))
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
    """Decorates what a button does: looks up first who presses it; the next page shows what went wrong."""

    def decorate(func: Callable[P, R]) -> Callable[P, R | None]:
        @wraps(func)
        def kept(*args: P.args, **kwargs: P.kwargs) -> R | None:
            try:
                identity.check()
                return func(*args, **kwargs)
            except CallwiseError as error:
                leave(Notice.from_error(error))
            except Exception as error:  # noqa: BLE001  as above
                leave(Notice.from_defect(error))
            return None

        return kept

    return decorate
