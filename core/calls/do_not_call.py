"""People who asked not to be called again: what a wish does to the lists (`core.wishes` says who has one).

`ref`, the company's own key from the schema's `reference` column, identifies a person across campaigns, in every
spelling (`core.values.keys`); entries of earlier releases have the spelling of their file. Without that column a ref is
only a row's number in one file: it is never put on this list, and the wish holds in that campaign alone.

Each import and each claim asks for wishes, so they also cover a file that is being imported.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from pymongo.errors import DuplicateKeyError

from core.calls.lifecycle import LIVE, Result, Status, state, unchanged_query
from core.calls.rank_key import OFF_THE_LIST, rank_if_open
from core.clock import now
from core.schema.person import Person
from core.stores.embedded_mongo import milliseconds
from core.stores.mongo import Db, Document, reachable
from core.values.keys import same_key
from core.wishes import numbers
from core.wishes.lookup import KEYS_AT_ONCE, entries, forms, wishes_of
from core.wishes.numbers import NumberWish
from core.wishes.wish import CARD, Wish, in_place_of, is_weaker, keys_of, stored_form


def add(db: Db, ref: str, *, by: str, at: datetime, call: str) -> None:
    """List a person who asked in `call`, and take them off all campaigns. Safe to repeat. Raises Unavailable."""
    entry = stored_form(Wish(call, by, at, CARD))
    with reachable():
        try:
            db.do_not_call.insert_one({"_id": same_key(ref), **entry})
        except DuplicateKeyError:
            known = db.do_not_call.find_one({"_id": same_key(ref)})
            if known and _gives_way(known, call, at):
                unchanged = {"_id": same_key(ref), "wish.call": known["wish"]["call"]}
                db.do_not_call.update_one(unchanged, {"$set": in_place_of(entry, known)})
        for prospect in prospects_of(db, ref):
            if prospect["status"] in LIVE:
                take_off_list(db, prospect, call)


def _gives_way(known: Document, call: str, at: datetime) -> bool:
    """Whether the stored entry lets the wish of `call`, which asked `at`, take its place.

    A call that was taken back wishes no more, unless a later correction says so.
    """
    lifted = known["lifted"] or {}
    taken_back = lifted.get("call") == call and lifted["at"] >= at
    return not taken_back and is_weaker(known, None, at)


def lift(db: Db, ref: str, *, at: datetime, call: str) -> None:
    """Undo what `add` did for `call`, in all campaigns. Raises Unavailable."""
    with reachable():
        theirs = {"_id": {"$in": forms(ref)}, "wish.call": call}
        keys = {call, *(key for entry in db.do_not_call.find(theirs) for key in keys_of(entry))}
        lifted = {"lifted": {"call": call, "at": at}, "order": milliseconds(at)}
        db.do_not_call.update_many(theirs, {"$set": lifted})
        people = prospects_of(db, ref)
        for other in _wishing(db, people, call):
            if other["everywhere"]:
                add(db, ref, by=other["agent"], at=at, call=other["_id"])
        # The person of the call itself gets the state from before it by the undo (`core.calls.undo`).
        bring_back(db, [one for one in people if (one.get("off") or {}).get("was")], keys, at)


def _wishing(db: Db, people: Sequence[Document], call: str) -> list[Document]:
    """The calls to `people`, other than `call`, whose result still is that the person asked not to be called."""
    made = db.calls.find({"prospect": {"$in": [one["_id"] for one in people]}})
    wished = [one for one in made if one["result"] == Result.DO_NOT_CALL.value and not one.get("undone")]
    return [one for one in wished if one["_id"] != call]


def bar_numbers(db: Db, call: Document) -> None:
    """Bar the numbers that the person of `call` named; nobody is taken off a list yet. Safe to repeat."""
    made = (call["_id"], call["prospect"])
    numbers.put(db, call["numbers"], NumberWish(call["agent"], call["at"], CARD, made=made))


def lift_numbers(db: Db, call: Document, at: datetime) -> None:
    """Undo what `bar_numbers` did for `call`. Raises Unavailable."""
    ended = numbers.lift(db, call["numbers"], by=call["agent"], at=at, why="taken back", made=call["_id"])
    people = people_with(db, [one["_id"] for one in ended])
    with reachable():
        wishing = _wishing(db, people, call["_id"])
    others = [one for one in wishing if {*call["numbers"]} & {*(one.get("numbers") or ())}]
    for other in others:
        made = (other["_id"], other["prospect"])
        numbers.put(db, other["numbers"], NumberWish(other["agent"], at, CARD, made=made))
    bring_back(db, people, {key for one in ended for key in keys_of(one)})


def people_with(db: Db, keys: Sequence[str]) -> list[Document]:
    """The prospects of this kind who have or had a number with one of these `keys` of wishes. Raises Unavailable."""
    hashes, found = list(dict.fromkeys(key.partition("@")[0] for key in keys)), list[Document]()
    with reachable():
        for start in range(0, len(hashes), KEYS_AT_ONCE):
            having = {"numbers": {"$in": hashes[start : start + KEYS_AT_ONCE]}}
            theirs = [one["_id"] for one in db.contacts.find(having, {"_id": 1})]
            for place in range(0, len(theirs), KEYS_AT_ONCE):
                found += db.prospects.find({"_id": {"$in": theirs[place : place + KEYS_AT_ONCE]}})
    return found


def entry_of(db: Db, ref: str) -> Document | None:
    """This person's wish for all campaigns, `{by, at, call}`, or None. Raises Unavailable."""
    with reachable():
        found = entries(db, "do_not_call", forms(ref), now())
    return next((found[form]["wish"] for form in forms(ref) if form in found), None)


