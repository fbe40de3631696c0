"""The keyed hashes under which wishes keep phone numbers.

They are made with the keys of erasure (`core.schema.person.Pseudonyms`), because former ones of these stay for ever: a
wish outlives its number's plain text, so nobody could make its hash again under another key. A hash without a key would
say nothing safe: all numbers of a country are tried out within hours.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.schema.column import Contact
from core.settings.key_list import key_list
from core.values.key_ring import derived

LENGTH = 32
"""Hex digits of a hash that are kept: 128 bits, so that two numbers do not share one."""


class NumberKeys:
    """Hashes numbers in E.164 (HMAC-SHA256, RFC 2104). `keys` are as in `core.settings.key_list`."""

    def __init__(self, keys: str) -> None:
        self._keys = [derived(key, "callwise phone numbers") for key in key_list(keys)]
        self._first = hmac.new(self._keys[0], digestmod=hashlib.sha256)

    def hash(self, e164: str) -> str:
        """The hash of a number under the first key: `LENGTH` hex digits."""
        return self.digest(e164).hex()

    def digest(self, e164: str) -> bytes:
        """The same as bytes."""
        keyed = self._first.copy()
        keyed.update(e164.encode())
        return keyed.digest()[: LENGTH // 2]

    def hashes(self, numbers: Iterable[str]) -> list[str]:
        """The hashes of the `numbers` under each key, in an order that tells nothing of theirs."""
        texts = [number.encode() for number in set(numbers)]
        return sorted(hmac.new(key, text, hashlib.sha256).hexdigest()[:LENGTH] for key in self._keys for text in texts)

    @property
    def names(self) -> list[str]:
        """For each key a word that only this key makes, the first key's first."""
        return [hmac.new(key, b"the key itself", hashlib.sha256).hexdigest()[:16] for key in self._keys]


def numbers_in(values: Sequence[Mapping[str, Any]]) -> set[str]:
    """The numbers in E.164 among the `values` of a contact; those of an unknown country are not known in that form."""
    return {one["e164"] for one in values if one["kind"] == Contact.PHONE and one.get("e164") and not one.get("wrong")}
