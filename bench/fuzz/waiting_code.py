"""A browser whose password was right and whose code is not typed yet: the second step of a sign-in is a door too."""

from __future__ import annotations

from datetime import timedelta

from app.access import second_step
from core.accounts import directory, second_factor
from core.accounts.account import Role
from core.accounts.changes import existing
from core.accounts.one_time_codes import KeyRing, code_at, new_secret
from core.clock import now
from core.stores.mongo import Db

NAME, PASSWORD = "fuzz-manager", "of-nobody-but-the-fuzz"
SECONDS = 30
"""How long a code is valid. That of the time before turns the factor on, as one code counts once."""


def make_account(db: Db, keys: KeyRing) -> None:
    """Make a manager with a second factor. Raises Conflict if there is one, Unavailable."""
    made = directory.add(db, NAME, NAME, Role.MANAGER, by="bench", password=PASSWORD, must_change=False)
    secret, before = new_secret(), now() - timedelta(seconds=SECONDS)
    second_factor.turn_on(db, keys, made, secret, code_at(secret, before), before)


def cookie(db: Db) -> str:
    """The cookie of a browser that may type a code for some minutes. Raises NotFound without the account."""
    return f"{second_step.COOKIE}={second_step.begin(db, existing(db, NAME), now())}"
