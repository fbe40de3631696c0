"""Accounts of people who use single sign-on. The first sign-in creates the account from the provider's claims.

An account belongs to the provider's issuer and subject (OpenID Connect Core 1.0, section 5.7), never to an e-mail
address: addresses pass to other people, and some providers let people choose them. So an equal name at the provider
gives no access to an account that was made here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.accounts import changes as account_changes
from core.accounts import directory
from core.accounts.account import NAME, SHOWN, Account, Role, login_name
from core.errors import Conflict, Forbidden
from core.stores.mongo import Db, reachable

Claims = Mapping[str, Any]


@dataclass(frozen=True)
class Admission:
    """The rules of admission.

    `domains` of e-mail addresses may sign in; if empty, all. `roles` maps values of the claim named `claim` to roles.
    Without such a value a person gets the role `otherwise`; if that is None, they are refused.
    """

    domains: frozenset[str] = frozenset()
    claim: str = ""
    roles: Mapping[str, Role] = field(default_factory=dict)
    otherwise: Role | None = Role.AGENT

    def role(self, claims: Claims) -> Role:
        """The highest role that the claims give. Raises Forbidden if they give none."""
        address = str(claims.get("email") or "").lower()
        if self.domains and (claims.get("email_verified") is False or address.rpartition("@")[2] not in self.domains):
            raise _refused("Accounts of your e-mail domain may not sign in here.")
        claim = claims.get(self.claim) if self.claim else None
        values = {str(value) for value in claim} if isinstance(claim, list) else {str(claim)}
        roles = [role for role in Role if role in {self.roles.get(value) for value in values}]
        if roles:
            return roles[-1]
        if self.otherwise is None:
            raise _refused("Your account has no role here.")
        return self.otherwise


def admit(db: Db, claims: Claims, rules: Admission) -> Account:
    """The account of the person in `claims`, from a verified ID token. Creates it or updates its role if needed.

    Raises Forbidden, Unavailable.
    """
    role = rules.role(claims)
    subject = f"{claims['iss']}|{claims['sub']}"
    account = _find(db, subject)
    if account is None:
        return _create(db, claims, subject, role)
    if account.disabled:
        raise _refused("Your account is disabled.")
    if rules.claim and account.role is not role:
        try:
            return account_changes.set_role(db, account.name, role, by="single sign-on")
        except Conflict:  # this is the last engineer, and there has to be one
            return account
    return account


def _find(db: Db, subject: str) -> Account | None:
    with reachable():
        user = db.users.find_one({"subject": subject}, {"hash": 0})
    return Account.from_document(user) if user else None


def _create(db: Db, claims: Claims, subject: str, role: Role) -> Account:
    digest = hashlib.sha256(subject.encode()).hexdigest()[:10]
    address = login_name(str(claims.get("email") or ""))
    names = [*([address] if NAME.fullmatch(address) else []), f"sso-{digest}"]
    shown = " ".join(str(claims.get("name") or address.partition("@")[0] or digest).split())
    for name in names:
        for title in (shown[:SHOWN], f"{shown[: SHOWN - 7]} {digest[:6]}"):
            try:
                return directory.add(db, name, title, role, by="single sign-on", subject=subject)
            except Conflict:
                # The same person may have just created the account in another tab; a second one must not follow.
                if account := _find(db, subject):
                    return account
    raise _refused("No account could be made for you.")  # all its names belong to accounts that were made by hand


def _refused(what: str) -> Forbidden:
    return Forbidden(what, kept="Nothing was changed.", next="Ask the engineer who looks after Callwise.")
