"""Accounts of people from the command line, for the case that the only engineer forgot the password or lost the phone.

    python -m bootstrap.setup.accounts list
    python -m bootstrap.setup.accounts add NAME "SHOWN NAME" ROLE
    python -m bootstrap.setup.accounts reset NAME
    python -m bootstrap.setup.accounts enable NAME
    python -m bootstrap.setup.accounts reset-factor NAME

A new password is printed once, and the person must change it at the next sign-in.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser

from core.accounts import changes as account_changes
from core.accounts import directory, passwords, second_factor
from core.accounts.account import Account, Role, login_name
from core.errors import exit_status
from core.settings.addresses import MongoSettings
from core.settings.loading import load
from core.stores.mongo import Db, connect, count, reachable

FIRST = "admin"


def ensure_first(db: Db, password: str | None) -> str:
    """Make the account `admin`, an engineer, if there is no account yet.

    Returns in words which accounts exist. Raises Unavailable.
    """
    with reachable():
        accounts = count(db.users, {})
    if accounts:
        return f"{accounts} accounts"
    if password is None:
        return "no account, and no ADMIN_PASSWORD for the first"
    directory.add(db, FIRST, "Admin", Role.ENGINEER, by="bootstrap", password=password)
    return f"the first account, {FIRST}"


def waits_for_first(db: Db) -> bool:
    """Whether `admin` still has its first password. Raises Unavailable."""
    admin = directory.find(db, FIRST)
    return admin is not None and admin.must_change and admin.epoch == 0


@contextmanager
def temporary_account(db: Db, shown: str, role: Role) -> Iterator[tuple[str, str]]:
    """A login name and password for a program of ours that opens the screens; disabled after the block.

    Raises Conflict if another account has the name `shown`, Unavailable.
    """
    name, password = f"visitor-{shown.lower()}", passwords.generate()
    if directory.find(db, name) is None:
        directory.add(db, name, shown, role, by="bootstrap")
    account = account_changes.set_role(db, name, role, by="bootstrap")
    account_changes.choose_password(db, account, password)
    account_changes.set_disabled(db, name, False, by="bootstrap")
    try:
        yield name, password
    finally:
        account_changes.set_disabled(db, name, True, by="bootstrap")


def run(db: Db, options: argparse.Namespace, by: str) -> str:
    """Run the command; returns the text to print. Raises NotFound, InputError, Conflict, Unavailable."""
    match options.what:
        case "list":
            return "\n".join(_line(account) for account in directory.all_accounts(db)) or "There is no account."
        case "add":
            password = passwords.generate()
            account = directory.add(db, options.name, options.shown, Role(options.role), by=by, password=password)
            return f"{_line(account)}\nFirst password: {password}"
        case "reset":
            password = account_changes.reset_password(db, options.name, by=by)
            return f"First password of {login_name(options.name)}: {password}\nAll sessions of this account have ended."
        case "reset-factor":
            account = second_factor.reset(db, options.name, by=by)
            return f"{account.name} has no second factor any more. All sessions of this account have ended."
        case _:
            return _line(account_changes.set_disabled(db, options.name, False, by=by))


def _line(account: Account) -> str:
    state = "disabled" if account.disabled else "first password" if account.must_change else "active"
    factor = "second factor" if account.second_factor else ""
    return f"{account.name:<20} {account.role:<10} {state:<15} {factor:<14} {account.shown}"


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser("scripts/accounts", description="Accounts of the people who use the app.")
    what = parser.add_subparsers(dest="what", required=True)
    what.add_parser("list", help="the accounts and their roles")
    add = what.add_parser("add", help="make an account; prints its first password")
    add.add_argument("name", help="login name")
    add.add_argument("shown", help="name that colleagues see")
    add.add_argument("role", choices=[str(role) for role in Role])
    for name, text in (
        ("reset", "make a new first password, and print it"),
        ("enable", "enable a disabled account again"),
        ("reset-factor", "switch off the second factor of somebody who lost the phone and the recovery codes"),
    ):
        what.add_parser(name, help=text).add_argument("name", help="login name")
    return parser.parse_args(argv)


@exit_status
def main(argv: list[str] | None = None) -> None:
    """Run the command; 1 after an error, which is printed."""
    print(run(connect(load(MongoSettings)), arguments(argv), f"{getuser()} at the server"))


if __name__ == "__main__":
    sys.exit(main())
