"""Gives every contact the hashes of its phone numbers, by which wishes find it.

Contacts of an earlier release have none, and those of before the newest key of erasure lack some.
"""

from __future__ import annotations

from collections.abc import Callable

from pymongo import ASCENDING, UpdateOne

from core.calls.contact_keys import ContactKeys
from core.stores.mongo import Db, Document, reachable

AT_ONCE = 500
MARK = "number-keys"
"""The document of `appliance` that says under which keys the numbers of a kind are hashed."""


def renew(db: Db, keys: ContactKeys) -> int:
    """Hash the numbers of one kind under all keys, unless they are; returns how many contacts were changed.

    May be killed and repeated. Raises Unavailable.
    """
    if keys.numbers is None:
        return 0
    # Contacts that no key opened are looked at again when a key comes back.
    under = {"under": [*keys.numbers.names, *keys.forms(MARK)]}
    with reachable():
        mark = db.appliance.find_one({"_id": MARK})
    if mark and mark["under"] == under["under"]:
        return 0
    changed = hash_all(db, keys)
    with reachable():
        db.appliance.update_one({"_id": MARK}, {"$set": under}, upsert=True)
    return changed


def hash_all(db: Db, keys: ContactKeys, keep: Callable[[], None] = lambda: None) -> int:
    """Write the hashes of every contact that lacks one; returns how many. `keep` is called between two pages.

    A contact that none of the keys opens keeps the hashes that it has. Raises Unavailable.
    """
    changed, after = 0, Document()
    if keys.numbers is None:
        return 0
    with reachable():
        while page := list(db.contacts.find(after).sort([("_id", ASCENDING)]).limit(AT_ONCE)):
            writes = [write for one in page if (write := _write(one, keys))]
            if writes:
                changed += db.contacts.bulk_write(writes, ordered=False).matched_count
            keep()
            after = {"_id": {"$gt": page[-1]["_id"]}}
    return changed


def _write(stored: Document, keys: ContactKeys) -> UpdateOne | None:
    """Write what is missing, unless the contact was changed since it was read: who changes it writes the hashes, too.

    An earlier value knows the hashes of its time (`numbers`), so that an undo takes later ones away.
    """
    history, fields = list(stored.get("history") or ()), Document()
    known: set[str] = set()
    entries = []
    for entry in history:
        known |= {*(entry.get("numbers") or ()), *_hashes(entry["was"], keys)}
        entries.append({**entry, "numbers": sorted(known)})
    known |= {*(stored.get("numbers") or ()), *_hashes(stored.get("sealed"), keys)}
    if sorted(known) != stored.get("numbers"):
        fields["numbers"] = sorted(known)
    if entries != history:
        fields["history"] = entries
    return UpdateOne({"_id": stored["_id"], "sealed": stored.get("sealed")}, {"$set": fields}) if fields else None


def _hashes(sealed: object, keys: ContactKeys) -> list[str]:
    return keys.number_hashes(keys.open(sealed)) if isinstance(sealed, str) and keys.opens(sealed) else []
