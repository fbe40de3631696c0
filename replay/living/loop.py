"""What ranks for a simulated call centre. The loop of the appliance is one; others know the world, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from core.calls.lifecycle import LIVE, Result
from core.files.records import Record


@dataclass(frozen=True)
class Delivery:
    """A file as it was written: the header, and a record of text cells for each person."""

    name: str
    header: Sequence[str]
    records: Sequence[Record]


@dataclass(frozen=True)
class Call:
    """A call that was made: to whom, the number of it from 1, what came of it, and the person's state after it.

    `state` has the fields of `core.calls.lifecycle.STATE`.
    """

    person: str
    number: int
    result: Result
    at: datetime
    state: Mapping[str, Any]


class Loop(Protocol):
    """Ranks people by what it is told. It is told each thing when the appliance would be, and never earlier."""

    name: str

    def arrive(self, rows: Delivery, at: datetime) -> None:
        """A file comes in."""
        ...

    def list_of_day(self, at: datetime) -> Sequence[str]:
        """The keys of the people to call, the best first, for the day that begins at `at`."""
        ...

    def called(self, call: Call) -> None:
        """A call was made. Whether it was a sale is said by `outcome`, which may come later."""
        ...

    def outcome(self, person: str, call: int, positive: bool, at: datetime, known_at: datetime) -> None:
        """What came of the call number `call` to `person`, made at `at`, becomes known at `known_at`."""
        ...

    def end_of_day(self, at: datetime) -> None:
        """The agents have gone home."""
        ...


Score = Callable[[Sequence[str], datetime], Sequence[float]]
"""The scores of people, by key, at a moment."""


def everybody(_key: str) -> bool:
    """True."""
    return True


@dataclass
class Scored:
    """A loop that learns nothing: whoever arrives gets a score, once or, if `daily`, anew on each day.

    `knows`: whether it takes in a row of a file. Those who have an outcome there are never on its list.
    """

    name: str
    score: Score
    daily: bool = False
    knows: Callable[[str], bool] = everybody
    _scores: dict[str, float] = field(default_factory=dict)

    def arrive(self, rows: Delivery, at: datetime) -> None:
        """See `Loop`."""
        key, sold = rows.header[0], rows.header[-2]
        self._rank([one[key] for one in rows.records if not one[sold] and self.knows(one[key])], at)

    def list_of_day(self, at: datetime) -> Sequence[str]:
        """See `Loop`."""
        if self.daily:
            self._rank(list(self._scores), at)
        return sorted(self._scores, key=self._scores.__getitem__, reverse=True)

    def called(self, call: Call) -> None:
        """See `Loop`."""
        if call.state["status"] not in LIVE:
            self._scores.pop(call.person, None)

    def outcome(self, person: str, call: int, positive: bool, at: datetime, known_at: datetime) -> None:
        """See `Loop`."""

    def end_of_day(self, at: datetime) -> None:
        """See `Loop`."""

    def _rank(self, keys: Sequence[str], at: datetime) -> None:
        self._scores |= dict(zip(keys, self.score(keys, at), strict=True))
