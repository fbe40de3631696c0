"""The second factor of an account: `users` has it in the field `factor`.

{secret: encrypted with a key that is not in the database, last: step of the clock whose code was accepted last,
recovery: SHA-256 of each unused recovery code, since: {at}, passkeys: see `core.accounts.passkeys`}

An account has codes (`secret` and `last`), passkeys, or both, and recovery codes with any of them.

A code is accepted by one update that no other can repeat: a step must be later than `last`, and a recovery code leaves
the list. So of two sign-ins with one code, one fails, in any number of processes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pymongo import ReturnDocument

from core.accounts import one_time_codes as codes
from core.accounts.account import Account, Role, login_name
from core.accounts.changes import change, existing
from core.accounts.one_time_codes import KeyRing
from core.errors import Conflict, InputError, SettingsError
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable


class Accepted(StrEnum):
    """How a code was right."""

    CLOCK = "clock"
    RECOVERY = "recovery"


@dataclass(frozen=True)
class FactorRules:
    """The keys of the secrets, without which nobody can switch it on, and whether managers and engineers must."""

    keys: KeyRing | None = None
    required: bool = False

    def must_enrol(self, account: Account) -> bool:
        """Whether the account's owner must switch it on before anything else."""
        return self.required and self.should_enrol(account)

    def should_enrol(self, account: Account) -> bool:
        """Whether the account is a manager's or an engineer's, with a password and without a second factor."""
        has_power = account.role is not Role.AGENT and account.has_password
        return self.keys is not None and has_power and not account.second_factor


def turn_on(
    db: Db, keys: KeyRing, account: Account, secret: bytes, code: str, at: datetime
) -> tuple[Account, list[str]]:
    """Switch codes on, if `code` shows that its owner's app has `secret`. Returns recovery codes, which nothing keeps.

    An account with passkeys keeps its recovery codes, so none are returned. Every session of the account ends. Raises
    InputError for a wrong code, Conflict if codes are on, NotFound, Unavailable.
    """
    step = codes.step_of(secret, codes.plain(code), at)
    if step is None:
        raise wrong_code()
    made = [] if account.passkeys else codes.recovery_codes()
    secret_and_step = {"secret": keys.seal(secret), "last": step}
    if account.passkeys:
        values: dict[str, Any] = {f"factor.{part}": value for part, value in secret_and_step.items()}
        only: dict[str, Any] = {"epoch": account.epoch, "factor.secret": {"$exists": False}, "subject": None}
    else:
        values = {"factor": {**secret_and_step, "recovery": _hashes(made), "since": {"at": at}}}
        only = {"factor": None, "subject": None}
    after = change(db, account.name, values, only=only)
    if after is None:
        raise Conflict(
            Sentence("This account has a second factor already."),
            kept=Sentence("Nothing was changed."),
            next=Sentence("Switch it off first, if you want another one."),
        )
    event_log.append(db, who=account.shown, what=Event.SECOND_FACTOR_ON, subject=account.name)
    return after, made


def turn_off(db: Db, account: Account) -> Account:
    """Switch off one's own codes and passkeys, after its owner was checked. Raises NotFound, Unavailable."""
    after = change(db, account.name, {"factor": None})
    event_log.append(db, who=account.shown, what=Event.SECOND_FACTOR_OFF, subject=account.name)
    return after or existing(db, account.name)


def reset(db: Db, name: str, *, by: str) -> Account:
    """Switch off the codes and passkeys of somebody who lost them and the recovery codes.

    Raises NotFound, InputError, Unavailable.
    """
    before = existing(db, name)
    if not before.second_factor:
        raise InputError(
            Sentence("{name} has no second factor.", name=before.shown), kept=Sentence("Nothing was changed.")
        )
    after = change(db, before.name, {"factor": None})
    event_log.append(db, who=by, what=Event.SECOND_FACTOR_RESET, subject=before.name)
    return after or existing(db, name)


