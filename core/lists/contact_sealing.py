"""Brings names, numbers and notes under the first of their keys, after a release without keys or a replaced key."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pymongo import ASCENDING, UpdateOne

from core.calls.contact_keys import ContactKeys
from core.calls.contacts import numbered, search_words
from core.desk import notes
from core.errors import SettingsError
from core.stores.mongo import Db, Document, reachable

AT_ONCE = 500
MARK = "contact-key"
"""The document of `appliance` that says under which key all contacts of a kind are: a hash that only this key makes."""


def renew(db: Db, keys: ContactKeys) -> int:
    """Bring the contacts of one kind under the first key, unless they are; returns how many were not.

    May be killed and repeated. Raises SettingsError, after all others are done, if some can be opened with none of the
    keys; they are tried again once there is another key. Unavailable.
    """
    mark, changed = _mark(db), 0
    if not _is_marked(mark, keys):
        lost: list[str] = []
        changed = seal_all(db, keys, lost=lost) + notes.renew(db, keys)
        mark = {"under": keys.word(MARK), "tried": keys.forms(MARK), "lost": len(lost)}
        with reachable():
            db.appliance.update_one({"_id": MARK}, {"$set": mark}, upsert=True)
    if mark and mark["lost"]:
        raise SettingsError(
            f"No key in CALLWISE_CONTACT_KEY opens the names and numbers of {mark['lost']} people.",
            kept="They are as they were, and all others are under the first key.",
            next="Put their key back behind the present one, or bring a file with these people again.",
        )
    return changed


def needs_former(db: Db, keys: ContactKeys) -> bool:
    """Whether a former key opens what the first one does not. Looks at every contact and note. Raises Unavailable."""
    if notes.needs_former(db, keys):
        return True
    with reachable():
        return any(not _is_newest(one, keys) and _opens(one, keys) for page in _pages(db) for one in page)


def seal_all(db: Db, keys: ContactKeys, keep: Callable[[], None] = lambda: None, lost: list[str] | None = None) -> int:
    """Seal every contact that is not under the first key, also one that is plain; returns how many.

    `keep` is called between two pages; `lost` gets the keys of people whose values nothing opens. Raises Unavailable.
    """
    changed = 0
    with reachable():
        for page in _pages(db):
            late = [one for one in page if not _is_newest(one, keys)]
            writes = [_write(one, keys) for one in late if _opens(one, keys)]
            if lost is not None:
                lost += [one["_id"] for one in late if not _opens(one, keys)]
            if writes:
                changed += db.contacts.bulk_write(writes, ordered=False).matched_count
            keep()
    return changed


def _mark(db: Db) -> Document | None:
    with reachable():
        return db.appliance.find_one({"_id": MARK})


def _is_marked(mark: Document | None, keys: ContactKeys) -> bool:
    """Whether the contacts were brought under the first key, and no key that could open the lost ones came since."""
    if not mark or mark["under"] != keys.word(MARK):
        return False
    return not mark["lost"] or set(keys.forms(MARK)) <= set(mark["tried"])


def _pages(db: Db) -> Iterator[list[Document]]:
    after: Document = {}
    while page := list(db.contacts.find(after).sort([("_id", ASCENDING)]).limit(AT_ONCE)):
        yield page
        after = {"_id": {"$gt": page[-1]["_id"]}}


def _is_newest(stored: Document, keys: ContactKeys) -> bool:
    """Whether the first key sealed the values, and each earlier value that any of the keys opens."""
    if "sealed" not in stored or not keys.is_newest(stored["sealed"]):
        return False
    return all(_is_as_new_as_can_be(entry["was"], keys) for entry in stored.get("history", ()))


def _is_as_new_as_can_be(was: str | list[Document], keys: ContactKeys) -> bool:
    return isinstance(was, str) and (keys.is_newest(was) or not keys.opens(was))


def _opens(stored: Document, keys: ContactKeys) -> bool:
    return "sealed" not in stored or keys.opens(stored["sealed"])


def _write(stored: Document, keys: ContactKeys) -> UpdateOne:
    """Replace what was read, and nothing that was written since. An earlier value that nothing opens stays as it is."""
    form = "sealed" if "sealed" in stored else "values"
    fields: Document = dict(zip(("sealed", "search"), _sealed(stored[form], keys), strict=True))
    if "history" in stored:
        fields["history"] = [
            entry
            if isinstance(entry["was"], str) and not keys.opens(entry["was"])
            else {**entry, **dict(zip(("was", "search"), _sealed(entry["was"], keys), strict=True))}
            for entry in stored["history"]
        ]
    # None matches a missing field. No query for the plain list itself: the embedded server compares no lists.
    seen = {"_id": stored["_id"], "sealed": stored.get("sealed")}
    return UpdateOne(seen, {"$set": fields, "$unset": {"values": ""}})


def _sealed(kept: str | list[Document], keys: ContactKeys) -> tuple[str, list[str]]:
    """Values as they are to be kept, and their words; `kept` is how they are kept now."""
    values = keys.open(kept) if isinstance(kept, str) else [numbered(value) for value in kept]
    return keys.seal(values), keys.words(search_words(values))
