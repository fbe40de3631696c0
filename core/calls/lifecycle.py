"""The results of a call, the states of a prospect, and the rules by which a result changes the state.

A prospect is `open` (in the ranked list), `callback` (a call is promised), `paused` (nobody answered, the next attempt
is later), `done` (sold or refused), `off` (taken off the list by a call or a wish, without an outcome) or `withdrawn`
(taken off the list by its manager, `core.lists.withdrawal`). The next state is computed once,
when a result is recorded, and stored with the call; so it can be repeated, and undone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from core.calling_rules.person import EarlierCall, Person
from core.calling_rules.promise import refuse_forbidden
from core.errors import InputError
from core.sentences import Sentence
from core.settings.people import CallSettings
from core.stores.mongo import Document


class Status(StrEnum):
    """The state of a prospect."""

    OPEN = "open"
    CALLBACK = "callback"
    PAUSED = "paused"
    DONE = "done"
    OFF = "off"
    WITHDRAWN = "withdrawn"


NOTHING_RECORDED = Sentence("Nothing was recorded.")

CALLABLE = (Status.OPEN, Status.CALLBACK)
"""Agents may claim the prospect."""

LIVE = (*CALLABLE, Status.PAUSED)
"""The prospect is still to be called, now or later."""


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
        """The result in words, for use inside a sentence."""
        return _WORDS[self]

    @property
    def is_outcome(self) -> bool:
        """Whether the person decided, so that models can learn from the result."""
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
    """The rules of the call list.

    `claim`: how long a claim lasts. `overdue`: how late a callback is when any agent may get it. `pause`: time before
    the next attempt when nobody answered; `attempts`: unanswered calls after which the prospect is off the list.
    `furthest`: how far ahead a callback may be. `undo`: how long a result can be taken back.
    """

    claim: timedelta = timedelta(minutes=15)
    overdue: timedelta = timedelta(minutes=10)
    pause: timedelta = timedelta(hours=4)
    attempts: int = 5
    furthest: timedelta = timedelta(days=90)
    undo: timedelta = timedelta(minutes=1)

    @classmethod
    def of(cls, settings: CallSettings) -> Self:
        """The rules that `settings` name."""
        return cls(
            claim=timedelta(minutes=settings.callwise_claim_minutes),
            overdue=timedelta(minutes=settings.callwise_overdue_minutes),
            pause=timedelta(hours=settings.callwise_pause_hours),
            attempts=settings.callwise_attempts,
            furthest=timedelta(days=settings.callwise_callback_days),
        )


STANDARD = CallRules()

STATE = ("status", "again", "due", "unanswered", "off")
"""The fields of a prospect that a result changes, apart from its claim and the number of calls."""


def calls_made(prospect: Document) -> int:
    """The calls made to a prospect: the numbers given to calls, without those of results that were taken back."""
    return int(prospect.get("calls") or 0) - int(prospect.get("taken_back") or 0)


def next_call(prospect: Document) -> int:
    """The number of the next call to the prospect."""
    return int(prospect.get("calls") or 0) + 1


def state(prospect: Document) -> Document:
    """The `STATE` of a prospect; a field that it does not have is None."""
    return {name: prospect.get(name) for name in STATE}


def changes_state(call: Document) -> bool:
    """Whether the call changed its prospect's state; a late one may be in the history only."""
    late = call.get("late")
    return not late or bool(late["counts"])


def whole_milliseconds(at: datetime) -> datetime:
    """`at` in whole milliseconds, as MongoDB stores it, so that a returned document equals the stored one."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def claim_holder(prospect: Document, at: datetime) -> str | None:
    """The agent who holds the prospect at that moment, or None."""
    claim = prospect["claim"]
    return str(claim["by"]) if claim and claim["until"] > at else None


def unchanged_query(prospect: Document) -> Document:
    """The query that finds `prospect` only while its status, calls and claim are as they were read."""
    claim = prospect["claim"]
    held = {"claim.by": claim["by"], "claim.until": claim["until"]} if claim else {"claim": None}
    return {"_id": prospect["_id"], "status": prospect["status"], "calls": prospect.get("calls"), **held}


def epoch_seconds(at: datetime) -> int:
    """`at` in seconds since 1970, for sorted queries: the embedded server's indexes hold no times."""
    return int(at.timestamp())


def state_after(
    before: Document,
    result: Result,
    call: str,
    agent: str,
    at: datetime,
    again: datetime | None,
    rules: CallRules,
    person: Person | None = None,
) -> Document:
    """The `STATE` after `before`. `person`: the calling rules of the campaign, with the calls before this one.

    Raises InputError for a promised time that is missing, past or too far ahead, or that the calling rules forbid
    (`core.calling_rules.promise.ForbiddenTime`).
    """
    settled: Document = {**before, "again": None, "due": None}
    called = person.after(EarlierCall(at, result.value)) if person else None
    match result:
        case Result.SOLD | Result.REFUSED:
            return {**settled, "status": Status.DONE.value}
        case Result.CALLBACK:
            promised = _promised(again, at, rules)
            if called:
                refuse_forbidden(called, promised)
            callback = {"again": {"at": promised, "by": agent}, "due": epoch_seconds(promised)}
            return {**settled, "status": Status.CALLBACK.value, **callback}
        case Result.NO_ANSWER:
            unanswered = int(before.get("unanswered") or 0) + 1
            settled["unanswered"] = unanswered
            due = _next_attempt(called, result, at, rules)
            if unanswered < rules.attempts and due is not None:
                return {**settled, "status": Status.PAUSED.value, "due": due}
            return {**settled, "status": Status.OFF.value, "off": {"why": result.value, "call": call}}
        case Result.WRONG_NUMBER | Result.DO_NOT_CALL:
            return {**settled, "status": Status.OFF.value, "off": {"why": result.value, "call": call}}


def _next_attempt(person: Person | None, result: Result, at: datetime, rules: CallRules) -> int | None:
    """When the next attempt is due (`epoch_seconds`), after a call at `at`; None if the calling rules allow none."""
    if person is None:
        return epoch_seconds(at + rules.pause)
    own = person.rules.pauses.get(result.value)
    allowed = person.earliest(at + rules.pause if own is None else at + timedelta(minutes=own))
    return None if allowed is None else whole_seconds_from(allowed)


def whole_seconds_from(at: datetime) -> int:
    """The first whole second (`epoch_seconds`) that is not before `at`."""
    return epoch_seconds(at) + (at.microsecond > 0)


def _promised(again: datetime | None, at: datetime, rules: CallRules) -> datetime:
    if again is None:
        raise InputError(
            Sentence("The time of the callback is missing"),
            kept=NOTHING_RECORDED,
            next=Sentence("Choose a day and a time."),
        )
    if not at < again <= at + rules.furthest:
        days = rules.furthest.days
        ahead = Sentence("A callback must be in the future")
        within = Sentence("A callback must be in the future, within {days} days", days=days)
        raise InputError(within if days else ahead, kept=NOTHING_RECORDED, next=Sentence("Choose another day or time."))
    return again
