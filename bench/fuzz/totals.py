"""What came of the inputs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

RIGHT = frozenset({501, 503, 505})
"""What may be answered: 503 by a service that cannot do what is asked at the moment (docs/operations.md); 501 and 505
to a method, a coding or a version of HTTP that there is not (RFC 9110, sections 15.6.2 and 15.6.6)."""
SERVER_ERROR, BAD_GATEWAY = 500, 502
CLOSED, SILENT = 0, -1
"""In the place of a status: the connection was closed without an answer, or none came in time."""
NAMES = {CLOSED: "closed", SILENT: "silent"}
EXAMPLES = 20


@dataclass
class Totals:
    """`tried`: inputs by door. `answers`: by door and status, which may be CLOSED or SILENT.

    `errors`: how many answers were server errors, or missing. `crashes`: processes that ended, tracebacks in logs, and
    doors that no longer answer a good request. `examples` are the first of both.
    """

    tried: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    errors: int = 0
    crashes: int = 0
    examples: list[str] = field(default_factory=list)

    def add(
        self, door: str, status: int, sent: bytes | str = b"", *, whole: bool = True, grammatical: bool = True
    ) -> None:
        """Count one input at `door` and its answer.

        `whole`: a server can tell where it ends, and so has to answer it. `grammatical`: it keeps the grammar of HTTP.
        In the middle of one that does not, a server may close, and a door in front of it then says 502.
        """
        self.tried[door] += 1
        self.answers[f"{door} {NAMES.get(status, status)}"] += 1
        wrong = {
            SILENT: whole,
            CLOSED: whole and grammatical,
            BAD_GATEWAY: whole and grammatical,
        }
        if wrong.get(status, status >= SERVER_ERROR and status not in RIGHT):
            self.errors += 1
            self.example(f"{door} answered {NAMES.get(status, status)} to {sent[:600]!r}")

    @property
    def many(self) -> int:
        """Inputs so far."""
        return sum(self.tried.values())

    def crash(self, what: str) -> None:
        """Count a crash."""
        self.crashes += 1
        self.example(what)

    def example(self, what: str) -> None:
        """Keep one of the first findings."""
        if len(self.examples) < EXAMPLES:
            self.examples.append(what)

    def merge(self, other: dict[str, Any]) -> None:
        """Add the totals of another process, as `document` gives them."""
        self.tried.update(other["by_door"])
        self.answers.update(other["answers"])
        self.errors += other["server_errors"]
        self.crashes += other["crashes"]
        for what in other["examples"]:
            self.example(what)

    def document(self) -> dict[str, Any]:
        """The figures."""
        return {
            "tried": self.many,
            "server_errors": self.errors,
            "crashes": self.crashes,
            "by_door": dict(sorted(self.tried.items())),
            "answers": dict(sorted(self.answers.items())),
            "examples": self.examples,
        }
