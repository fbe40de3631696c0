"""Whether somebody has a wish not to be called: the one question that claims, cards, imports and recordings ask.

A person's own wish comes first, then those of their numbers, then the public registers. `contacts` keeps the hashes of
all numbers that a person has and had (`numbers`), so no key is needed here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from core.clock import now
from core.schema.person import Person
from core.stores.mongo import Db, Document, reachable
from core.wishes import registers
from core.wishes.wish import Wish, holds, number_key, person_key, scope_of

KEYS_AT_ONCE = 1_000


def wish_of(db: Db, prospect: Document, at: datetime | None = None) -> Wish | None:
    """The wish not to call `prospect` that holds at that moment (default: now), or None. Raises Unavailable."""
    return wishes_of(db, [prospect], at).get(prospect["_id"])


def wishes_of(db: Db, prospects: Sequence[Document], at: datetime | None = None) -> dict[str, Wish]:
    """The wishes of those of `prospects` who have one, by their key. Raises Unavailable."""
    moment = at or now()
    with reachable():
        found = _by_person(db, prospects, moment)
        numbers = _numbers_of(db, [one["_id"] for one in prospects if one["_id"] not in found])
        scopes = {one["_id"]: scope_of(db, one["campaign"]) for one in prospects}
        single = _single(db, numbers, scopes, moment)
        rest = {key: hashes for key, hashes in numbers.items() if key not in single}
        registered = registers.listed(db, (one for hashes in rest.values() for one in hashes))
    found |= single
    for key, hashes in rest.items():
        if wish := next((registered[one] for one in hashes if one in registered), None):
            found[key] = wish
    return found


def forms(ref: str) -> list[str]:
    """The keys under which the list and the campaigns can hold the person; earlier releases kept them as written."""
    return list(Person(ref).forms)


def entries(db: Db, collection: str, keys: Iterable[str], at: datetime) -> dict[str, Document]:
    """The entries of `collection` under `keys` that hold at that moment, by key."""
    asked, found = list(dict.fromkeys(keys)), {}
    for start in range(0, len(asked), KEYS_AT_ONCE):
        for entry in db[collection].find({"_id": {"$in": asked[start : start + KEYS_AT_ONCE]}}):
            if holds(entry, at):
                found[str(entry["_id"])] = entry
    return found


def _by_person(db: Db, prospects: Sequence[Document], at: datetime) -> dict[str, Wish]:
    keys = {}
    for one in prospects:
        each = forms(one["ref"])
        keys[one["_id"]] = [*each, *(person_key(form, scope_of(db, one["campaign"])) for form in each)]
    listed = entries(db, "do_not_call", (key for own in keys.values() for key in own), at)
    return {
        prospect: Wish.from_entry(listed[key])
        for prospect, own in keys.items()
        if (key := next((key for key in own if key in listed), None))
    }


def _numbers_of(db: Db, prospects: Sequence[str]) -> dict[str, list[str]]:
    if not prospects:
        return {}
    found = db.contacts.find({"_id": {"$in": list(prospects)}}, {"numbers": 1})
    return {str(one["_id"]): list(one["numbers"]) for one in found if one.get("numbers")}


def _single(db: Db, numbers: dict[str, list[str]], scopes: dict[str, str], at: datetime) -> dict[str, Wish]:
    keys = {
        prospect: [*hashes, *(number_key(one, scopes[prospect]) for one in hashes)]
        for prospect, hashes in numbers.items()
    }
    listed = entries(db, "barred_numbers", (key for own in keys.values() for key in own), at)
    return {
        prospect: Wish.from_entry(listed[key], by_number=True)
        for prospect, own in keys.items()
        if (key := next((key for key in own if key in listed), None))
    }
