"""Brings names and numbers under the first of their keys: those of an earlier release, and after a key was replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pymongo import ASCENDING, UpdateOne

from core.calls.contact_keys import ContactKeys
from core.calls.contacts import numbered, search_words
from core.errors import SettingsError
from core.stores.mongo import Db, Document, reachable

AT_ONCE = 500
MARK = "contact-key"
"""The document of `appliance` that says under which key all contacts of a kind are: a hash that only this key makes."""


def renew(db: Db, keys: ContactKeys) -> int:
    """Bring the contacts of one kind under the first key, unless they are; returns how many were not.

    May be killed and repeated. Raises SettingsError, after all others are done, if some can be opened with none of the
    keys: nothing waits for those any more. Unavailable.
    """
    if is_renewed(db, keys):
        return 0
    lost: list[str] = []
    changed = seal_all(db, keys, lost=lost)
    with reachable():
        db.appliance.update_one({"_id": MARK}, {"$set": {"under": keys.word(MARK)}}, upsert=True)
    if lost:
        raise SettingsError(
            f"No key in CALLWISE_CONTACT_KEY opens the names and numbers of {len(lost)} people.",
            kept=f"They are as they were; those of {changed} others are under the first key.",
            next="Put their key back behind the present one, or bring a file with these people again.",
        )
    return changed


def is_renewed(db: Db, keys: ContactKeys) -> bool:
    """Whether all contacts of a kind are under the first key. Raises Unavailable."""
    with reachable():
        mark = db.appliance.find_one({"_id": MARK})
        return bool(mark and mark["under"] == keys.word(MARK)) or db.contacts.find_one({}, {"_id": 1}) is None


def seal_all(db: Db, keys: ContactKeys, keep: Callable[[], None] = lambda: None, lost: list[str] | None = None) -> int:
    """Seal every contact that is not under the first key, also one that is plain; returns how many.

    `keep` is called between two pages; `lost` gets the keys of people whose values nothing opens. Raises Unavailable.
    """
    changed = 0
    with reachable():
        for page in _pages(db):
            writes = []
            for one in page:
                if not _is_newest(one, keys):
                    try:
                        writes.append(_write(one, keys))
                    except SettingsError:
                        if lost is not None:
                            lost.append(one["_id"])
            if writes:
                changed += db.contacts.bulk_write(writes, ordered=False).matched_count
            keep()
    return changed


def _pages(db: Db) -> Iterator[list[Document]]:
    after: Document = {}
    while page := list(db.contacts.find(after).sort([("_id", ASCENDING)]).limit(AT_ONCE)):
        yield page
        after = {"_id": {"$gt": page[-1]["_id"]}}


def _is_newest(stored: Document, keys: ContactKeys) -> bool:
    return "sealed" in stored and keys.is_newest(stored["sealed"])


def _write(stored: Document, keys: ContactKeys) -> UpdateOne:
    """Replace what was read, and nothing that was written since."""
    form = "sealed" if "sealed" in stored else "values"
    fields: Document = dict(zip(("sealed", "search"), _sealed(stored[form], keys), strict=True))
    if "history" in stored:
        fields["history"] = [
            {**entry, **dict(zip(("was", "search"), _sealed(entry["was"], keys), strict=True))}
            for entry in stored["history"]
        ]
    # None matches a missing field. No query for the plain list itself: the embedded server compares no lists.
    seen = {"_id": stored["_id"], "sealed": stored.get("sealed")}
    return UpdateOne(seen, {"$set": fields, "$unset": {"values": ""}})


def _sealed(kept: str | list[Document], keys: ContactKeys) -> tuple[str, list[str]]:
    """Values as they are to be kept, and their words; `kept` is how they are kept now."""
    values = keys.open(kept) if isinstance(kept, str) else [numbered(value) for value in kept]
    return keys.seal(values), keys.words(search_words(values))