def renew_recovery(db: Db, account: Account) -> list[str]:
    """New recovery codes in the place of all earlier ones, after a code was checked. Raises Conflict, Unavailable."""
    made = codes.recovery_codes()
    with reachable():
        done = db.users.update_one(
            {"_id": account.name, "factor.recovery": {"$exists": True}}, {"$set": {"factor.recovery": _hashes(made)}}
        )
    if not done.matched_count:
        raise Conflict(Sentence("There is no second factor any more."), kept=Sentence("Nothing was changed."))
    event_log.append(db, who=account.shown, what=Event.RECOVERY_CODES_RENEWED, subject=account.name)
    return made


def accept(db: Db, keys: KeyRing | None, name: str, code: str, at: datetime) -> Accepted | None:
    """Accept `code` for the account, once and never again; None for a wrong or used one.

    Raises SettingsError if a code by the clock cannot be checked because the key is missing, Unavailable.
    """
    name, code = login_name(name), codes.plain(code)
    if codes.by_the_clock(code):
        return Accepted.CLOCK if _accept_clock(db, keys, name, code, at) else None
    return Accepted.RECOVERY if _accept_recovery(db, name, code) else None


def _accept_clock(db: Db, keys: KeyRing | None, name: str, code: str, at: datetime) -> bool:
    with reachable():
        user = db.users.find_one({"_id": name})
    factor = user.get("factor") if user else None
    if not factor or "secret" not in factor:
        return False
    if keys is None:
        raise SettingsError(
            "CALLWISE_SECOND_FACTOR_KEY is not set, so no code by the clock can be checked.",
            kept="Nobody was let in.",
            next="Set it to the key that .env had. Recovery codes work without it.",
        )
    step = codes.step_of(keys.open(factor["secret"]), code, at)
    if step is None:
        return False
    fresh = {"_id": name, "factor.secret": factor["secret"], "factor.last": {"$lt": step}}
    with reachable():
        return db.users.find_one_and_update(fresh, {"$set": {"factor.last": step}}) is not None


def _accept_recovery(db: Db, name: str, code: str) -> bool:
    used = codes.recovery_hash(code)
    with reachable():
        user = db.users.find_one_and_update(
            {"_id": name, "factor.recovery": used},
            {"$pull": {"factor.recovery": used}},
            projection={"hash": 0},
            return_document=ReturnDocument.AFTER,
        )
    if user is None:
        return False
    account = Account.from_document(user)
    event_log.append(
        db, who=account.shown, what=Event.RECOVERY_CODE_USED, subject=name, left=str(account.recovery_codes)
    )
    return True


def reseal_all(db: Db, keys: KeyRing) -> int:
    """Encrypt every secret with the first key again; returns how many. Safe to repeat and to kill.

    Raises SettingsError, after all others are encrypted, if none of the keys opens some, Unavailable.
    """
    users = _with_codes(db)
    lost = [str(user["_id"]) for user in users if not keys.opens(user["factor"]["secret"])]
    for user in users:
        sealed = user["factor"]["secret"]
        if user["_id"] in lost:
            continue
        with reachable():
            db.users.update_one(
                {"_id": user["_id"], "factor.secret": sealed}, {"$set": {"factor.secret": keys.reseal(sealed)}}
            )
    if lost:
        raise SettingsError(
            f"The second factors of {', '.join(sorted(lost))} were stored under another CALLWISE_SECOND_FACTOR_KEY.",
            kept=f"They stay as they are; all others, {len(users) - len(lost)}, are encrypted with the present key.",
            next="Put the former key back, or scripts/accounts reset-factor NAME. Recovery codes work without it.",
        )
    return len(users)


def sealed_otherwise(db: Db, keys: KeyRing) -> list[str]:
    """The accounts whose secret `keys` do not open. Raises Unavailable."""
    return sorted(str(user["_id"]) for user in _with_codes(db) if not keys.opens(user["factor"]["secret"]))


def _with_codes(db: Db) -> list[Document]:
    with reachable():
        return [user for user in db.users.find({}, {"hash": 0}) if "secret" in (user.get("factor") or {})]


def wrong_code() -> InputError:
    """The error of a code that is wrong, late or used."""
    return InputError(
        Sentence("This code is not right, or was used already."),
        kept=Sentence("Nothing was changed."),
        next=Sentence("Wait for the next code of your app. If none is right, set the time of the phone automatically."),
    )


def _hashes(made: Iterable[str]) -> list[str]:
    return [codes.recovery_hash(code) for code in made]
