"""Requests to erase a person, and what is kept about one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Body, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from api.access.repeated import about
from api.access.scoped import opens, router, token_of
from api.house import House, InKind, houses_of
from api.privacy.person_file import records_of
from core.accounts.tokens import Scope
from core.errors import InputError, SettingsError
from core.privacy.requests import Erasure, get, request_erasure
from core.schema.person import Person
from core.sentences import Sentence
from core.stores.kind_database import kind_of

routes = router("privacy")


class NewErasure(BaseModel):
    """A person who is to be erased everywhere. Where the kind has no reference, a person is of one `campaign` alone."""

    model_config = ConfigDict(extra="forbid")

    reference: str = Field(min_length=1, max_length=200, examples=["0017"])
    campaign: str | None = Field(None, max_length=100)
    keep_out: bool = Field(True, description="no later file may bring the person back")


class ErasureState(BaseModel):
    """How far an erasure is. The `receipt` is there once it is done."""

    erasure: str = Field(examples=["1f2e3d4c5b6a-1"])
    status: str = Field(examples=["asked"])
    asked_at: datetime
    receipt: dict[str, Any]


class PersonFile(BaseModel):
    """What is kept about a person, by collection, as it is stored. Names and numbers need the scope `contacts`."""

    reference: str
    records: dict[str, list[dict[str, Any]]]


@routes.post("/kinds/{kind}/erasures", summary="Request an erasure", status_code=202, **opens(Scope.PRIVACY))
def erase(request: Request, house: InKind, wanted: Annotated[NewErasure, Body()]) -> ErasureState:
    """Have a person erased in every campaign and every kind. A request that is under way is answered again."""
    person = _person(house, wanted.reference, wanted.campaign)
    if house.erasure_key is None:
        raise SettingsError(
            "CALLWISE_ERASURE_KEY is not set, so nobody can be erased.",
            kept="Nothing was changed.",
            next="scripts/init makes the key.",
        )
    by = token_of(request).who
    return _state(request_erasure(house.db, house.erasure_key, person, by=by, keep_out=wanted.keep_out))


@routes.get("/erasures/{erasure}", summary="State of an erasure", **opens(Scope.PRIVACY))
def state(request: Request, erasure: str) -> ErasureState:
    """How far an erasure is, and its receipt."""
    return _state(get(houses_of(request).home, erasure))


@routes.get("/kinds/{kind}/person-file", summary="What is kept about a person", **opens(Scope.PRIVACY))
def person_file(
    request: Request,
    house: InKind,
    reference: Annotated[str, Query(min_length=1, max_length=200, examples=["0017"])],
    campaign: Annotated[str | None, Query(max_length=100)] = None,
) -> PersonFile:
    """Every record of the person in the database of this kind, for whoever asks what is kept about them."""
    person = _person(house, reference, campaign)
    records = records_of(house, token_of(request), person)
    about(request, *(str(one["_id"]) for one in records.get("prospects", ())))
    return PersonFile(reference=reference, records=records)


def _person(house: House, reference: str, campaign: str | None) -> Person:
    """The person. Raises InputError where a reference alone names nobody."""
    if house.schema.reference is None and campaign is None:
        raise InputError(
            Sentence("Name the campaign: in the kind '{kind}' a number is of one file alone", kind=house.kind.name),
            column="campaign",
            kept=Sentence("Nothing was changed."),
        )
    if house.schema.reference is not None:
        return Person(reference)
    return Person(reference, campaign, kind_of(house.db))


def _state(erasure: Erasure) -> ErasureState:
    return ErasureState(
        erasure=erasure.id,
        status=erasure.status.value,
        asked_at=erasure.asked_at,
        receipt={str(name): value for name, value in erasure.receipt.items()},
    )
