"""Every error that Callwise raises on purpose.

    CallwiseError
    ├── SettingsError     a variable is missing, unknown or unsafe; nothing was started
    ├── SchemaError       the campaign schema file contradicts itself
    ├── InputError        the input breaks a rule of the schema; names row, column and rule
    ├── NotFound          the requested thing does not exist
    ├── Forbidden         the account may not do that
    ├── Conflict          another person or process was first; what it did is unchanged
    ├── Unavailable       a service did not answer; the call may be repeated
    ├── ModelError        a registered model is not the validated one; it was not put to use
    └── GateRefused       a gate of the pipeline refused; the champion is unchanged

Entry points (a page, a command, a V2 reply) translate these errors for people. A person always reads what happened,
what was kept, and what to do next; so an error carries the three separately.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from core.sentences import Sentence

P = ParamSpec("P")

ENDS = (".", "!", "?", ":", ";")
"""Ends of a sentence; a part of a message without one gets a full stop before the next part."""


class CallwiseError(Exception):
    """Base of all: `what` happened, what was `kept`, what to do `next`; one sentence each.

    Screens translate a `core.sentences.Sentence`, and show other text unchanged.
    """

    def __init__(self, what: str, *, kept: str = "", next: str = "") -> None:
        super().__init__(what)
        self.what, self.kept, self.next = what, kept, next

    def __str__(self) -> str:
        *first, last = [part for part in (self.what, self.kept, self.next) if part] or [""]
        return " ".join([*(part if part.endswith(ENDS) else f"{part}." for part in first), last])

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets an error cross processes complete, whatever the signature of its class."""
        return _restored, (type(self), self.args, self.__dict__)


def _restored(cls: type[CallwiseError], args: tuple[Any, ...], state: dict[str, Any]) -> CallwiseError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class SettingsError(CallwiseError):
    """A variable is missing, unknown or unsafe."""


class SchemaError(CallwiseError):
    """The campaign schema file contradicts itself."""


class InputError(CallwiseError):
    """Input breaks a rule of the schema.

    `row` counts from 1 (the first record, not the header) or is None when the whole input is wrong. People act on
    `column` and `rule`.
    """

    def __init__(
        self, rule: str, *, row: int | None = None, column: str | None = None, kept: str = "", next: str = ""
    ) -> None:
        what = rule
        if row is not None and column:
            what = Sentence("row {row}, column '{column}': {rule}", row=row, column=column, rule=rule)
        elif row is not None:
            what = Sentence("row {row}: {rule}", row=row, rule=rule)
        elif column:
            what = Sentence("column '{column}': {rule}", column=column, rule=rule)
        super().__init__(what, kept=kept, next=next)
        self.row, self.column, self.rule = row, column, rule


class NotFound(CallwiseError):
    """The requested thing does not exist."""


class Forbidden(CallwiseError):
    """The account may not do that."""


class Conflict(CallwiseError):
    """Another person or process was first."""


class Unavailable(CallwiseError):
    """A service did not answer."""


class ModelError(CallwiseError):
    """A registered model is not the validated one."""


class GateRefused(CallwiseError):
    """A gate of the pipeline refused. `report`: path or address of the evidence."""

    def __init__(self, gate: str, why: str, *, report: str = "") -> None:
        super().__init__(
            f"{gate} refused: {why.rstrip('.')}.",
            kept="The champion is unchanged.",
            next=f"The evidence is in {report}." if report else "",
        )
        self.gate, self.why, self.report = gate, why, report


def exit_status(main: Callable[P, int | None]) -> Callable[P, int]:
    """Decorates a command: it returns its exit status, which is 1 after a CallwiseError, and that is printed."""

    @wraps(main)
    def run(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            return main(*args, **kwargs) or 0
        except CallwiseError as error:
            print(error, file=sys.stderr)  # noqa: T201
            return 1

    return run