def take_off_listed(db: Db, prospects: Sequence[Document], at: datetime | None = None) -> int:
    """Take those of `prospects` with a wish off their campaigns; returns how many. Raises Unavailable."""
    live = [prospect for prospect in prospects if prospect["status"] in LIVE]
    wishes = wishes_of(db, live, at)
    with reachable():
        for prospect in live:
            if wish := wishes.get(prospect["_id"]):
                take_off_list(db, prospect, wish.key)
    return len(wishes)


def bring_back(db: Db, prospects: Sequence[Document], keys: Collection[str], at: datetime | None = None) -> list[str]:
    """Give those of `prospects` whom a wish with one of `keys` took off the state that they had; returns their keys.

    Whoever has another wish stays off the list, by that one. Raises Unavailable.
    """
    back = []
    with reachable():
        states = [(one, before) for one in prospects if (before := _before(db, one, keys)) is not None]
        wishes = wishes_of(db, [one for one, _ in states], at)
        for prospect, before in states:
            seen = {"_id": prospect["_id"], "status": Status.OFF.value, "off.call": prospect["off"]["call"]}
            if (wish := wishes.get(prospect["_id"])) is None:
                listed = rank_if_open(str(prospect["campaign"]), before["status"])
                db.prospects.update_one(seen, {"$set": {**before, **listed}})
                back.append(str(prospect["_id"]))
            elif wish.key != prospect["off"]["call"]:
                other = {**prospect["off"], "call": wish.key, "was": state({**before})}
                db.prospects.update_one(seen, {"$set": {"off": other}})
    return back


def _before(db: Db, prospect: Document, keys: Collection[str]) -> Document | None:
    """The state of `prospect` before a wish of `keys` took it off; None if none of them did."""
    off = prospect.get("off") or {}
    if prospect["status"] != Status.OFF or off.get("call") not in keys:
        return None
    if off.get("was"):
        return dict(off["was"])
    wishing = db.calls.find_one({"_id": off["call"]})  # the call in which the person asked not to be called
    return {**wishing["before"], "claim": None} if wishing else None


def count_listed(db: Db, refs: Sequence[str]) -> int:
    """How many of the people `refs` are on the list. Raises Unavailable."""
    if not refs:
        return 0
    with reachable():
        return len(entries(db, "do_not_call", (form for ref in refs for form in forms(ref)), now()))


def prospects_of(db: Db, ref: str) -> list[Document]:
    """This person's prospects, at most one a campaign."""
    campaigns = [found["_id"] for found in db.campaigns.find({}, {"_id": 1})]
    return list(db.prospects.find({"_id": {"$in": Person(ref).keys(campaigns)}}))


def is_off(prospect: Document) -> bool:
    """Whether the prospect is off its list because the person asked not to be called."""
    off = prospect.get("off") or {}
    return prospect["status"] == Status.OFF and off.get("why") == Result.DO_NOT_CALL.value


def take_off_list(db: Db, prospect: Document, call: str) -> None:
    """Take `prospect` off its list because of `call`, unless it has changed since it was read."""
    db.prospects.update_one(*take_off_update(prospect, call))


def take_off_update(prospect: Document, call: str) -> tuple[Document, Document]:
    """The query and the update of `take_off_list`."""
    off = {"why": Result.DO_NOT_CALL.value, "call": call, "was": state(prospect)}
    changed = {
        **state(prospect),
        "status": Status.OFF.value,
        "again": None,
        "due": None,
        "off": off,
        "claim": None,
        **OFF_THE_LIST,
    }
    return unchanged_query(prospect), {"$set": changed}
