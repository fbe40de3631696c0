"""The changes that files make to how a person is reached, kept with the contact: an erasure takes them, too.

    contacts: {…, numbers, import, history: [{import, file, at, was, search, zone, numbers}]}

`import` is the import that the contact came with, an entry of `history` belongs to a later one, the oldest first. `was`
has the values before it, sealed, `search` their hashed words, and `zone` the prospect's zones then. `numbers` has the
hashes of all phone numbers that the person has and had: a wish not to call a number (`core.wishes`) holds, whatever a
file says later. The list is written whole, as that of a prospect (`core.lists.changes`). Who takes an import back needs
no key: it moves what is sealed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pymongo import UpdateOne

from core.calling_rules.places import zone_text
from core.calls.contact_keys import ContactKeys
from core.calls.contacts import opened, required, search_words
from core.errors import SettingsError
from core.lists.changes import Origin, ValueChange
from core.stores.embedded_mongo import remove_by_key
from core.stores.mongo import Db, Document, reachable

NOTHING = ("", "", False)
"""What `_said` says of a column without a value."""


def changed_columns(db: Db, keys: ContactKeys | None, given: Sequence[Document]) -> list[list[str]]:
    """The contact columns in which what a file says of each person differs from what is known of them.

    `given`: what `contacts.document` made. Raises SettingsError, Unavailable.
    """
    stored = _stored(db, [one["_id"] for one in given])
    return [_different(keys, stored.get(one["_id"]), one) for one in given]


def write(
    db: Db, keys: ContactKeys | None, given: Sequence[Document], origin: Origin, *, are_new: bool = False
) -> None:
    """Store what `contacts.document` made. What a file does not say stays as it was. Repeatable.

    The prospects get the zones that follow from it, unless they `are_new` and were inserted with them. Raises
    SettingsError, Unavailable.
    """
    stored = _stored(db, [one["_id"] for one in given])
    fields = [_fields(required(keys), stored.get(one["_id"]), one, origin) for one in given]
    if not fields:
        return
    if not are_new:
        _set_zones(db, {one["_id"]: one["zone"] for one in fields})
    with reachable():
        db.contacts.bulk_write(
            [UpdateOne({"_id": one["_id"]}, {"$set": one}, upsert=True) for one in fields], ordered=False
        )


def restore(db: Db, keys: Sequence[str], place: str) -> None:
    """Give the people `keys` the contacts from before the import `place`, which wrote them last. Raises Unavailable."""
    stored = _stored(db, keys)
    came = [key for key, one in stored.items() if one.get("import") == place]
    changed = [one for one in stored.values() if one.get("history") and one["history"][-1]["import"] == place]
    writes = []
    _set_zones(db, dict.fromkeys(came, "") | {one["_id"]: one["history"][-1].get("zone", "") for one in changed})
    for one in changed:
        *earlier, last = one["history"]
        was = {"sealed": last["was"], "search": last["search"], "history": earlier}
        was |= {"zone": last.get("zone", ""), "numbers": last.get("numbers")}
        writes.append(UpdateOne({"_id": one["_id"]}, {"$set": was}))
    with reachable():
        if writes:
            db.contacts.bulk_write(writes, ordered=False)
        remove_by_key(db.contacts, came)


def value_changes(db: Db, keys: ContactKeys | None, prospect: str) -> Iterator[ValueChange]:
    """Every change of how the prospect is reached, the newest first. Raises SettingsError, Unavailable."""
    for stored in _stored(db, [prospect]).values():
        now = _texts(opened(keys, stored))
        for entry in reversed(stored.get("history") or []):
            was = _texts(opened(keys, entry, "was"))
            for column in dict.fromkeys((*was, *now)):
                if was.get(column) != now.get(column):
                    yield ValueChange(column, was.get(column), now.get(column), entry["file"], entry["at"])
            now = was


def _stored(db: Db, keys: Sequence[str]) -> dict[str, Document]:
    if not keys:
        return {}
    with reachable():
        return {one["_id"]: one for one in db.contacts.find({"_id": {"$in": list(keys)}})}


def _texts(values: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {value["column"]: value["text"] for value in values}


def _known(keys: ContactKeys | None, stored: Document | None) -> list[Document] | None:
    """The values of a stored contact; None if their key is lost, so that a new file takes their place.

    Raises SettingsError without any key.
    """
    try:
        return opened(keys, stored) if stored else []
    except SettingsError:
        if keys is None:
            raise
        return None


def _different(keys: ContactKeys | None, stored: Document | None, given: Document) -> list[str]:
    known = {one["column"]: _said(one) for one in _known(keys, stored) or ()}
    return [one["column"] for one in given["values"] if _said(one) != known.get(one["column"], NOTHING)]


def _said(value: Mapping[str, Any]) -> tuple[str, str, bool]:
    """What a value is compared by: the same text may be another number once the kind says of which country."""
    return value["text"] or "", value.get("e164", ""), value.get("wrong", False)


def _set_zones(db: Db, zones: Mapping[str, str]) -> None:
    """Set the zones of prospects by their keys. Before the contacts: whoever finds those changed does this again."""
    if zones:
        with reachable():
            writes = [UpdateOne({"_id": key}, {"$set": {"zone": zone}}) for key, zone in zones.items()]
            db.prospects.bulk_write(writes, ordered=False)


def _fields(keys: ContactKeys, stored: Document | None, given: Document, origin: Origin) -> Document:
    """The fields to set at the contact, its key among them."""
    new = {value["column"]: value for value in given["values"]}
    known = _known(keys, stored)
    values = [
        value for value in (*(new.pop(old["column"], old) for old in known or ()), *new.values()) if value["text"]
    ]
    fields: Document = {name: given[name] for name in ("_id", "campaign", "ref")}
    fields |= {"sealed": keys.seal(values), "search": keys.words(search_words(values))}
    fields["zone"] = zone_text(values, has_phones=given["has_phones"])
    if keys.numbers is not None:
        fields["numbers"] = sorted({*((stored or {}).get("numbers") or ()), *keys.number_hashes(values)})
    if stored is None:
        fields["import"] = origin.key
    elif known is None:  # nobody reads what was before, so an undo has nothing to give back
        fields |= {"import": origin.key, "history": []}
    elif values != known:
        fields["history"] = _noted(stored, origin)
    return fields


def _noted(stored: Document, origin: Origin) -> list[Document]:
    """The contact's history with the values before the import `origin`, which may write a person more than once."""
    history = list(stored.get("history") or [])
    if origin.key in (stored.get("import"), history[-1]["import"] if history else None):
        return history
    before = {"was": stored["sealed"], "search": stored["search"]}
    before |= {"zone": stored.get("zone", ""), "numbers": stored.get("numbers")}
    return [*history, {"import": origin.key, "file": origin.file, "at": origin.at, **before}]
