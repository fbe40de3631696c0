"""The team of the story: agents who take people from the call list and record what came of each call.

They use the functions of the call card. Who says what is known from the campaign's file; whether somebody answers at
all, or asks for another time, is drawn by the person's key, so a story that begins again meets the same people.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count as numbers
from threading import Lock

from core.calls.claims import claim
from core.calls.late_results import record_late
from core.calls.lifecycle import Result
from core.calls.recording import CallReport
from core.clock import now
from core.errors import Conflict
from core.schema import Schema
from core.stores.mongo import Db, Document

AGENTS = ("Ines", "Jonas", "Marta")
SHARES = ((Result.NO_ANSWER, 0.06), (Result.CALLBACK, 0.025), (Result.DO_NOT_CALL, 0.01), (Result.WRONG_NUMBER, 0.01))
"""Shares of calls that bring no outcome."""
CALLBACK_HOUR = 10

Answers = Mapping[int, bool]
"""By the row in the campaign's file, whether the person buys."""


def result_of(prospect: Document, buys: bool) -> Result:
    """What comes of the next call to `prospect`, who `buys` if they decide."""
    luck = random.Random(f"{prospect['_id']}:{prospect.get('calls') or 0}").random()  # noqa: S311
    for result, share in SHARES:
        if luck < share:
            return result
        luck -= share
    return Result.SOLD if buys else Result.REFUSED


def promised(at: datetime) -> datetime:
    """The time that an agent promises for a callback: the next day, in the morning."""
    return (at + timedelta(days=1)).replace(hour=CALLBACK_HOUR, minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class Team:
    """The agents, with the appliance's database; `pause` is called after each call."""

    db: Db
    schema: Schema
    pause: Callable[[], None]

    def call(self, campaign: str, answers: Answers, most: int) -> int:
        """Call the best of `campaign`, at most `most` people; returns how many calls were made. Raises Unavailable."""
        turns, lock = numbers(), Lock()

        def may_call() -> bool:
            with lock:
                return next(turns) < most

        with ThreadPoolExecutor(len(AGENTS)) as agents:
            return sum(agents.map(lambda name: sum(self._calls(campaign, answers, name, may_call)), AGENTS))

    def _calls(self, campaign: str, answers: Answers, agent: str, may_call: Callable[[], bool]) -> Iterator[int]:
        while may_call() and (prospect := claim(self.db, campaign, agent)) is not None:
            with suppress(Conflict):  # somebody at a screen was quicker
                self._record(prospect, answers.get(int(prospect["row"]), False), agent)
                yield 1
            self.pause()

    def _record(self, prospect: Document, buys: bool, agent: str) -> None:
        result = result_of(prospect, buys)
        report = CallReport(
            result,
            again=promised(now()) if result is Result.CALLBACK else None,
            everywhere=self.schema.reference is not None,
            groups=self.schema.groups_of(prospect["features"]),
        )
        record_late(self.db, prospect["_id"], agent, report, call=int(prospect.get("calls") or 0) + 1)
