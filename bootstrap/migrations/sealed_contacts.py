"""Encrypts names and numbers, which were kept as they are before."""

from __future__ import annotations

from bootstrap.migrations.migration import Keep
from core.calls.contact_keys import keys_of
from core.calls.contacts import required
from core.lists import contact_sealing
from core.settings.loading import load
from core.settings.people import ContactSettings
from core.stores.mongo import Db


def run(db: Db, keep: Keep) -> int:
    """Seal every contact. Returns their number. Raises SettingsError if there are some and no key."""
    if db.contacts.find_one({}, {"_id": 1}) is None:
        return 0
    return contact_sealing.seal_all(db, required(keys_of(load(ContactSettings))), keep)
