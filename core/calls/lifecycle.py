"""What a call may come to, and what that does to the prospect: the words and the rules of the call list.

A prospect is `open` (in the ranked list), `callback` (a time was promised), `paused` (nobody answered, and another
attempt is for later), `done` (sold or refused) or `off` (taken off the list without either). What happens next is
decided once, when a result is recorded, and kept with the call; so it can be repeated, and taken back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.errors import InputError
from core.sentences import Sentence
from core.stores.mongo import Document


class Status(StrEnum):
    """Where a prospect stands."""

    OPEN = "open"
    CALLBACK = "callback"
    PAUSED = "paused"
    DONE = "done"
    OFF = "off"


NOTHING_RECORDED = Sentence("Nothing was recorded.")

CALLABLE = (Status.OPEN, Status.CALLBACK)
"""A prospect that may lie on an agent's desk."""

LIVE = (*CALLABLE, Status.PAUSED)
"""A prospect who is still to be called, now or later."""


class Result(StrEnum):
    """What came of a call. Only the first two are outcomes, which models learn from."""

    SOLD = "sold"
    REFUSED = "refused"
    CALLBACK = "callback"
    NO_ANSWER = "no answer"
    WRONG_NUMBER = "wrong number"
    DO_NOT_CALL = "do not call"

    @property
    def words(self) -> Sentence:
        """As it is said within a sentence."""
        return _WORDS[self]

    @property
    def is_outcome(self) -> bool:
        """Whether the person decided, so that it says something about their chance."""
        return self in (Result.SOLD, Result.REFUSED)


_WORDS = {
    Result.SOLD: Sentence("sold"),
    Result.REFUSED: Sentence("refused"),
    Result.CALLBACK: Sentence("callback"),
    Result.NO_ANSWER: Sentence("no answer"),
    Result.WRONG_NUMBER: Sentence("wrong number"),
    Result.DO_NOT_CALL: Sentence("do not call"),
}


@dataclass(frozen=True)
class CallRules:
    """How the list is worked.

    `claim`: how long a prospect is held for an agent. `overdue`: how late a promised call may be before anybody gets
    it. `pause`: how long somebody who did not answer is left alone; `attempts`: unanswered calls after which they are
    taken off the list. `furthest`: how far ahead a call may be promised. `undo`: how long a result can be taken back.
    """

    claim: timedelta = timedelta(minutes=15)
    overdue: timedelta = timedelta(minutes=10)
    pause: timedelta = timedelta(hours=4)
    attempts: int = 5
    furthest: timedelta = timedelta(days=90)
    undo: timedelta = timedelta(minutes=1)


STANDARD = CallRules()

STATE = ("status", "again", "due", "unanswered", "off")
"""The fields of a prospect that a result changes, apart from its claim and the number of calls."""


def state(prospect: Document) -> Document:
    """These fields as they are; what a prospect does not have is None."""
    return {name: prospect.get(name) for name in STATE}


def moves(call: Document) -> bool:
    """Whether the call makes its prospect what it is; a late one may stand in the history only."""
    late = call.get("late")
    return not late or bool(late["counts"])


def as_kept(at: datetime) -> datetime:
    """`at` as MongoDB keeps it: in milliseconds. What is returned is so what is read later."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def holder(prospect: Document, at: datetime) -> str | None:
    """Who holds the prospect at that moment, if anybody."""
    claim = prospect["claim"]
    return str(claim["by"]) if claim and claim["until"] > at else None


def as_read(prospect: Document) -> Document:
    """The query for `prospect` as long as it is as it was read: its state, and who holds it until when."""
    claim = prospect["claim"]
    held = {"claim.by": claim["by"], "claim.until": claim["until"]} if claim else {"claim": None}
    return {"_id": prospect["_id"], "status": prospect["status"], "calls": prospect.get("calls"), **held}


def seconds(at: datetime) -> int:
    """`at` in seconds since 1970, for lists to be sorted and cut by: the embedded server's indexes hold no times."""
    return int(at.timestamp())


def after(
    before: Document, result: Result, call: str, agent: str, at: datetime, again: datetime | None, rules: CallRules
) -> Document:
    """The `STATE` of a prospect after `call` by `agent` at `at`, which was `before` until then.

    Raises InputError when a promised time is missing, past or further ahead than `rules` allow.
    """
    settled: Document = {**before, "again": None, "due": None}
    match result:
        case Result.SOLD | Result.REFUSED:
            return {**settled, "status": Status.DONE.value}
        case Result.CALLBACK:
            promised = _promised(again, at, rules)
            return {
                **settled,
                "status": Status.CALLBACK.value,
                "again": {"at": promised, "by": agent},
                "due": seconds(promised),
            }
        case Result.NO_ANSWER:
            unanswered = int(before.get("unanswered") or 0) + 1
            settled["unanswered"] = unanswered
            if unanswered < rules.attempts:
                return {**settled, "status": Status.PAUSED.value, "due": seconds(at + rules.pause)}
            return {**settled, "status": Status.OFF.value, "off": {"why": result.value, "call": call}}
        case Result.WRONG_NUMBER | Result.DO_NOT_CALL:
            return {**settled, "status": Status.OFF.value, "off": {"why": result.value, "call": call}}


def _promised(again: datetime | None, at: datetime, rules: CallRules) -> datetime:
    if again is None:
        raise InputError(
            Sentence("When to call back is missing"),
            kept=NOTHING_RECORDED,
            next=Sentence("Choose a day and a time."),
        )
    if not at < again <= at + rules.furthest:
        days = rules.furthest.days
        ahead = Sentence("A call can be promised for a time that is yet to come")
        within = Sentence("A call can be promised for a time that is yet to come within {days} days", days=days)
        raise InputError(within if days else ahead, kept=NOTHING_RECORDED, next=Sentence("Choose another day or time."))
    return again
