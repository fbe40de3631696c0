"""Changes to accounts. Each is one write, ends the account's sessions, and is told in the events, without secrets."""

from __future__ import annotations

from typing import Any

from pymongo import ReturnDocument

from core.accounts import passwords
from core.accounts.account import Account, Role, tidy
from core.accounts.directory import find, missing
from core.errors import Conflict, InputError
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, reachable


def set_role(db: Db, name: str, role: Role, *, by: str) -> Account:
    """Give the account another role. Raises NotFound, Conflict if it is the last engineer's, Unavailable."""
    before = _existing(db, name)
    if before.role is role:
        return before
    if before.role is Role.ENGINEER:
        _not_the_last(db, before)
    after = _change(db, name, {"role": str(role)})
    if before.role is Role.ENGINEER:
        _still_one(db, before, {"role": str(Role.ENGINEER)})
    event_log.append(db, who=by, what=Event.ROLE_CHANGED, subject=before.name, before=str(before.role), after=str(role))
    return after


def set_disabled(db: Db, name: str, disabled: bool, *, by: str) -> Account:
    """Let nobody sign in to the account any more, or let them again.

    Raises NotFound, Conflict if it is the last engineer's, Unavailable.
    """
    before = _existing(db, name)
    if before.disabled is disabled:
        return before
    if disabled and before.role is Role.ENGINEER:
        _not_the_last(db, before)
    after = _change(db, name, {"disabled": disabled})
    if disabled and before.role is Role.ENGINEER:
        _still_one(db, before, {"disabled": False})
    event_log.append(
        db, who=by, what=Event.ACCOUNT_DISABLED if disabled else Event.ACCOUNT_ENABLED, subject=before.name
    )
    return after


def reset_password(db: Db, name: str, *, by: str, password: str | None = None) -> str:
    """Give the account a new first password, which has to be changed at the next sign-in; returns it.

    Raises NotFound, InputError if the account signs in elsewhere, Unavailable.
    """
    before = _existing(db, name)
    if not before.has_password:
        raise InputError(
            Sentence("{name} signs in with the single sign-on and has no password here.", name=before.shown),
            kept=Sentence("Nothing was changed."),
        )
    given = password or passwords.generated()
    _change(db, name, {"hash": passwords.hashed(given), "must_change": True})
    event_log.append(db, who=by, what=Event.PASSWORD_RESET, subject=before.name)
    return given


def choose_password(db: Db, account: Account, password: str) -> Account:
    """The account's owner chose another password. Raises InputError if it will not do, NotFound, Unavailable."""
    wrong = passwords.weakness(password, account.name, account.shown)
    if wrong is not None:
        raise InputError(
            Sentence("That password will not do: {wrong}.", wrong=wrong),
            kept=Sentence("The old one holds."),
            next=Sentence("Choose another."),
        )
    after = _change(db, account.name, {"hash": passwords.hashed(password), "must_change": False})
    event_log.append(db, who=account.shown, what=Event.PASSWORD_CHANGED, subject=account.name)
    return after


def end_sessions(db: Db, account: Account) -> Account:
    """End every session of the account. Raises NotFound, Unavailable."""
    after = _change(db, account.name, {})
    event_log.append(db, who=account.shown, what=Event.SESSIONS_ENDED, subject=account.name)
    return after


def rehash(db: Db, name: str, before: str, password: str) -> None:
    """Keep the hash with the parameters of today; no session ends. Raises Unavailable."""
    with reachable():
        db.users.update_one({"_id": name, "hash": before}, {"$set": {"hash": passwords.hashed(password)}})


def _existing(db: Db, name: str) -> Account:
    found = find(db, name)
    if found is None:
        raise missing(tidy(name))
    return found


def _change(db: Db, name: str, values: dict[str, Any]) -> Account:
    change: dict[str, Any] = {"$inc": {"epoch": 1}, **({"$set": values} if values else {})}
    with reachable():
        found = db.users.find_one_and_update(
            {"_id": tidy(name)}, change, projection={"hash": 0}, return_document=ReturnDocument.AFTER
        )
    if found is None:
        raise missing(tidy(name))
    return Account.from_document(found)


def _engineers(db: Db) -> list[str]:
    with reachable():
        able = db.users.find({"role": str(Role.ENGINEER), "disabled": False}, {"_id": 1})
        return [str(found["_id"]) for found in able]


def _not_the_last(db: Db, account: Account) -> None:
    if not account.disabled and _engineers(db) == [account.name]:
        raise _last(account)


def _still_one(db: Db, account: Account, back: dict[str, Any]) -> None:
    """Two engineers may take each other's role at the same moment: then both find nobody left, and both give back."""
    if not account.disabled and not _engineers(db):
        _change(db, account.name, back)
        raise _last(account)


def _last(account: Account) -> Conflict:
    return Conflict(
        Sentence("{name} is the last engineer.", name=account.shown),
        kept=Sentence("Nothing was changed."),
        next=Sentence("Make somebody else an engineer first: without one, nobody could look after the accounts."),
    )
