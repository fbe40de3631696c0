"""Keeps the lists of one campaign kind true to wishes that came or ended elsewhere: other kinds, registers, their ends.

Nobody with a wish is claimed anyway. A sweep goes on where the last one was, so it may be killed; the document `MARK`
of `appliance` says up to when it has read the wishes, and which versions of the registers it compared contacts with.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pymongo import ASCENDING

from core.calls import do_not_call
from core.calls.lifecycle import LIVE, Status, claim_holder
from core.clock import Clock, now
from core.stores.embedded_mongo import milliseconds
from core.stores.mongo import Db, Document, reachable
from core.wishes import numbers, registers
from core.wishes.wish import holds, keys_of

MARK = "wishes"
OVERLAP = timedelta(minutes=5)
"""Wishes are read again for this long, because a wish has the time of its call and is written a little later."""
AT_ONCE = 500
PAGES = 20
"""Pages of contacts that one sweep compares with the registers: it holds up the other work of the job."""


def sweep(db: Db, *, by_reference: bool, clock: Clock = now) -> int:
    """Take people off this kind's lists, or bring them back, as the wishes say; returns how many.

    `by_reference`: people are known by it, so wishes by person hold here. Safe to repeat. Raises Unavailable.
    """
    at = clock()
    with reachable():
        mark = db.appliance.find_one({"_id": MARK}) or {}
    since = mark["seen"] - milliseconds_of(OVERLAP) if mark else 0
    changed = 0
    for collection in ("do_not_call", "barred_numbers") if by_reference else ("barred_numbers",):
        while numbers.end_expired(db, collection, at) == numbers.BATCH:
            pass
    if by_reference:
        changed += _people(db, since, at, first=not mark)
    changed += _numbers(db, since, at)
    with reachable():
        db.appliance.update_one({"_id": MARK}, {"$set": {"seen": milliseconds(at)}}, upsert=True)
    return changed + _registers(db, mark, at)


def milliseconds_of(span: timedelta) -> int:
    """A span of time as `milliseconds` counts it."""
    return int(span.total_seconds() * 1000)


def _people(db: Db, since: int, at: datetime, *, first: bool) -> int:
    """Follow wishes by person; the first sweep reads all of them, because earlier releases gave them no order."""
    with reachable():
        entries = list(db.do_not_call.find({} if first else {"order": {"$gte": since}}))
    changed = 0
    for entry in entries:
        ref = str(entry.get("person") or entry["_id"])
        with reachable():
            people = do_not_call.prospects_of(db, ref)
        changed += _follow(db, people, [entry], at)
    return changed


def _numbers(db: Db, since: int, at: datetime) -> int:
    changed, after = 0, since
    while True:
        with reachable():
            page = list(db.barred_numbers.find({"order": {"$gte": after}}).sort([("order", ASCENDING)]).limit(AT_ONCE))
        changed += _follow(db, do_not_call.people_with(db, [str(one["_id"]) for one in page]), page, at)
        if len(page) < AT_ONCE:
            return changed
        last = int(page[-1]["order"])
        if last == after:  # more wishes of one moment, as of one file, than a page has
            with reachable():
                same = list(db.barred_numbers.find({"order": last}))
            for start in range(0, len(same), AT_ONCE):
                some = same[start : start + AT_ONCE]
                changed += _follow(db, do_not_call.people_with(db, [str(one["_id"]) for one in some]), some, at)
            last += 1
        after = last


def _follow(db: Db, people: Sequence[Document], entries: Sequence[Document], at: datetime) -> int:
    """Take off those of `people` who have a wish; bring back those whom an entry that is over took off."""
    over = {key for entry in entries if not holds(entry, at) for key in keys_of(entry)}
    back = do_not_call.bring_back(db, people, over, at) if over else []
    return len(back) + _take_off(db, people, at)


def _take_off(db: Db, people: Sequence[Document], at: datetime) -> int:
    """A person on the phone stays claimed until the card is renewed, and the card then says so."""
    free = [one for one in people if one["status"] in LIVE and not claim_holder(one, at)]
    return do_not_call.take_off_listed(db, free, at) if free else 0


def _registers(db: Db, mark: Document, at: datetime) -> int:
    """Compare contacts with the registers, once for each set of versions, `PAGES` pages a sweep."""
    with reachable():
        versions = [f"{one['_id']}:{one['version']}" for one in registers.of(db)]
    begun = mark.get("registers") or {"versions": [], "after": None}
    if begun["versions"] == versions and begun["after"] is None:
        return 0
    after = begun["after"] if begun["versions"] == versions else ""
    names = {name.rpartition(":")[0] for name in [*begun["versions"], *versions, *(begun.get("before") or ())]}
    before = sorted({*begun["versions"], *(begun.get("before") or ())})
    keys, changed = {registers.register_key(name) for name in names}, 0
    for _ in range(PAGES):
        with reachable():
            query = {"_id": {"$gt": after}} if after else {}
            page = list(db.contacts.find(query, {"_id": 1}).sort([("_id", ASCENDING)]).limit(AT_ONCE))
            people = list(db.prospects.find({"_id": {"$in": [one["_id"] for one in page]}}))
        off = [one for one in people if one["status"] == Status.OFF]
        changed += len(do_not_call.bring_back(db, off, keys, at)) + _take_off(db, people, at)
        after = page[-1]["_id"] if len(page) == AT_ONCE else None
        if after is None:
            break
    progress = {"versions": versions, "after": after, "before": before if after is not None else []}
    with reachable():
        db.appliance.update_one({"_id": MARK}, {"$set": {"registers": progress}})
    return changed
