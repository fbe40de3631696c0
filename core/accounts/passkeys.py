"""The passkeys of an account: `users` has them in the field `factor`, beside the secret of an app's codes, if any.

factor.passkeys = {key: {id: credential id, public_key: COSE key, sign_count, name, since: {at}, used: {at} or None}}

`key` is a part of the SHA-256 of the credential id, so that a path of a document can hold it. A public key opens
nothing, so nothing here is encrypted. What a browser answers is verified elsewhere, before any of these is called.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.accounts import one_time_codes as codes
from core.accounts.account import Account, login_name
from core.accounts.changes import change
from core.errors import Conflict, InputError, NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

MOST = 10
"""How many passkeys an account may have."""
LONGEST = 40
"""Characters of a passkey's name."""
KEPT = Sentence("Nothing was changed.")


@dataclass(frozen=True)
class Passkey:
    """A stored passkey. `sign_count` is what its authenticator counted at its last use, 0 if it counts nothing."""

    id: bytes
    public_key: bytes
    sign_count: int
    name: str
    since: datetime
    used: datetime | None = None

    @property
    def key(self) -> str:
        """Under which it is stored."""
        return hashlib.sha256(self.id).hexdigest()[:32]

    @classmethod
    def from_document(cls, document: Document) -> Passkey:
        """The passkey that `document` describes."""
        return cls(
            id=bytes(document["id"]),
            public_key=bytes(document["public_key"]),
            sign_count=int(document["sign_count"]),
            name=str(document["name"]),
            since=document["since"]["at"],
            used=document["used"]["at"] if document["used"] else None,
        )

    def to_document(self) -> dict[str, Any]:
        """What is stored."""
        return {
            "id": self.id,
            "public_key": self.public_key,
            "sign_count": self.sign_count,
            "name": self.name,
            "since": {"at": self.since},
            "used": {"at": self.used} if self.used else None,
        }


def passkeys_of(db: Db, name: str) -> list[Passkey]:
    """The account's passkeys, the oldest first. Raises Unavailable."""
    with reachable():
        user = db.users.find_one({"_id": login_name(name)}, {"hash": 0})
    stored = ((user or {}).get("factor") or {}).get("passkeys") or {}
    return sorted((Passkey.from_document(one) for one in stored.values()), key=lambda one: one.since)


def add(db: Db, account: Account, made: Passkey) -> tuple[Account, list[str]]:
    """Store the passkey that its owner has just made. Returns recovery codes if the account had no second factor.

    Every session of the account ends. Raises InputError for a name that is empty, too long or taken, or for one passkey
    too many, Conflict if the account was changed meanwhile or uses the single sign-on, NotFound, Unavailable.
    """
    _require_place(passkeys_of(db, account.name), made)
    recovery = [] if account.second_factor else codes.recovery_codes()
    if account.second_factor:
        values: dict[str, Any] = {f"factor.passkeys.{made.key}": made.to_document()}
    else:
        hashes = [codes.recovery_hash(code) for code in recovery]
        stored = {made.key: made.to_document()}
        values = {"factor": {"recovery": hashes, "since": {"at": made.since}, "passkeys": stored}}
    after = change(db, account.name, values, only={"epoch": account.epoch, "subject": None})
    if after is None:
        raise _changed_meanwhile()
    if not account.second_factor:
        event_log.append(db, who=account.shown, what=Event.SECOND_FACTOR_ON, subject=account.name)
    event_log.append(db, who=account.shown, what=Event.PASSKEY_ADDED, subject=account.name, passkey=made.name)
    return after, recovery


def remove(db: Db, account: Account, key: str) -> Account:
    """Remove one's own passkey, after its owner was checked; without it and a code, the second factor is off.

    Every session of the account ends. Raises NotFound, Conflict if the account was changed meanwhile, Unavailable.
    """
    held = {one.key: one for one in passkeys_of(db, account.name)}
    if key not in held:
        raise NotFound(Sentence("There is no such passkey any more."), kept=KEPT)
    ends = len(held) == 1 and not account.has_codes
    only = {"epoch": account.epoch}  # so two windows do not each leave the other's passkey as the last, and remove both
    if ends:
        after = change(db, account.name, {"factor": None}, only=only)
    else:
        after = change(db, account.name, {}, only=only, drop=f"factor.passkeys.{key}")
    if after is None:
        raise _changed_meanwhile()
    event_log.append(db, who=account.shown, what=Event.PASSKEY_REMOVED, subject=account.name, passkey=held[key].name)
    if ends:
        event_log.append(db, who=account.shown, what=Event.SECOND_FACTOR_OFF, subject=account.name)
    return after


def use(db: Db, account: Account, passkey: Passkey, sign_count: int, at: datetime) -> bool:
    """Note a use whose signature was right; False if the authenticator's count did not rise, or the passkey is gone.

    A count that does not rise is a sign of a copy (Web Authentication, section 6.1.1), and is logged. Of two uses with
    one count, one succeeds. Raises Unavailable.
    """
    if (sign_count or passkey.sign_count) and sign_count <= passkey.sign_count:
        event_log.append(db, who="nobody", what=Event.PASSKEY_COPIED, subject=account.name, passkey=passkey.name)
        return False
    place = f"factor.passkeys.{passkey.key}"
    with reachable():
        found = db.users.find_one_and_update(
            {"_id": account.name, f"{place}.sign_count": passkey.sign_count},
            {"$set": {f"{place}.sign_count": sign_count, f"{place}.used": {"at": at}}},
        )
    return found is not None


def _require_place(held: Sequence[Passkey], made: Passkey) -> None:
    if not 0 < len(made.name) <= LONGEST or not made.name.isprintable():
        raise InputError(
            Sentence("A passkey needs a name of at most {longest} characters.", longest=LONGEST), kept=KEPT
        )
    if any(one.name.casefold() == made.name.casefold() or one.id == made.id for one in held):
        raise InputError(Sentence("There is a passkey with this name already."), kept=KEPT)
    if len(held) >= MOST:
        raise InputError(
            Sentence("An account has {most} passkeys at most.", most=MOST),
            kept=KEPT,
            next=Sentence("Remove one that you use no more."),
        )


def _changed_meanwhile() -> Conflict:
    return Conflict(
        Sentence("This account was changed in another window."), kept=KEPT, next=Sentence("Open the page again.")
    )
