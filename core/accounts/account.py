"""An account without its password: names, role and state."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.stores.mongo import Document

NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")

SHOWN = 40  # characters of a shown name

# The appliance itself records calls and events under these names.
RESERVED = frozenset({"import", "monitor", "trainer", "bootstrap", "nobody"})


class Role(StrEnum):
    """What a person may do; each role includes the ones before it."""

    AGENT = "agent"
    MANAGER = "manager"
    ENGINEER = "engineer"


@dataclass(frozen=True)
class Account:
    """A person who signs in. `name` is the login name, `shown` the name that colleagues see.

    `has_codes`: an app makes codes for it. `recovery_codes`: how many are unused. `core.accounts.second_factor` and
    `core.accounts.passkeys` say what a second factor is.
    """

    name: str
    shown: str
    role: Role
    must_change: bool = False
    disabled: bool = False
    epoch: int = 0
    subject: str | None = None
    since: datetime | None = None
    second_factor: bool = False
    recovery_codes: int = 0
    has_codes: bool = False
    passkeys: int = 0

    @classmethod
    def from_document(cls, document: Document) -> Account:
        """The account that `document` of `users` describes."""
        factor = document.get("factor") or {}
        return cls(
            name=str(document["_id"]),
            shown=str(document["shown"]),
            role=Role(document["role"]),
            must_change=bool(document["must_change"]),
            disabled=bool(document["disabled"]),
            epoch=int(document["epoch"]),
            subject=document["subject"],
            since=document["made"]["at"],
            second_factor=bool(factor),
            recovery_codes=len(factor.get("recovery", ())),
            has_codes="secret" in factor,
            passkeys=len(factor.get("passkeys", ())),
        )

    @property
    def has_password(self) -> bool:
        """Whether its owner signs in with a password here, and not with the company's single sign-on."""
        return self.subject is None

    def may_administer(self, role: Role) -> bool:
        """Whether it may change accounts of `role`: an engineer all of them, a manager those of agents."""
        return self.role is Role.ENGINEER or (self.role is Role.MANAGER and role is Role.AGENT)


def login_name(name: str) -> str:
    """The stored form of a typed login name."""
    return name.strip().lower()
