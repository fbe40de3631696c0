"""Persons by their reference, and their pseudonyms."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import InputError
from core.sentences import Sentence


@dataclass(frozen=True)
class Person:
    """A person by `ref`, the company's own key, in every campaign, or in `campaign` alone.

    Without a reference column in the schema, `ref` is a row's number in the file of one `campaign`.
    """

    ref: str
    campaign: str | None = None

    def __post_init__(self) -> None:
        if not self.ref.strip():
            raise InputError(Sentence("The reference is empty"), kept=Sentence("Nobody was looked for."))

    def has(self, prospect: str) -> bool:
        """Whether the key `prospect` is theirs; programs that ask for scores may send the ref without a campaign."""
        campaign, mark, ref = prospect.partition(":")
        if not mark:
            return self.campaign is None and prospect == self.ref
        return ref == self.ref and self.campaign in (None, campaign)

    def keys(self, campaigns: Iterable[str]) -> list[str]:
        """All prospect keys that may be theirs, in these campaigns."""
        where = campaigns if self.campaign is None else (self.campaign,)
        bare = [self.ref] if self.campaign is None and ":" not in self.ref else []
        return [*(f"{campaign}:{self.ref}" for campaign in where), *bare]


class Pseudonyms:
    """The keyed hash that identifies a person without naming them: HMAC-SHA256 (RFC 2104)."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def pseudonym(self, person: Person) -> str:
        """64 hex digits. The length in front distinguishes persons whatever characters their refs hold."""
        return self.digest(f"{len(person.campaign or '')}:{person.campaign or ''}:{person.ref}")

    def digest(self, text: str) -> str:
        """The keyed hash of any text."""
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
