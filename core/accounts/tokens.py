"""Tokens of programs that use the API: `tokens`, by the sha256 of the token.

    tokens      {_id, name, scopes, made: {at, by}, expires: {at}, revoked: {at, by} or None}
    token_uses  {_id, used: {at}}

The token itself is shown once and stored nowhere: it has 256 random bits, so its hash needs no salt and no slow
function. A name is never given twice, because calls are recorded under it (`agent_name`).
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pymongo.errors import DuplicateKeyError

from core.clock import Clock, now
from core.errors import Conflict, InputError, NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

BEGINNING = "cw_"
"""How every token begins, so that a scanner of source code finds one that was left there."""
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
LONGEST = timedelta(days=366)
AGENT = 64
"""Letters that the name of an agent may have, as a program gives it."""
OFTEN = timedelta(minutes=1)
"""The time of the last use is written at most this often."""
NOTHING_MADE = Sentence("No token was made.")


class Scope(StrEnum):
    """What a token opens. None of them includes another."""

    PEOPLE_WRITE = "people:write"
    LIST_READ = "list:read"
    CONTACTS = "contacts"
    CALLS = "calls"
    SCORES = "scores"
    WISHES = "wishes"
    PRIVACY = "privacy"
    READ = "read"
    FEED = "feed"

    @property
    def words(self) -> Sentence:
        """What it opens, in words for screens."""
        return _WORDS[self]


_WORDS = {
    Scope.PEOPLE_WRITE: Sentence("add people to campaigns and change them"),
    Scope.LIST_READ: Sentence("read campaigns and ranked lists"),
    Scope.CONTACTS: Sentence("see names and numbers where they would be masked"),
    Scope.CALLS: Sentence("claim people, and record results"),
    Scope.SCORES: Sentence("read the score of a person"),
    Scope.WISHES: Sentence("read and add wishes not to be called"),
    Scope.PRIVACY: Sentence("request erasures, and what is kept about a person"),
    Scope.READ: Sentence("read models, reports and incidents"),
    Scope.FEED: Sentence("read the feed of changes"),
}


@dataclass(frozen=True)
class Token:
    """A token without its secret. `key` is its hash, `used` the minute of its last use."""

    key: str
    name: str
    scopes: frozenset[Scope]
    made_at: datetime
    made_by: str
    expires: datetime
    revoked: datetime | None = None
    used: datetime | None = None

    @classmethod
    def from_documents(cls, document: Document, use: Document | None = None) -> Token:
        """The token in a document of `tokens`, and of `token_uses`."""
        known = {str(scope) for scope in Scope}  # a later release may have had more
        return cls(
            key=str(document["_id"]),
            name=str(document["name"]),
            scopes=frozenset(Scope(scope) for scope in document["scopes"] if scope in known),
            made_at=document["made"]["at"],
            made_by=str(document["made"]["by"]),
            expires=document["expires"]["at"],
            revoked=document["revoked"]["at"] if document["revoked"] else None,
            used=use["used"]["at"] if use else None,
        )

    def opens(self, at: datetime) -> bool:
        """Whether it is in force at that moment."""
        return self.revoked is None and at < self.expires

    @property
    def who(self) -> str:
        """How events and the log of imports name the program."""
        return f"API: {self.name}"


def hashed(token: str) -> str:
    """The key under which the token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def agent_name(token: Token, agent: str) -> str:
    """The name under which calls of `agent` are recorded: `{token}/{agent}`, which is no account's. Raises InputError.

    So a program records calls for its own agents alone, and needs no right to read the accounts of people.
    """
    agent = " ".join(agent.split())
    if not 0 < len(agent) <= AGENT or not agent.isprintable():
        raise InputError(
            Sentence("The name of an agent has 1 to {longest} letters", longest=AGENT),
            column="agent",
            kept=Sentence("Nothing was changed."),
        )
    return f"{token.name}/{agent}"


def make(db: Db, name: str, scopes: Iterable[Scope], *, days: int, by: str, clock: Clock = now) -> tuple[str, Token]:
    """Make a token that ends after `days`; returns the secret, which is stored nowhere, and the token.

    Raises InputError if the name, the scopes or the days are not valid, Conflict if the name was given before,
    Unavailable.
    """
    name, at, given = name.strip().lower(), clock(), frozenset(scopes)
    _require(name, given, days)
    secret = BEGINNING + secrets.token_urlsafe(32)
    document: Document = {
        "_id": hashed(secret),
        "name": name,
        "scopes": sorted(str(scope) for scope in given),
        "made": {"at": at, "by": by},
        "expires": {"at": at + timedelta(days=days)},
        "revoked": None,
    }
    with reachable():
        try:
            db.tokens.insert_one(document)
        except DuplicateKeyError as error:
            raise Conflict(
                Sentence("There was a token '{name}' before.", name=name),
                kept=NOTHING_MADE,
                next=Sentence("Choose another name: calls are recorded under it."),
            ) from error
    event_log.append(db, who=by, what=Event.TOKEN_MADE, subject=name, clock=clock, scopes=document["scopes"], days=days)
    return secret, Token.from_documents(document)


def _require(name: str, scopes: frozenset[Scope], days: int) -> None:
    if not NAME.fullmatch(name):
        raise InputError(
            Sentence("'{name}' cannot name a token.", name=name),
            kept=NOTHING_MADE,
            next=Sentence("Use lower-case letters, digits and hyphens, at most 32 characters."),
        )
    if not scopes:
        raise InputError(
            Sentence("A token without a right opens nothing."),
            kept=NOTHING_MADE,
            next=Sentence("Choose what the program may do."),
        )
    if not 0 < days <= LONGEST.days:
        raise InputError(
            Sentence("A token lasts 1 to {longest} days.", longest=LONGEST.days),
            kept=NOTHING_MADE,
            next=Sentence("Choose another time."),
        )


def find(db: Db, secret: str) -> Token | None:
    """The token with this secret, in force or not; None if there is none. Raises Unavailable."""
    with reachable():
        document = db.tokens.find_one({"_id": hashed(secret)})
    return Token.from_documents(document) if document else None


def all_tokens(db: Db) -> list[Token]:
    """All tokens with their last use, by name. Raises Unavailable."""
    with reachable():
        uses = {use["_id"]: use for use in db.token_uses.find()}
        found = [Token.from_documents(document, uses.get(document["_id"])) for document in db.tokens.find()]
    return sorted(found, key=lambda token: token.name)


def revoke(db: Db, name: str, *, by: str, clock: Clock = now) -> None:
    """End a token at once. Raises NotFound, Unavailable."""
    with reachable():
        document = db.tokens.find_one({"name": name})
        if document is None:
            raise NotFound(Sentence("There is no token '{name}'.", name=name), kept=Sentence("Nothing was changed."))
        if document["revoked"]:
            return
        db.tokens.update_one({"_id": document["_id"]}, {"$set": {"revoked": {"at": clock(), "by": by}}})
    event_log.append(db, who=by, what=Event.TOKEN_REVOKED, subject=name, clock=clock)


def note_use(db: Db, token: Token, at: datetime) -> None:
    """Write that the token was used at that moment. Raises Unavailable."""
    with reachable():
        db.token_uses.update_one({"_id": token.key}, {"$set": {"used": {"at": at}}}, upsert=True)
