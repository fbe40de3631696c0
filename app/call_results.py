"""The results of a call as an agent meets them: buttons, keys, times to promise, and what is said afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app import formats
from core.call_states import Result, Rules, Status
from core.mongo import Document


@dataclass(frozen=True)
class Choice:
    """A result as a button: its words, icon and key on the keyboard."""

    result: Result
    label: str
    icon: str
    shortcut: str

    @property
    def key(self) -> str:
        """The widget's key, which its class on the page is made from."""
        return f"outcome-{self.result.value.replace(' ', '-')}"


SOLD = Choice(Result.SOLD, "Sold", ":material/check:", "S")
REFUSED = Choice(Result.REFUSED, "Refused", ":material/close:", "X")
CALLBACK = Choice(Result.CALLBACK, "Call back at…", ":material/schedule:", "L")
NO_ANSWER = Choice(Result.NO_ANSWER, "No answer", ":material/phone_missed:", "A")
WRONG_NUMBER = Choice(Result.WRONG_NUMBER, "Wrong number", ":material/phone_disabled:", "W")
DO_NOT_CALL = Choice(Result.DO_NOT_CALL, "Do not call", ":material/block:", "D")

CHOICES = (SOLD, REFUSED, CALLBACK, NO_ANSWER, WRONG_NUMBER, DO_NOT_CALL)
LABELS = {choice.result: choice.label for choice in CHOICES} | {Result.CALLBACK: "Call back"}


def offers(at: datetime, zone: str) -> list[tuple[str, datetime]]:
    """Times that people often promise, with their words, for a call at `at` on the clock of `zone`."""
    local = at.astimezone(ZoneInfo(zone))
    tomorrow = datetime.combine(local.date() + timedelta(days=1), time(10), local.tzinfo)
    return [
        ("In 1 hour", at + timedelta(hours=1)),
        ("In 3 hours", at + timedelta(hours=3)),
        ("Tomorrow, 10:00", tomorrow),
    ]


def said(call: Document, rules: Rules, zone: str | None) -> str:
    """What is said to the agent once `call` is recorded."""
    ref, result, after = call["ref"], Result(call["result"]), call["after"]
    match result:
        case Result.CALLBACK:
            return f"Call back: {ref} is recorded and comes back to you on {formats.moment(call['again']['at'], zone)}."
        case Result.NO_ANSWER if after["status"] == Status.PAUSED:
            attempt = f"attempt {after['unanswered']} of {rules.attempts}"
            back = formats.moment(datetime.fromtimestamp(after["due"], UTC), zone)
            return f"No answer ({attempt}): {ref} is recorded and comes back after {back}."
        case Result.NO_ANSWER:
            attempts = formats.plural(after["unanswered"], "unanswered call")
            return f"No answer: {ref} is recorded and, after {attempts}, off the list."
        case Result.DO_NOT_CALL if call["everywhere"]:
            return f"Do not call: {ref} is recorded and off the list of every campaign."
        case _:
            return f"{LABELS[result]}: {ref} is recorded and off the list."
