"""Wishes not to be called: add one, look one up, and export the list."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated

from fastapi import Body, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from api.access.scoped import opens, router, token_of
from api.house import House, InKind, houses_of
from api.http import cursors
from core.accounts.tokens import Scope
from core.calls import do_not_call
from core.clock import now
from core.errors import InputError
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Document, reachable
from core.values.keys import same_key

routes = router("wishes")
MOST = 1_000


class NewWish(BaseModel):
    """A person who asked not to be called, by the company's own key."""

    model_config = ConfigDict(extra="forbid")

    reference: str = Field(min_length=1, max_length=200, examples=["0017"])


class Wish(BaseModel):
    """A wish in force: it holds in every campaign."""

    reference: str = Field(description="in the form that all spellings share", examples=["17"])
    by: str = Field(description="who recorded it", examples=["API: crm"])
    at: datetime


class Wishes(BaseModel):
    """One page of the do-not-call list."""

    wishes: list[Wish]
    next: str | None = Field(description="cursor of the next page; null at the end")


@routes.post("/kinds/{kind}/wishes", summary="Add a wish not to be called", **opens(Scope.WISHES))
def add(request: Request, house: InKind, wish: Annotated[NewWish, Body()]) -> Wish:
    """Put a person on the do-not-call list, in every campaign. A person who is on it already stays as they are."""
    key = _key(house, wish.reference)
    if (known := do_not_call.entry_of(house.db, key)) is None:
        by, at = token_of(request).who, now()
        source = f"api:{hashlib.sha256(f'{key} {at.isoformat()}'.encode()).hexdigest()[:16]}"
        do_not_call.add(house.db, key, by=by, at=at, call=source)
        event_log.append(house.home, who=by, what=Event.PUT_ON_DO_NOT_CALL, subject="do_not_call", people=1)
        known = do_not_call.entry_of(house.db, key)
    return _wish(key, known or {})


@routes.get("/wishes", summary="The do-not-call list", **opens(Scope.WISHES))
def listed(
    request: Request,
    reference: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    cursor: Annotated[str | None, Query(max_length=2_000)] = None,
) -> Wishes:
    """The wishes in force by their reference; with `reference`, that of one person."""
    home = houses_of(request).home
    if reference is not None:
        key = same_key(reference) or reference
        found = do_not_call.entry_of(home, key) if key.strip() else None
        return Wishes(wishes=[_wish(key, found)] if found else [], next=None)
    after = cursors.decode(cursor, str)[0] if cursor else ""
    with reachable():
        page = list(home.do_not_call.find({"_id": {"$gt": after}}).sort([("_id", 1)]).limit(limit + 1))
    wishes = [_wish(entry["_id"], entry["wish"]) for entry in page[:limit] if not entry["lifted"]]
    return Wishes(wishes=wishes, next=cursors.encode(page[limit - 1]["_id"]) if len(page) > limit else None)


def _key(house: House, reference: str) -> str:
    """The person's key. Raises InputError where a reference names nobody."""
    key = same_key(reference)
    if house.schema.reference is None or not key:
        raise InputError(
            Sentence("The campaign kind '{kind}' has no column with your own key of a person", kind=house.kind.name)
            if key
            else Sentence("The reference is empty"),
            column="reference",
            kept=Sentence("Nothing was changed."),
        )
    return key


def _wish(key: str, wish: Document) -> Wish:
    return Wish(reference=key, by=wish["by"], at=wish["at"])
