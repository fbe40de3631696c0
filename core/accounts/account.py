"""An account: its name, role and state, as everybody may see them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.stores.mongo import Document

NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")

SHOWN = 40  # characters of a shown name

RESERVED = frozenset({"import", "monitor", "trainer", "bootstrap", "nobody"})
"""Names under which the appliance itself records things."""


class Role(StrEnum):
    """What a person may do; each may do what those before it may."""

    AGENT = "agent"
    MANAGER = "manager"
    ENGINEER = "engineer"


@dataclass(frozen=True)
class Account:
    """Somebody who may sign in. `name` is the login name, `shown` what colleagues see."""

    name: str
    shown: str
    role: Role
    must_change: bool = False
    disabled: bool = False
    epoch: int = 0
    subject: str | None = None
    since: datetime | None = None

    @classmethod
    def from_document(cls, found: Document) -> Account:
        """From its document."""
        return cls(
            name=str(found["_id"]),
            shown=str(found["shown"]),
            role=Role(found["role"]),
            must_change=bool(found["must_change"]),
            disabled=bool(found["disabled"]),
            epoch=int(found["epoch"]),
            subject=found["subject"],
            since=found["made"]["at"],
        )

    @property
    def has_password(self) -> bool:
        """Whether it signs in here, rather than with the company's single sign-on."""
        return self.subject is None

    def may_administer(self, role: Role) -> bool:
        """Engineers look after everybody, managers after agents."""
        return self.role is Role.ENGINEER or (self.role is Role.MANAGER and role is Role.AGENT)


def tidy(name: str) -> str:
    """A login name as it is kept, however it was typed."""
    return name.strip().lower()
