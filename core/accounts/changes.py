"""Changes to accounts. Each is one write that ends the account's sessions, and one event without secrets."""

from __future__ import annotations

from typing import Any

from pymongo import ReturnDocument

from core.accounts import passwords
from core.accounts.account import Account, Role, login_name
from core.accounts.directory import find, no_such_account
from core.errors import Conflict, InputError
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, reachable


def set_role(db: Db, name: str, role: Role, *, by: str) -> Account:
    """Give the account another role. Raises NotFound, Conflict if it is the last engineer's, Unavailable."""
    before = existing(db, name)
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
    """Disable or enable the account. Raises NotFound, Conflict if it is the last engineer's, Unavailable."""
    before = existing(db, name)
    if before.disabled is disabled:
        return before
    if disabled and before.role is Role.ENGINEER:
        _not_the_last(db, before)
    after = _change(db, name, {"disabled": disabled})
    if disabled and before.role is Role.ENGINEER:
        _still_one(db, before, {"disabled": False})
    event = Event.ACCOUNT_DISABLED if disabled else Event.ACCOUNT_ENABLED
    event_log.append(db, who=by, what=event, subject=before.name)
    return after


def reset_password(db: Db, name: str, *, by: str, password: str | None = None) -> str:
    """Set a first password, which the owner changes at the next sign-in, and return it.

    Raises NotFound, InputError if the account uses the single sign-on, Unavailable.
    """
    before = existing(db, name)
    if not before.has_password:
        raise InputError(
            Sentence("{name} signs in with the single sign-on and has no password here.", name=before.shown),
            kept=Sentence("Nothing was changed."),
        )
    password = password or passwords.generate()
    _change(db, name, {"hash": passwords.hash_password(password), "must_change": True})
    event_log.append(db, who=by, what=Event.PASSWORD_RESET, subject=before.name)
    return password


def choose_password(db: Db, account: Account, password: str) -> Account:
    """Set the password that the account's owner chose. Raises InputError if it is too weak, NotFound, Unavailable."""
    if (wrong := passwords.weakness(password, account.name, account.shown)) is not None:
        raise InputError(
            Sentence("This password is not accepted: {wrong}.", wrong=wrong),
            kept=Sentence("Your current password is unchanged."),
            next=Sentence("Choose another."),
        )
    after = _change(db, account.name, {"hash": passwords.hash_password(password), "must_change": False})
    event_log.append(db, who=account.shown, what=Event.PASSWORD_CHANGED, subject=account.name)
    return after


def end_sessions(db: Db, account: Account) -> Account:
    """End every session of the account. Raises NotFound, Unavailable."""
    after = _change(db, account.name, {})
    event_log.append(db, who=account.shown, what=Event.SESSIONS_ENDED, subject=account.name)
    return after


def rehash(db: Db, name: str, before: str, password: str) -> None:
    """Replace the hash `before` by one with the current parameters; no session ends. Raises Unavailable."""
    with reachable():
        db.users.update_one({"_id": name, "hash": before}, {"$set": {"hash": passwords.hash_password(password)}})


def existing(db: Db, name: str) -> Account:
    """The account. Raises NotFound, Unavailable."""
    account = find(db, name)
    if account is None:
        raise no_such_account(login_name(name))
    return account


def change(
    db: Db, name: str, values: dict[str, Any], only: dict[str, Any] | None = None, drop: str | None = None
) -> Account | None:
    """Set `values`, remove the field `drop`, and end every session of the account; None if it is not as `only` says.

    Raises NotFound, Unavailable.
    """
    update: dict[str, Any] = {"$inc": {"epoch": 1}, **({"$set": values} if values else {})}
    if drop:
        update["$unset"] = {drop: ""}
    with reachable():
        document = db.users.find_one_and_update(
            {"_id": login_name(name), **(only or {})},
            update,
            projection={"hash": 0},
            return_document=ReturnDocument.AFTER,
        )
    if document is None:
        if only:
            existing(db, name)
            return None
        raise no_such_account(login_name(name))
    return Account.from_document(document)


def _change(db: Db, name: str, values: dict[str, Any]) -> Account:
    return change(db, name, values) or existing(db, name)


def _engineers(db: Db) -> list[str]:
    with reachable():
        return [str(d["_id"]) for d in db.users.find({"role": str(Role.ENGINEER), "disabled": False}, {"_id": 1})]


def _not_the_last(db: Db, account: Account) -> None:
    if not account.disabled and _engineers(db) == [account.name]:
        raise _last(account)


def _still_one(db: Db, account: Account, undo: dict[str, Any]) -> None:
    """Two engineers may take each other's role at the same moment: then both find no engineer left, and both undo."""
    if not account.disabled and not _engineers(db):
        _change(db, account.name, undo)
        raise _last(account)


def _last(account: Account) -> Conflict:
    return Conflict(
        Sentence("{name} is the last engineer.", name=account.shown),
        kept=Sentence("Nothing was changed."),
        next=Sentence("Make another person an engineer first: without one, nobody can look after the accounts."),
    )
