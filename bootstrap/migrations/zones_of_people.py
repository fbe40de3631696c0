"""Notes at each person in which time zones they may be, as far as their contact data tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo import UpdateOne

from bootstrap.migrations.migration import Keep, pages
from core.calling_rules.places import zone_text
from core.calls.contact_keys import ContactKeys, keys_of
from core.calls.contacts import required
from core.schema.column import Contact
from core.settings.loading import load
from core.settings.people import ContactSettings
from core.stores.mongo import Db, Document


def run(db: Db, keep: Keep) -> int:
    """Returns the number of people. Raises SettingsError if there are contacts and no key.

    Contacts that no key opens tell nothing. Contacts first: whoever has a zone is not looked at again.
    """
    known = db.contacts.find_one({}, {"_id": 1}) is not None
    keys = required(keys_of(load(ContactSettings))) if known else None
    changed = 0
    for page in pages(db, "prospects", keep, {"zone": 1}):
        late = [str(person["_id"]) for person in page if person.get("zone") is None]
        if not late:
            continue
        zones = dict.fromkeys(late, "")
        if keys is not None:
            zones |= _of_contacts(db, keys, late)
        writes = [UpdateOne({"_id": key}, {"$set": {"zone": zone}}) for key, zone in zones.items()]
        changed += db.prospects.bulk_write(writes, ordered=False).matched_count
    return changed


def _of_contacts(db: Db, keys: ContactKeys, people: list[str]) -> Mapping[str, str]:
    """The zones of these people, which are noted at their contacts, too, and at what these were before."""
    zones: dict[str, str] = {}
    writes: list[UpdateOne] = []
    for contact in db.contacts.find({"_id": {"$in": people}}):
        zones[contact["_id"]] = zone = _zone(keys, contact["sealed"])
        fields: Document = {"zone": zone}
        if contact.get("history"):
            fields["history"] = [{**entry, "zone": _zone(keys, entry["was"])} for entry in contact["history"]]
        writes.append(UpdateOne({"_id": contact["_id"], "sealed": contact["sealed"]}, {"$set": fields}))
    if writes:
        db.contacts.bulk_write(writes, ordered=False)
    return zones


def _zone(keys: ContactKeys, sealed: Any) -> str:
    if not keys.opens(sealed):
        return ""
    values = keys.open(sealed)
    # A number that was taken away left nothing behind, so nobody is known here to have none: the next file tells.
    return zone_text(values, has_phones=any(value["kind"] == Contact.PHONE for value in values))
