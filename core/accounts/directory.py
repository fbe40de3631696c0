"""Accounts of people: `users`, by login name.

Calls are stored under the shown name, so it is unique and never changes. A session holds the account's `epoch` from
its start. A new password, a new role or disabling raises the epoch, so the same write ends all sessions.
"""

from __future__ import annotations

from pymongo.errors import DuplicateKeyError

from core.accounts import passwords
from core.accounts.account import NAME, RESERVED, SHOWN, Account, Role, login_name
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
        document = db.users.find_one({"_id": login_name(name)}, {"hash": 0})
    return Account.from_document(document) if document else None


def all_accounts(db: Db) -> list[Account]:
    """All accounts by their shown names. Raises Unavailable."""
    with reachable():
        return [Account.from_document(d) for d in db.users.find({}, {"hash": 0}).sort([("shown_key", 1)])]


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
    """Make an account with a first `password`, or with the `subject` by which the single sign-on knows its owner.

    Raises InputError if a name is not valid, Conflict if a name is taken, Unavailable.
    """
    name, shown = login_name(name), " ".join(shown.split())
    _require_names(name, shown)
    account = Account(name, shown, role, must_change=must_change and password is not None, subject=subject, since=now())
    document = {
        "_id": name,
        "shown": shown,
        "shown_key": shown.casefold(),
        "role": str(role),
        "hash": passwords.hash_password(password) if password is not None else None,
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
            taken = Sentence("Another account has the name '{name}' already.", name=shown)
            if find(db, name):
                taken = Sentence("Another account has the login name '{name}' already.", name=name)
            choose = Sentence("Choose another one: every account has its own name.")
            raise Conflict(taken, kept=NOTHING_MADE, next=choose) from error
    event_log.append(db, who=by, what=Event.ACCOUNT_MADE, subject=name, shown=shown, role=str(role))
    return account


def _require_names(name: str, shown: str) -> None:
    if not NAME.fullmatch(name):
        raise InputError(
            Sentence("'{name}' cannot be a login name.", name=name),
            kept=NOTHING_MADE,
            next=Sentence("Use lower-case letters, digits and . _ @ + -, at most 64 characters."),
        )
    if not 0 < len(shown) <= SHOWN or shown.casefold() in RESERVED:
        raise InputError(
            Sentence("'{name}' cannot be a name that others see.", name=shown),
            kept=NOTHING_MADE,
            next=Sentence("Use another one, of at most {longest} characters.", longest=SHOWN),
        )


def no_such_account(name: str) -> NotFound:
    """The error that there is no such account."""
    return NotFound(Sentence("There is no account '{name}'.", name=name), kept=Sentence("Nothing was changed."))
