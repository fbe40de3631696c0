"""Persons by their reference, and their pseudonyms."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import InputError
from core.sentences import Sentence
from core.settings.key_list import key_list
from core.values.keys import same_key, shown_key


@dataclass(frozen=True)
class Person:
    """A person by `ref`, the company's own key, in every campaign of every kind, or in `campaign` alone.

    Without a reference column in the schema, `ref` is a row's number in the file of one `campaign`, and `kind` is the
    campaign kind that this campaign is of; "" is the shipped one.
    """

    ref: str
    campaign: str | None = None
    kind: str = ""

    def __post_init__(self) -> None:
        if not self.ref.strip():
            raise InputError(Sentence("The reference is empty"), kept=Sentence("Nobody was looked for."))

    def may_be_in(self, kind: str, *, by_reference: bool) -> bool:
        """Whether a campaign kind may hold them. `by_reference`: its people have references.

        Elsewhere a ref is the number of a row, and the same number is another person.
        """
        if self.campaign is None:
            return by_reference or not kind
        return self.kind == kind

    def has(self, prospect: str) -> bool:
        """Whether the key `prospect` is theirs; programs that ask for scores may send the ref without a campaign."""
        campaign, mark, ref = prospect.partition(":")
        if self.campaign is None:
            return same_key(ref if mark else prospect) == same_key(self.ref)
        return bool(mark) and ref == self.ref and campaign == self.campaign

    def keys(self, campaigns: Iterable[str]) -> list[str]:
        """All prospect keys that may be theirs, in these campaigns."""
        where = list(campaigns) if self.campaign is None else [self.campaign]
        bare = [ref for ref in self.forms if ":" not in ref] if self.campaign is None else []
        return [*(f"{campaign}:{ref}" for campaign in where for ref in self.forms), *bare]

    @property
    def forms(self) -> tuple[str, ...]:
        """The forms in which records hold the reference: the one that all spellings share, and as it is written here.

        Records of earlier releases have it as it was written in their file.
        """
        if self.campaign is not None:
            return (self.ref,)
        return tuple(dict.fromkeys((same_key(self.ref) or self.ref, shown_key(self.ref) or self.ref)))


class Pseudonyms:
    """The keyed hash that identifies a person without naming them: HMAC-SHA256 (RFC 2104).

    `keys` are as in `core.settings.key_list`. A pseudonym cannot be made again under another key, because nobody has
    the reference any more. So what is new is made with the first key, and people are recognised under each.
    """

    def __init__(self, keys: str) -> None:
        self._keys = [key.encode() for key in key_list(keys)]

    def pseudonym(self, person: Person) -> str:
        """64 hex digits, the same for all spellings of the reference."""
        return self.pseudonyms(person)[0]

    def pseudonyms(self, person: Person) -> list[str]:
        """The pseudonym; behind it the one that an earlier release made of the reference as it is written; behind both
        those under former keys.
        """
        # The length in front distinguishes persons whatever characters their refs hold.
        kind = f"kind:{len(person.kind)}:{person.kind}:" if person.campaign is not None and person.kind else ""
        where = person.campaign or ""
        texts = [f"{kind}{len(where)}:{where}:{ref}" for ref in person.forms]
        return [_digest(key, text) for key in self._keys for text in texts]

    def digests(self, text: str) -> list[str]:
        """The keyed hash of any text, under each key."""
        return [_digest(key, text) for key in self._keys]


def _digest(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
