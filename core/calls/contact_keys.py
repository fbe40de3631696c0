"""The keys of contact data: values are encrypted, and the words by which people are found are hashed.

Neither key is in the database, so whoever copies it, or a disk of it, reads no name and no number, and cannot try out
numbers one after the other: a hash without a key would fall to that within hours.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence

from core.errors import SettingsError
from core.settings.key_list import key_list
from core.settings.people import ContactSettings
from core.stores.mongo import Document
from core.values.key_ring import KeyRing, derived
from core.wishes.number_keys import NumberKeys, numbers_in

LENGTH = 32
"""Hex digits of a word's hash that are kept: 128 bits, so that two words do not share one."""


class ContactKeys:
    """Seals contact values and hashes their words with the first of `keys`; opens and finds with all of them.

    `numbers` hash phone numbers for wishes not to be called; without them no wish by number finds these contacts.
    """

    def __init__(self, keys: str, numbers: NumberKeys | None = None) -> None:
        self.numbers = numbers
        stranger = SettingsError(
            "Names and numbers were stored under another CALLWISE_CONTACT_KEY.",
            kept="They are as they were; nobody can read them.",
            next="Put the former key back, behind the present one and a comma.",
        )
        self._ring = KeyRing(keys, purpose="callwise contacts", stranger=stranger)
        self._words = [derived(key, "callwise contact words") for key in key_list(keys)]
        self._first = KeyRing(key_list(keys)[0], purpose="callwise contacts", stranger=stranger)

    def seal(self, values: Sequence[Document]) -> str:
        """The `values` of a contact, encrypted as one text."""
        return self._ring.seal(json.dumps(list(values), ensure_ascii=False).encode())

    def open(self, sealed: str) -> list[Document]:
        """What `seal` was given. Raises SettingsError if none of the keys sealed it."""
        return list(json.loads(self._ring.open(sealed)))

    def opens(self, sealed: str) -> bool:
        """Whether one of the keys sealed it."""
        return self._ring.opens(sealed)

    def is_newest(self, sealed: str) -> bool:
        """Whether the first key sealed it."""
        return self._first.opens(sealed)

    def word(self, word: str) -> str:
        """The hash under which `word` is stored: HMAC-SHA256 (RFC 2104)."""
        return _hashed(self._words[0], word)

    def forms(self, word: str) -> list[str]:
        """The hashes under which `word` may be stored: one for each key."""
        return [_hashed(key, word) for key in self._words]

    def number_hashes(self, values: Sequence[Document]) -> list[str]:
        """The hashes of the phone numbers among the `values` of a contact, under each key of numbers."""
        return self.numbers.hashes(numbers_in(values)) if self.numbers else []

    def words(self, words: Iterable[str]) -> list[str]:
        """The hashes of `words`, in an order that tells nothing of theirs."""
        return sorted({self.word(word) for word in words})


def keys_of(settings: ContactSettings) -> ContactKeys | None:
    """The keys that `settings` name; None if they name none."""
    key = settings.callwise_contact_key
    erasure = settings.erasure_key
    return ContactKeys(key.get_secret_value(), NumberKeys(erasure) if erasure else None) if key else None


def _hashed(key: bytes, word: str) -> str:
    return hmac.new(key, word.encode(), hashlib.sha256).hexdigest()[:LENGTH]
