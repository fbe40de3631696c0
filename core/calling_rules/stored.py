"""The rules of a campaign in the store: read at each claim, and written by a manager."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from core.calling_rules.person import EarlierCall, Person
from core.calling_rules.rules import UNCHANGED, CallingRules
from core.errors import Conflict, NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable
from core.values import time_zones


def read_rules(db: Db, campaign: str) -> CallingRules | None:
    """The rules of `campaign`, or None. Raises Unavailable."""
    return rules_of(_campaign(db, campaign) or {})


def rules_of(campaign: Document) -> CallingRules | None:
    """The rules in a campaign's document, or None."""
    stored = campaign.get("rules")
    return CallingRules.from_document(stored) if stored and stored.get("zone") else None


def version(db: Db, campaign: str) -> int:
    """The number of times that the campaign's rules were written. Raises Unavailable."""
    stored = (_campaign(db, campaign) or {}).get("rules")
    return int(stored["number"]) if stored else 0


def write_rules(db: Db, campaign: str, rules: CallingRules | None, *, by: str, seen: int) -> None:
    """Put `rules` in the place of version `seen` of the campaign's rules; None takes them away.

    Raises InputError for rules that contradict themselves, Conflict if somebody else has changed them meanwhile,
    NotFound, Unavailable.
    """
    if rules is not None:
        rules.check()
    new: dict[str, Any] = {**(rules.document() if rules else {}), "number": seen + 1, "by": by}
    unchanged = {"rules.number": seen} if seen else {"rules": None}
    with reachable():
        updated = db.campaigns.update_one({"_id": campaign, **unchanged}, {"$set": {"rules": new}})
    if not updated.matched_count:
        _refuse(_campaign(db, campaign), campaign)
    event_log.append(db, who=by, what=Event.CALLING_RULES_CHANGED, subject=campaign, rules=new)


def person_of(db: Db, prospect: Document, rules: CallingRules) -> Person:
    """The `rules` as they hold for the prospect, with the calls that were made to it. Raises Unavailable."""
    return Person(rules, time_zones.parted(str(prospect.get("zone") or "")), _calls(db, prospect))


def person_under_rules(db: Db, prospect: Document) -> Person | None:
    """`person_of` with the rules of the prospect's campaign; None if it has none. Raises Unavailable."""
    rules = read_rules(db, str(prospect["campaign"]))
    return None if rules is None else person_of(db, prospect, rules)


def _calls(db: Db, prospect: Document) -> tuple[EarlierCall, ...]:
    """The calls to the prospect, by their keys, without those that were taken back, the oldest first."""
    keys = [f"{prospect['_id']}:{number}" for number in range(1, int(prospect.get("calls") or 0) + 1)]
    if not keys:
        return ()
    with reachable():
        found = list(db.calls.find({"_id": {"$in": keys}}, {"at": 1, "result": 1, "undone": 1}))
    return tuple(_in_order(EarlierCall(call["at"], str(call["result"])) for call in found if not call.get("undone")))


def _in_order(calls: Iterable[EarlierCall]) -> list[EarlierCall]:
    def made(call: EarlierCall) -> datetime:
        return call.at

    return sorted(calls, key=made)


def _campaign(db: Db, campaign: str) -> Document | None:
    with reachable():
        return db.campaigns.find_one({"_id": campaign}, {"rules": 1})


def _refuse(newest: Document | None, campaign: str) -> None:
    if newest is None:
        raise NotFound(Sentence("There is no campaign '{campaign}'.", campaign=campaign), kept=UNCHANGED)
    raise Conflict(
        Sentence("{who} has changed the calling rules meanwhile.", who=str((newest.get("rules") or {}).get("by", ""))),
        kept=Sentence("Their rules are in force; yours were not saved."),
        next=Sentence("Load the page again, and change what is still to be changed."),
    )
