"""Wishes by number: put on, lifted, ended. Only keyed hashes of the numbers are kept.

    barred_numbers  {_id: "{hash}" or "{hash}@{kind}/{campaign}", wish: {by, at, source, call, why?}, until, campaign,
                  made: {call, prospect} or None, lifted: {by, at, why} or None, order}

`made` is the call in which the wish was spoken; an erasure of that person removes it, and the hash stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import UpdateOne

from core.stores.embedded_mongo import milliseconds
from core.stores.mongo import Db, Document, reachable
from core.wishes.wish import Wish, gives_way, holds, in_place_of, is_weaker, number_key, stored_form

BATCH = 1_000
EXPIRED = "expired"
"""The reason of a wish whose end has come."""


@dataclass(frozen=True)
class NumberWish:
    """What is asked of numbers: by whom, when, from where. `until`: its end in milliseconds since 1970, or never.

    `scope`: the campaign in which alone it holds (`wish.scope_of`); "" for all. `made`: the call and the prospect's key
    of the person who asked.
    """

    by: str
    at: datetime
    source: str
    why: str = ""
    until: int | None = None
    scope: str = ""
    made: tuple[str, str] | None = None


def put(db: Db, hashes: Iterable[str], asked: NumberWish) -> list[str]:
    """Write the wish for these numbers; returns the keys of entries that are new or changed. Safe to repeat.

    A wish that lasts longer stays as it is. Raises Unavailable.
    """
    changed: list[str] = []
    keys = list(dict.fromkeys(number_key(one, asked.scope) for one in hashes))
    with reachable():
        for start in range(0, len(keys), BATCH):
            changed += _put(db, keys[start : start + BATCH], asked)
    return changed


def _put(db: Db, keys: Sequence[str], asked: NumberWish) -> list[str]:
    made = {"call": asked.made[0], "prospect": asked.made[1]} if asked.made else None
    new = {key: {**stored_form(_wish(key, asked), asked.scope), "made": made} for key in keys}
    inserts = [UpdateOne({"_id": key}, {"$setOnInsert": entry}, upsert=True) for key, entry in new.items()]
    fresh = {keys[place] for place in db.barred_numbers.bulk_write(inserts, ordered=False).upserted_ids or {}}
    known = list(db.barred_numbers.find({"_id": {"$in": [key for key in keys if key not in fresh]}}))
    weaker = [one for one in known if is_weaker(one, asked.until, asked.at)]
    writes = [
        UpdateOne({"_id": one["_id"], "wish.call": one["wish"]["call"]}, {"$set": in_place_of(new[one["_id"]], one)})
        for one in known
        if gives_way(one, asked.source, asked.until, asked.at)
    ]
    if writes:
        db.barred_numbers.bulk_write(writes, ordered=False)
    return [*(key for key in keys if key in fresh), *(one["_id"] for one in weaker)]


def lift(db: Db, keys: Sequence[str], *, by: str, at: datetime, why: str, made: str = "") -> list[Document]:
    """End the wishes with these keys; returns those that ended now, as they were. Safe to repeat.

    `made`: only those that this call made. Raises Unavailable.
    """
    with reachable():
        found = [one for one in db.barred_numbers.find({"_id": {"$in": list(keys)}}) if not one["lifted"]]
        own = [one for one in found if not made or (one.get("made") or {}).get("call") == made]
        fields = {"lifted": {"by": by, "at": at, "why": why}, "order": milliseconds(at)}
        writes = [UpdateOne({"_id": one["_id"], "wish.call": one["wish"]["call"]}, {"$set": fields}) for one in own]
        if writes:
            db.barred_numbers.bulk_write(writes, ordered=False)
    return own


def end_expired(db: Db, collection: str, at: datetime, many: int = BATCH) -> int:
    """Lift at most `many` wishes of `collection` whose end has come; returns how many. Raises Unavailable."""
    with reachable():
        over = list(db[collection].find({"until": {"$lte": milliseconds(at)}}).limit(many))
        writes = []
        for one in over:
            fields: Document = {"until": None, "order": milliseconds(at)}
            if not one["lifted"]:
                # The end stays readable, and the entry leaves the index of those that are to end.
                ended = {"until": one["until"], "call": one["wish"]["call"]}
                fields["lifted"] = {"by": "", "at": at, "why": EXPIRED, **ended}
            writes.append(UpdateOne({"_id": one["_id"], "wish.call": one["wish"]["call"]}, {"$set": fields}))
        if writes:
            db[collection].bulk_write(writes, ordered=False)
    return len(over)


def entries_of(db: Db, hashes: Sequence[str], at: datetime, scope: str = "") -> list[Document]:
    """The wishes that hold for a number with these hashes, for good and in the campaign `scope`. Raises Unavailable."""
    keys = [*hashes, *(number_key(one, scope) for one in hashes if scope)]
    with reachable():
        return [one for one in db.barred_numbers.find({"_id": {"$in": keys}}) if holds(one, at)]


def _wish(key: str, asked: NumberWish) -> Wish:
    word = f"number:{milliseconds(asked.at)}:{key}"
    return Wish(word, asked.by, asked.at, asked.source, asked.why, asked.until, by_number=True)
