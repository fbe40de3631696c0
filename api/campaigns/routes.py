"""Kinds and campaigns, and the ranked list of one, page by page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.requests import Request

from api.access.repeated import about
from api.access.scoped import opens, router, token_of
from api.campaigns.pages import MOST, ranked_page
from api.house import InKind, houses_of
from api.people.shapes import Person, person
from core.accounts.tokens import Scope
from core.calls.campaigns import State, agents_of, state_of, title_of
from core.clock import now
from core.stores.mongo import reachable

routes = router("campaigns")


class Column(BaseModel):
    """A column of the kind's people."""

    name: str = Field(examples=["age"])
    label: str = Field(examples=["Age"])
    type: str = Field(examples=["integer"])


class Kind(BaseModel):
    """A campaign kind: what campaigns of one sort share."""

    kind: str = Field(examples=["bank-marketing"])
    title: str
    reference: str | None = Field(description="column with the company's own key of a person")
    columns: list[Column]
    contacts: list[Column] = Field(description="columns that say how a person is reached")


class Kinds(BaseModel):
    """All kinds in use."""

    kinds: list[Kind]


class Campaign(BaseModel):
    """A campaign and its state. Without `agents`, everybody may call it."""

    campaign: str = Field(examples=["autumn"])
    title: str
    state: State
    agents: list[str]
    since: datetime | None


class Campaigns(BaseModel):
    """The campaigns of a kind, the newest first."""

    campaigns: list[Campaign]


class RankedList(BaseModel):
    """One page of the people still to be called, the best chance first."""

    people: list[Person]
    next: str | None = Field(description="cursor of the next page; null at the end")


@routes.get("/kinds", summary="Campaign kinds", **opens(Scope.LIST_READ))
def kinds(request: Request) -> Kinds:
    """The campaign kinds, with the columns of their people."""
    found = [house.kind for house in houses_of(request).all()]
    return Kinds(
        kinds=[
            Kind(
                kind=kind.name,
                title=kind.title,
                reference=kind.schema.reference,
                columns=[_column(column) for column in kind.schema.features],
                contacts=[_column(column) for column in kind.schema.contacts],
            )
            for kind in found
        ]
    )


@routes.get("/kinds/{kind}/campaigns", summary="Campaigns of a kind", **opens(Scope.LIST_READ))
def campaigns(house: InKind) -> Campaigns:
    """The campaigns of the kind, the newest first."""
    with reachable():
        found = list(house.db.campaigns.find().sort([("created_at", -1)]))
    return Campaigns(
        campaigns=[
            Campaign(
                campaign=str(one["_id"]),
                title=title_of(one),
                state=state_of(one),
                agents=agents_of(one),
                since=one.get("created_at"),
            )
            for one in found
        ]
    )


@routes.get("/kinds/{kind}/campaigns/{campaign}/people", summary="Ranked list", **opens(Scope.LIST_READ))
def people(
    request: Request,
    house: InKind,
    campaign: str,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    cursor: Annotated[str | None, Query(max_length=2_000)] = None,
) -> RankedList:
    """The people still to be called, the best chance first. The list moves while it is read: a new ranking or a result
    between two pages may show a person twice, or on no page.
    """
    house.require_campaign(campaign)
    found, after = ranked_page(house.db, campaign, limit, cursor)
    at, token = now(), token_of(request)
    about(request, *(one["_id"] for one in found))
    return RankedList(people=[person(house, token, one, at=at) for one in found], next=after)


def _column(column: Any) -> Column:
    return Column(name=column.name, label=column.label, type=str(column.type.value))
