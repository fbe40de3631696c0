"""Changes to the wishes by number, for the screens, files and the API: put on, looked up, lifted, each with its event.

A change applies at once in every campaign of the kind; the monitor brings it to those of other kinds
(`core.do_not_call.wish_sweep`). The event log gets figures and the source, and no hash.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.calls import do_not_call
from core.calls.lifecycle import LIVE, claim_holder
from core.clock import Clock, now
from core.do_not_call.do_not_call_list import require_later, require_reason
from core.errors import InputError, NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.embedded_mongo import milliseconds
from core.stores.events import Event
from core.stores.mongo import Db, Document, count, reachable
from core.wishes import numbers, registers
from core.wishes.number_keys import NumberKeys
from core.wishes.number_reading import read_number
from core.wishes.numbers import NumberWish
from core.wishes.wish import MANAGER, Wish, keys_of, scope_of

SUBJECT = "barred_numbers"


@dataclass(frozen=True)
class Put:
    """What a wish by number did: how many entries are `new`, and how many people are `off` their lists by it."""

    new: int
    off: int


def add_number(
    db: Db,
    keys: NumberKeys,
    text: str,
    *,
    by: str,
    why: str,
    region: str = "",
    source: str = MANAGER,
    until: datetime | None = None,
    campaign: str = "",
    clock: Clock = now,
) -> Put:
    """Put the number in `text` on the list, in any spelling; `region`: the country of one without its own (`DE`).

    `until`: when the wish ends. `campaign`: it holds there alone. Safe to repeat. Raises InputError for a text that is
    no number, a missing reason or an end that is over; Unavailable.
    """
    require_reason(why)
    at = clock()
    require_later(until, at)
    hashed = keys.hash(number_of(text, region))
    scope = scope_of(db, campaign) if campaign else ""
    end = milliseconds(until) if until else None
    done = put_hashes(db, [hashed], NumberWish(by, at, source, why, end, scope))
    if done.new or done.off:
        told: dict[str, Any] = {"source": source, "numbers": done.new, "people": done.off, "campaign": campaign}
        event_log.append(db, who=by, what=Event.NUMBERS_BARRED, subject=SUBJECT, why=why, clock=clock, **told)
    return done


def put_hashes(db: Db, hashes: Collection[str], asked: NumberWish) -> Put:
    """Write the wish for numbers with these `hashes`, and take people who have one off the lists. Raises Unavailable.

    A person on the phone stays claimed until the card is renewed, and the card then says so.
    """
    new = numbers.put(db, hashes, asked)
    people = [one for one in do_not_call.people_with(db, list(hashes)) if one["status"] in LIVE]
    free = [one for one in people if not claim_holder(one, asked.at)]
    return Put(len(new), do_not_call.take_off_listed(db, free, asked.at))


def wishes_of_number(
    db: Db, keys: NumberKeys, text: str, *, region: str = "", clock: Clock = now
) -> list[tuple[Wish, str]]:
    """The wishes that hold for the number in `text`, each with the campaign in which alone it holds ("" for all).

    Wishes in campaigns count for those of this kind. Raises InputError, Unavailable.
    """
    at, hashes = clock(), keys.hashes([number_of(text, region)])
    found = [(entry, "") for entry in numbers.entries_of(db, hashes, at)]
    with reachable():
        campaigns = [str(one["_id"]) for one in db.campaigns.find({}, {"_id": 1})]
        for campaign in campaigns:
            held = numbers.entries_of(db, hashes, at, scope_of(db, campaign))
            found += [(entry, campaign) for entry in held if entry["campaign"]]
        registered = registers.listed(db, hashes)
    return [
        *((Wish.from_entry(entry, by_number=True), campaign) for entry, campaign in found),
        *((wish, "") for wish in dict.fromkeys(registered.values())),
    ]


def lift_number(
    db: Db,
    keys: NumberKeys,
    text: str,
    *,
    by: str,
    why: str,
    region: str = "",
    campaign: str = "",
    clock: Clock = now,
) -> list[str]:
    """Lift the wish of the number in `text`; returns the keys of the prospects who are on their lists again.

    `campaign`: the wish that holds there alone. What a register says cannot be lifted number by number. Raises
    InputError for a text that is no number or a missing reason, NotFound if the number has no wish, Unavailable.
    """
    require_reason(why)
    at, hashes = clock(), keys.hashes([number_of(text, region)])
    entries = numbers.entries_of(db, hashes, at, scope_of(db, campaign) if campaign else "")
    theirs = [entry for entry in entries if bool(entry["campaign"]) == bool(campaign)]
    if not theirs:
        raise NotFound(
            Sentence("This number is not on the do-not-call list."),
            kept=Sentence("Nothing was changed."),
            next=Sentence("A number in a public register stays until a delivery of the register lacks it."),
        )
    ended = numbers.lift(db, [entry["_id"] for entry in theirs], by=by, at=at, why=why)
    back = people_back(db, ended, at)
    told: dict[str, Any] = {"numbers": len(ended), "people": len(back), "campaign": campaign}
    event_log.append(db, who=by, what=Event.NUMBERS_FREED, subject=SUBJECT, why=why, clock=clock, **told)
    return back


def people_back(db: Db, ended: Sequence[Document], at: datetime) -> list[str]:
    """Bring back whom these ended entries took off; returns the prospects' keys. Safe to repeat. Raises Unavailable."""
    people = do_not_call.people_with(db, [entry["_id"] for entry in ended])
    return do_not_call.bring_back(db, people, {key for entry in ended for key in keys_of(entry)}, at)


def number_of(text: str, region: str = "") -> str:
    """The number in `text` in E.164. Raises InputError."""
    number = read_number(text, region)
    if not number:
        raise InputError(
            Sentence("'{text}' is no phone number with its country", text=text),
            kept=Sentence("Nothing was changed."),
            next=Sentence("Write it with its country, as +49 30 123456, or choose the country."),
        )
    return number


def size(db: Db) -> int:
    """How many entries by number there are that are not lifted. Raises Unavailable."""
    with reachable():
        return count(db.barred_numbers, {}) - count(db.barred_numbers, {"lifted.why": {"$gt": ""}})
