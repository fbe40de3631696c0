"""Accounts of people who sign in with their company: made at the first sign-in, by what the provider says of them.

An account belongs to the provider's issuer and subject (OpenID Connect Core 1.0, section 5.7), never to an e-mail
address: addresses are given to others, and some providers let people choose them. So nobody gets into an account that
was made here by having its name somewhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.accounts import changes as account_changes
from core.accounts import directory
from core.accounts.account import NAME, SHOWN, Account, Role, tidy
from core.errors import Conflict, Forbidden
from core.stores.mongo import Db, reachable

Claims = Mapping[str, Any]


@dataclass(frozen=True)
class Admission:
    """Who is let in, and as what.

    `domains` of e-mail addresses; without any, everybody whom the provider lets in. `claim` is the name of the claim
    whose values `roles` maps; who has none of them gets `otherwise`, or is not let in where that is None.
    """

    domains: frozenset[str] = frozenset()
    claim: str = ""
    roles: Mapping[str, Role] = field(default_factory=dict)
    otherwise: Role | None = Role.AGENT

    def role(self, claims: Claims) -> Role:
        """The role that the claims give. Raises Forbidden if they give none."""
        address = str(claims.get("email") or "").lower()
        if self.domains and (claims.get("email_verified") is False or address.rpartition("@")[2] not in self.domains):
            raise _refused("Your company's accounts are not let in here.")
        held = claims.get(self.claim) if self.claim else None
        values = {str(value) for value in held} if isinstance(held, list) else {str(held)}
        given = [role for role in Role if role in {self.roles.get(value) for value in values}]
        if given:
            return given[-1]
        if self.otherwise is None:
            raise _refused("Your account has no role here.")
        return self.otherwise


def admit(db: Db, claims: Claims, rules: Admission) -> Account:
    """The account of whoever the provider says this is; made, or given its role of today, where it has to be.

    `claims` are those of an ID token that was checked. Raises Forbidden, Unavailable.
    """
    role = rules.role(claims)
    subject = f"{claims['iss']}|{claims['sub']}"
    with reachable():
        found = db.users.find_one({"subject": subject}, {"hash": 0})
    if found is None:
        return _made(db, claims, subject, role)
    account = Account.from_document(found)
    if account.disabled:
        raise _refused("Your account is disabled.")
    if rules.claim and account.role is not role:
        try:
            return account_changes.set_role(db, account.name, role, by="single sign-on")
        except Conflict:  # the last engineer; somebody has to be one
            return account
    return account


def _made(db: Db, claims: Claims, subject: str, role: Role) -> Account:
    digest = hashlib.sha256(subject.encode()).hexdigest()[:10]
    address = tidy(str(claims.get("email") or ""))
    names = [*([address] if NAME.fullmatch(address) else []), f"sso-{digest}"]
    shown = " ".join(str(claims.get("name") or address.partition("@")[0] or digest).split())
    for name in names:
        for seen in (shown[:SHOWN], f"{shown[: SHOWN - 7]} {digest[:6]}"):
            try:
                return directory.add(db, name, seen, role, by="single sign-on", subject=subject)
            except Conflict:
                # Perhaps by this very person, in another tab; a second account would be one too many.
                with reachable():
                    found = db.users.find_one({"subject": subject}, {"hash": 0})
                if found is not None:
                    return Account.from_document(found)
    raise _refused("No account could be made for you.")  # names of this very subject, taken by hand


def _refused(what: str) -> Forbidden:
    return Forbidden(what, kept="Nothing was changed.", next="Ask the engineer who looks after Callwise.")
