"""Every error Callwise raises on purpose.

    CallwiseError
    ├── SettingsError     a variable is missing, unknown or unsafe; nothing was started
    ├── SchemaError       the campaign schema file contradicts itself
    ├── InputError        what came in breaks a rule of the schema; names row, column and rule
    ├── NotFound          the thing asked for does not exist
    ├── Forbidden         whoever asks may not do that
    ├── Conflict          somebody else was first; the state is as they left it
    ├── Unavailable       a service did not answer; the call may be repeated
    ├── ModelError        a registered model is not what was validated; it was not put to use
    └── GateRefused       a gate of the pipeline stopped it; the champion is untouched

Entry points (a page, a command, a V2 reply) translate these for people. A person is always told what happened, what
was kept, and what to do next; so an error carries the three apart.
"""

from __future__ import annotations

from typing import Any

from core.sentences import Sentence

ENDS = (".", "!", "?", ":", ";")
"""What a part of a message ends in so that the next may follow; a rule of the schema is words without an end."""


class CallwiseError(Exception):
    """Base of the tree. `what` happened, what was `kept`, what to do `next`; one sentence each.

    A `core.sentences.Sentence` reaches people in their own language, other text as it is.
    """

    def __init__(self, what: str, *, kept: str = "", next: str = "") -> None:
        super().__init__(what)
        self.what, self.kept, self.next = what, kept, next

    def __str__(self) -> str:
        *first, last = [part for part in (self.what, self.kept, self.next) if part] or [""]
        return " ".join([*(part if part.endswith(ENDS) else f"{part}." for part in first), last])

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross processes whole, whatever their own signature is."""
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

    `row` counts from 1 (the first record, not the header) or is None when the whole input is at fault; `column` and
    `rule` are words a person can act on.
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
    """The thing asked for does not exist."""


class Forbidden(CallwiseError):
    """Whoever asks may not do that."""


class Conflict(CallwiseError):
    """Somebody else was first."""


class Unavailable(CallwiseError):
    """A service did not answer; the call may be repeated."""


class ModelError(CallwiseError):
    """A registered model is not what was validated."""


class GateRefused(CallwiseError):
    """A gate of the pipeline refused; `gate` names it, `report` is where the evidence lies (a path or an address)."""

    def __init__(self, gate: str, why: str, *, report: str = "") -> None:
        super().__init__(
            f"{gate} refused: {why.rstrip('.')}.",
            kept="The champion is unchanged.",
            next=f"The evidence is in {report}." if report else "",
        )
        self.gate, self.why, self.report = gate, why, report
