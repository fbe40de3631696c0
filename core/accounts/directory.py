"""Accounts of people: `users`, by login name.

The shown name is what colleagues see and what a person's calls are kept under, so no two accounts share one and none
ever changes. `epoch` counts what ends sessions: a session holds the epoch it was opened in, so a new password, another
role or a disabled account ends all of them in the same write.
"""

from __future__ import annotations

from pymongo.errors import DuplicateKeyError

from core.accounts import passwords
from core.accounts.account import NAME, RESERVED, SHOWN, Account, Role, tidy
from core.clock import now
from core.errors import Conflict, InputError, NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, reachable

NOTHING_MADE = Sentence("No account was made.")


def find(db: Db, name: str) -> Account | None:
    """The account, or None. Raises Unavailable."""
    with reachable():
        found = db.users.find_one({"_id": tidy(name)}, {"hash": 0})
    return Account.from_document(found) if found else None


def everybody(db: Db) -> list[Account]:
    """All accounts by their shown names. Raises Unavailable."""
    with reachable():
        return [Account.from_document(found) for found in db.users.find({}, {"hash": 0}).sort([("shown_key", 1)])]


def add(
    db: Db,
    name: str,
    shown: str,
    role: Role,
    *,
    by: str,
    password: str | None = None,
    subject: str | None = None,
    must_change: bool = True,
) -> Account:
    """Make an account; `password` is its first one, `subject` who it is to the single sign-on instead.

    Raises InputError if a name cannot be one, Conflict if one of them is taken, Unavailable.
    """
    name, shown = tidy(name), " ".join(shown.split())
    _require_names(name, shown)
    account = Account(name, shown, role, must_change=must_change and password is not None, subject=subject, since=now())
    document = {
        "_id": name,
        "shown": shown,
        "shown_key": shown.casefold(),
        "role": str(role),
        "hash": passwords.hashed(password) if password is not None else None,
        "must_change": account.must_change,
        "disabled": False,
        "epoch": 0,
        "subject": subject,
        "made": {"at": account.since, "by": by},
    }
    with reachable():
        try:
            db.users.insert_one(document)
        except DuplicateKeyError as error:
            raise Conflict(
                Sentence("Another account has the login name '{name}' already.", name=name)
                if find(db, name)
                else Sentence("Another account has the name '{name}' already.", name=shown),
                kept=NOTHING_MADE,
                next=Sentence("Choose another; nobody shares a name."),
            ) from error
    event_log.append(db, who=by, what=Event.ACCOUNT_MADE, subject=name, shown=shown, role=str(role))
    return account


def _require_names(name: str, shown: str) -> None:
    if not NAME.fullmatch(name):
        raise InputError(
            Sentence("'{name}' cannot be a login name.", name=name),
            kept=NOTHING_MADE,
            next=Sentence("Use small letters, digits and . _ @ + - and at most 64 of them."),
        )
    if not 0 < len(shown) <= SHOWN or shown.casefold() in RESERVED:
        raise InputError(
            Sentence("'{name}' cannot be a name that others see.", name=shown),
            kept=NOTHING_MADE,
            next=Sentence("Use another, of at most {longest} letters.", longest=SHOWN),
        )


def missing(name: str) -> NotFound:
    """The error that there is no such account."""
    return NotFound(Sentence("There is no account '{name}'.", name=name), kept=Sentence("Nothing was changed."))
