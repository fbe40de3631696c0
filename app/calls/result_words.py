"""The results of a call on the screen: buttons, keys, times of a callback, and the message after recording."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from app.calling_rules.promise_form import Offer
from app.desk.result_names import result_name
from app.language import _, formats, plural, zones
from core.calls.lifecycle import CallRules, Result, Status, changes_state
from core.sentences import Sentence
from core.stores.mongo import Document


@dataclass(frozen=True)
class Choice:
    """The button of a result: its words and icon. Its keyboard key is that of the action `result`."""

    result: Result
    label: Sentence
    icon: str

    @property
    def key(self) -> str:
        """The widget's key, which also gives its CSS class."""
        return f"outcome-{self.result.value.replace(' ', '-')}"


SOLD = Choice(Result.SOLD, Sentence("Sold"), ":material/check:")
REFUSED = Choice(Result.REFUSED, Sentence("Refused"), ":material/close:")
CALLBACK = Choice(Result.CALLBACK, Sentence("Call back at…"), ":material/schedule:")
NO_ANSWER = Choice(Result.NO_ANSWER, Sentence("No answer"), ":material/phone_missed:")
WRONG_NUMBER = Choice(Result.WRONG_NUMBER, Sentence("Wrong number"), ":material/phone_disabled:")
DO_NOT_CALL = Choice(Result.DO_NOT_CALL, Sentence("Do not call"), ":material/block:")

CHOICES = (SOLD, REFUSED, CALLBACK, NO_ANSWER, WRONG_NUMBER, DO_NOT_CALL)


def offers(at: datetime, zone: str | None) -> list[Offer]:
    """Usual times of a callback, with their words, for a call at `at` in `zone`."""
    local = at.astimezone(zones.zone(zone))
    tomorrow = datetime.combine(local.date() + timedelta(days=1), time(10), local.tzinfo)
    return [
        Offer(_("In 1 hour"), at + timedelta(hours=1)),
        Offer(_("In 3 hours"), at + timedelta(hours=3)),
        Offer(_("Tomorrow, 10:00"), tomorrow, same_time=True),
    ]


def result_message(call: Document, rules: CallRules, zone_name: str | None) -> str:
    """The message to the agent after `call` is recorded."""
    ref, result, after = call["ref"], Result(call["result"]), call["after"]
    if not changes_state(call):
        return _kept_beside(call)
    match result:
        case Result.CALLBACK:
            when = formats.moment(call["again"]["at"], zone_name)
            return _("Call back: {ref} is recorded and comes back to you on {when}.").format(ref=ref, when=when)
        case Result.NO_ANSWER if after["status"] == Status.PAUSED:
            sentence = _("No answer (attempt {attempt} of {attempts}): {ref} is recorded and comes back after {when}.")
            when = formats.moment(datetime.fromtimestamp(after["due"], UTC), zone_name)
            return sentence.format(attempt=after["unanswered"], attempts=rules.attempts, ref=ref, when=when)
        case Result.NO_ANSWER:
            sentence = plural(
                "No answer: {ref} is recorded and, after {count} unanswered call, off the list.",
                "No answer: {ref} is recorded and, after {count} unanswered calls, off the list.",
                after["unanswered"],
            )
            return sentence.format(ref=ref, count=formats.count(after["unanswered"]))
        case Result.DO_NOT_CALL if call["everywhere"]:
            return _("Do not call: {ref} is recorded and off the list of every campaign.").format(ref=ref)
        case _:
            return _("{result}: {ref} is recorded and off the list.").format(result=result_name(result), ref=ref)


def _kept_beside(call: Document) -> str:
    """The same for a late call, which is stored in the history only."""
    result, name = result_name(Result(call["result"])), call["late"]["over"]
    if name:
        kept = _("{result}: your call to {ref} is recorded. {name} now has this person, and sees it on the card.")
        return kept.format(result=result, ref=call["ref"], name=name)
    kept = _("{result}: your call to {ref} is recorded. The result recorded meanwhile still applies.")
    return kept.format(result=result, ref=call["ref"])
