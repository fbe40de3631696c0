"""The keys with which an account's owner works at the desk: one letter or digit for each action, or none at all.

A key that records a sale is pressed by accident, and speech input says letters: WCAG 2.2, 2.1.4 wants such keys to be
changed or switched off. Kept with the account, so that they hold in every browser:

    users: {…, shortcuts: {off, keys: {action: key}}}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.accounts.account import Account
from core.errors import InputError, NotFound
from core.sentences import Sentence
from core.stores.mongo import Db, reachable

STANDARD: Mapping[str, str] = {
    "take": "N",
    "dialling": "T",
    "sold": "S",
    "refused": "X",
    "callback": "L",
    "no answer": "A",
    "wrong number": "W",
    "do not call": "D",
    "give back": "B",
    "take back": "U",
}
"""The key of each action."""

TAKEN = frozenset("CR123")
"""Keys with another use: Streamlit keeps C and R for itself, and digits choose the time of a callback."""

_KEY = re.compile(r"[A-Z0-9]")
_UNCHANGED = Sentence("Your keys are unchanged.")


@dataclass(frozen=True)
class Shortcuts:
    """One person's keys. `keys` has those that differ from the standard ones."""

    off: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)

    def key(self, action: str) -> str | None:
        """The key of `action`; None if keys are switched off."""
        return None if self.off else self.keys.get(action, STANDARD[action])

    @property
    def digits(self) -> bool:
        """Whether digits choose the time of a callback."""
        return not self.off


def read_shortcuts(db: Db, account: Account) -> Shortcuts:
    """The keys of `account`. Raises Unavailable."""
    with reachable():
        found = db.users.find_one({"_id": account.name}, {"shortcuts": 1}) or {}
    stored = found.get("shortcuts") or {}
    known = {action: key for action, key in (stored.get("keys") or {}).items() if action in STANDARD}
    return Shortcuts(bool(stored.get("off")), known)


def write_shortcuts(db: Db, account: Account, keys: Mapping[str, str], *, off: bool) -> Shortcuts:
    """Store the keys of `account`; no session ends. Raises InputError, NotFound, Unavailable."""
    chosen = {action: keys.get(action, key).strip().upper() for action, key in STANDARD.items()}
    for action, key in chosen.items():
        if not _KEY.fullmatch(key) or key in TAKEN:
            taken = ", ".join(sorted(TAKEN))
            raise InputError(
                Sentence("A key is one letter or digit, and none of these: {taken}", taken=taken),
                kept=_UNCHANGED,
                next=Sentence("Choose another key in the place of '{key}'.", key=key or keys.get(action, "")),
            )
    double = next((key for key in chosen.values() if list(chosen.values()).count(key) > 1), None)
    if double:
        raise InputError(
            Sentence("Two actions have the key {key}", key=double),
            kept=_UNCHANGED,
            next=Sentence("Give each action a key of its own."),
        )
    own = {action: key for action, key in chosen.items() if key != STANDARD[action]}
    with reachable():
        done = db.users.update_one({"_id": account.name}, {"$set": {"shortcuts": {"off": off, "keys": own}}})
    if not done.matched_count:
        raise NotFound(Sentence("There is no account '{name}'.", name=account.name), kept=_UNCHANGED)
    return Shortcuts(off, own)
