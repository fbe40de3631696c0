"""A person as the API gives them: who, where, the score, and how they are reached."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from api.house import House
from api.http.plain import plain
from core.accounts.tokens import Scope, Token
from core.calls import contacts
from core.calls.contacts import Way
from core.schema.column import Contact
from core.stores.mongo import Document

SHOWN_DIGITS = 3
"""Last digits of a masked number, by which two numbers of a person differ."""


class ContactWay(BaseModel):
    """One way to reach a person. Without the scope `contacts` it is masked and has no `number`."""

    column: str = Field(examples=["phone"])
    kind: Contact
    text: str = Field(examples=["+49 30 901820"])
    number: str = Field("", description="what can be dialled, in E.164 where the country is known")
    masked: bool = False


class Claim(BaseModel):
    """The right of one agent to call the person until a time."""

    agent: str = Field(examples=["dialler/ann"])
    until: datetime


class Person(BaseModel):
    """A prospect: a person on the list of one campaign."""

    prospect: str = Field(description="key of the person in this campaign", examples=["autumn:17"])
    campaign: str = Field(examples=["autumn"])
    reference: str = Field(description="as the file has it", examples=["0017"])
    status: str = Field(examples=["open"])
    score: float | None = Field(description="chance of a sale, from 0 to 1; null until the person is ranked")
    model_version: str | None = Field(None, description="version of the model that gave the score")
    calls: int = Field(description="numbers given to calls so far; the next call is this plus one")
    due: datetime | None = Field(None, description="when a promised call or the next attempt is due")
    claim: Claim | None = None
    values: dict[str, Any] = Field(default_factory=dict, description="the person's columns")
    contacts: list[ContactWay] = Field(default_factory=list)


def person(house: House, token: Token, prospect: Document, *, at: datetime) -> Person:
    """`prospect` as `token` may see it at that moment. Raises SettingsError if names cannot be read; Unavailable."""
    claim = prospect.get("claim")
    held = Claim(agent=claim["by"], until=claim["until"]) if claim and claim["until"] > at else None
    due = prospect.get("due")
    return Person(
        prospect=prospect["_id"],
        campaign=prospect["campaign"],
        reference=str(prospect.get("written") or prospect["ref"]),
        status=prospect["status"],
        score=prospect.get("score"),
        model_version=prospect.get("score_version") or None,
        calls=int(prospect.get("calls") or 0),
        due=datetime.fromtimestamp(due, at.tzinfo) if due else None,
        claim=held,
        values=plain(prospect.get("features") or {}),
        contacts=ways(house, token, prospect["_id"]),
    )


def ways(house: House, token: Token, prospect: str) -> list[ContactWay]:
    """How the prospect is reached, masked without the scope `contacts`. Raises SettingsError, Unavailable."""
    if not house.schema.contacts:
        return []
    whole = Scope.CONTACTS in token.scopes
    return [_way(way, whole=whole) for way in contacts.ways(house.db, house.contact_keys, prospect) if way.text]


def _way(way: Way, *, whole: bool) -> ContactWay:
    if whole:
        return ContactWay(column=way.column, kind=way.kind, text=way.text, number=way.number)
    return ContactWay(column=way.column, kind=way.kind, text=masked(way.kind, way.text), masked=True)


def masked(kind: Contact, text: str) -> str:
    """`text` with what tells two of them apart, and nothing that reaches a person."""
    if kind is Contact.PHONE:
        digits = re.sub(r"\D", "", text)
        return f"…{digits[-SHOWN_DIGITS:]}" if len(digits) > 2 * SHOWN_DIGITS else "…"
    return f"{text[:1]}…"
