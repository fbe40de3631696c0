"""Wishes not to be called, by person and by number: add one, look one up, and export the list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from fastapi import Body, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request

from api.access.scoped import opens, router, token_of
from api.house import House, InKind, houses_of
from api.http import cursors
from core.accounts.tokens import Scope
from core.calls.contact_keys import ContactKeys
from core.clock import now
from core.do_not_call import do_not_call_list, number_wishes
from core.errors import Conflict, InputError, NotFound
from core.sentences import Sentence
from core.stores.mongo import Document, reachable
from core.values.keys import same_key
from core.wishes.number_keys import NumberKeys
from core.wishes.wish import API, holds
from core.wishes.wish import Wish as KnownWish

routes = router("wishes")
MOST = 1_000
UNCHANGED = Sentence("Nothing was changed.")


class NewWish(BaseModel):
    """Who asked not to be called: a person by the company's own key, or whoever has a number."""

    model_config = ConfigDict(extra="forbid")

    reference: str | None = Field(None, min_length=1, max_length=200, examples=["0017"])
    number: str | None = Field(
        None, min_length=1, max_length=60, description="in any spelling, with its country", examples=["+49 30 123456"]
    )
    campaign: str | None = Field(None, max_length=200, description="the wish holds there alone; else everywhere")
    until: AwareDatetime | None = Field(None, description="when the wish ends; else never")
    why: str = Field("asked not to be called", min_length=1, max_length=200)

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.reference is None) == (self.number is None):
            raise ValueError("name either a reference or a number")
        return self


class Wish(BaseModel):
    """A wish in force. `reference` is null for one of a number: only a hash of the number is kept."""

    reference: str | None = Field(description="in the form that all spellings share", examples=["17"])
    campaign: str | None = Field(description="in which alone it holds; null for all", examples=[None])
    by: str = Field(description="who recorded it", examples=["API: crm"])
    source: str = Field(description="where it came from", examples=["api"])
    at: datetime
    until: datetime | None = Field(description="when it ends; null for never")


class Wishes(BaseModel):
    """One page of the do-not-call list."""

    wishes: list[Wish]
    next: str | None = Field(description="cursor of the next page; null at the end")


@routes.post("/kinds/{kind}/wishes", summary="Add a wish not to be called", **opens(Scope.WISHES))
def add(request: Request, house: InKind, wish: Annotated[NewWish, Body()]) -> Wish:
    """Put a person or a number on the do-not-call list. A wish that lasts longer stays as it is."""
    by, campaign = token_of(request).who, wish.campaign or ""
    if campaign:
        _require_campaign(house, campaign)
    terms: dict[str, Any] = {"by": by, "why": wish.why, "source": API, "until": wish.until, "campaign": campaign}
    if wish.number is not None:
        keys = _number_keys(house)
        number_wishes.add_number(house.db, keys, wish.number, **terms)
        held = number_wishes.wishes_of_number(house.db, keys, wish.number)
        found = next((known for known, where in held if where in ("", campaign)), None)
        return _shown(None, campaign, found)
    key = _key(house, str(wish.reference))
    do_not_call_list.add_people(house.db, [key], **terms)
    everywhere = do_not_call_list.wish_of_person(house.db, key)
    if everywhere is not None:
        return _shown(key, "", everywhere)
    return _shown(key, campaign, do_not_call_list.wish_of_person(house.db, key, campaign=campaign))


@routes.get("/wishes", summary="The do-not-call list", **opens(Scope.WISHES))
def listed(
    request: Request,
    reference: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    cursor: Annotated[str | None, Query(max_length=2_000)] = None,
) -> Wishes:
    """The wishes of people in force; with `reference`, that of one person for all campaigns."""
    home = houses_of(request).home
    if reference is not None:
        key = same_key(reference) or reference
        found = do_not_call_list.wish_of_person(home, key) if key.strip() else None
        return Wishes(wishes=[_shown(key, "", found)] if found else [], next=None)
    after, at = cursors.decode(cursor, str)[0] if cursor else "", now()
    with reachable():
        page = list(home.do_not_call.find({"_id": {"$gt": after}}).sort([("_id", 1)]).limit(limit + 1))
    wishes = [_of_entry(entry) for entry in page[:limit] if holds(entry, at)]
    return Wishes(wishes=wishes, next=cursors.encode(page[limit - 1]["_id"]) if len(page) > limit else None)


def _require_campaign(house: House, campaign: str) -> None:
    with reachable():
        known = house.db.campaigns.find_one({"_id": campaign}, {"_id": 1})
    if known is None:
        raise NotFound(Sentence("There is no campaign '{campaign}'.", campaign=campaign), kept=UNCHANGED)


def _number_keys(house: House) -> NumberKeys:
    """What hashes numbers. Raises Conflict without it."""
    keys: ContactKeys | None = house.contact_keys
    if keys is None or keys.numbers is None:
        raise Conflict(Sentence("This appliance has no key for names and numbers."), kept=UNCHANGED)
    return keys.numbers


def _key(house: House, reference: str) -> str:
    """The person's key. Raises InputError where a reference names nobody."""
    key = same_key(reference)
    if house.schema.reference is None or not key:
        raise InputError(
            Sentence("The campaign kind '{kind}' has no column with your own key of a person", kind=house.kind.name)
            if key
            else Sentence("The reference is empty"),
            column="reference",
            kept=UNCHANGED,
        )
    return key


def _of_entry(entry: Document) -> Wish:
    campaign = str(entry.get("campaign") or "").partition("/")[2]
    return _shown(str(entry.get("person") or entry["_id"]), campaign, KnownWish.from_entry(entry))


def _shown(reference: str | None, campaign: str, wish: KnownWish | None) -> Wish:
    """The wish as an answer has it. Raises NotFound if somebody has lifted it meanwhile."""
    if wish is None:
        raise NotFound(Sentence("The wish was lifted meanwhile."))
    until = datetime.fromtimestamp(wish.until / 1000, UTC) if wish.until else None
    return Wish(reference=reference, campaign=campaign or None, by=wish.by, source=wish.source, at=wish.at, until=until)
