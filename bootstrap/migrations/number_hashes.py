"""Gives contacts the hashes of their phone numbers, by which wishes not to be called find them."""

from __future__ import annotations

from bootstrap.migrations.migration import Keep
from core.calls.contact_keys import keys_of
from core.calls.contacts import required
from core.lists import contact_numbers
from core.settings.loading import load
from core.settings.people import ContactSettings
from core.stores.mongo import Db


def run(db: Db, keep: Keep) -> int:
    """Hash the numbers of every contact. Returns how many changed. Raises SettingsError without a key."""
    if db.contacts.find_one({}, {"_id": 1}) is None:
        return 0
    return contact_numbers.hash_all(db, required(keys_of(load(ContactSettings))), keep)
