"""People: one or thousands added and changed with the rules of the import, the state of an import, and a score."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from api.access.repeated import about
from api.access.scoped import opens, router, token_of
from api.house import House, InKind
from api.people import intake
from api.people.intake import ImportState, state_of
from api.people.shapes import Person, person
from core.accounts.tokens import Scope
from core.clock import now
from core.errors import InputError, NotFound
from core.imports.run_import import campaign_key
from core.lists import import_log
from core.schema.person import Person as Subject
from core.sentences import Sentence
from core.stores.mongo import reachable

routes = router("people")
JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
Cell = str | int | float | bool | None
ROW: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
    "examples": [{"customer": "0017", "age": 41, "job": "technician"}],
}
BODY: dict[str, Any] = {
    JSON: {
        "schema": {
            "type": "object",
            "properties": {"people": {"type": "array", "items": ROW, "minItems": 1, "maxItems": intake.MOST}},
            "required": ["people"],
            "additionalProperties": False,
        }
    },
    CSV: {"schema": {"type": "string"}},
    PARQUET: {"schema": {"type": "string", "format": "binary"}},
}


class Values(BaseModel):
    """The columns of one person, by the names of the kind."""

    model_config = ConfigDict(extra="forbid")

    values: dict[str, Cell] = Field(examples=[{"age": 41, "job": "technician"}])


@routes.post(
    "/kinds/{kind}/campaigns/{campaign}/people",
    summary="Add and change people",
    response_model=ImportState,
    responses={202: {"model": ImportState, "description": "The import goes on; ask for its state"}},
    **opens(Scope.PEOPLE_WRITE, BODY),
)
async def add(
    request: Request,
    house: InKind,
    campaign: str,
    title: Annotated[str, Query(max_length=60, description="of a new campaign")] = "",
) -> JSONResponse:
    """Take people in as a file with the same rows: JSON, CSV or Parquet. Rows that do not fit are named, and the others
    go in. A large body is taken in by a process of its own; the answer is then 202, and the state says how far it is.
    """
    media, body = request.headers.get("content-type", "").partition(";")[0].strip().lower(), await request.body()
    state = await run_in_threadpool(_take_in, house, campaign, title, media, body, token_of(request).who)
    return JSONResponse(state.model_dump(mode="json"), 200 if state.state != "running" else 202)


@routes.put("/kinds/{kind}/campaigns/{campaign}/people/{reference}", summary="One person", **opens(Scope.PEOPLE_WRITE))
def put(
    request: Request, house: InKind, campaign: str, reference: str, given: Annotated[Values, Body()]
) -> ImportState:
    """Add or change the person with this reference. It is one import of one row; send many people in one request."""
    column = house.schema.reference
    if column is None:
        raise InputError(
            Sentence("The campaign kind '{kind}' has no column with your own key of a person", kind=house.kind.name),
            kept=Sentence("Nothing was imported."),
            next=Sentence("Send the people of a campaign together."),
        )
    rows = [{**given.values, column: reference}]
    return intake.rows(house, _campaign(campaign), "", rows, who=token_of(request).who)


@routes.get("/kinds/{kind}/imports/{entry}", summary="State of an import", **opens(Scope.PEOPLE_WRITE))
def imported(house: InKind, entry: str) -> ImportState:
    """How far an import is, what it did, and which rows it refused."""
    return state_of(house, import_log.require(house.db, entry))


@routes.get("/kinds/{kind}/campaigns/{campaign}/person", summary="A person's score", **opens(Scope.SCORES))
def scored(
    request: Request,
    house: InKind,
    campaign: str,
    reference: Annotated[str, Query(min_length=1, max_length=200, examples=["0017"])],
) -> Person:
    """The person with this reference in the campaign: score, version of the model, status and calls."""
    house.require_campaign(campaign)
    by_reference = house.schema.reference is not None
    keys = Subject(reference).keys([campaign]) if by_reference else [f"{campaign}:{reference}"]
    with reachable():
        found = next(iter(house.db.prospects.find({"_id": {"$in": keys}})), None)
    if found is None:
        raise NotFound(
            Sentence("Nobody in '{campaign}' has the reference '{reference}'.", campaign=campaign, reference=reference)
        )
    about(request, found["_id"])
    return person(house, token_of(request), found, at=now())


def _take_in(house: House, campaign: str, title: str, media: str, body: bytes, who: str) -> ImportState:
    key = _campaign(campaign)
    if media == JSON:
        return intake.rows(house, key, title, intake.read_rows(body), who=who)
    if media in (CSV, PARQUET):
        name = "people.csv" if media == CSV else "people.parquet"
        return intake.file(house, key, title, name, body, who=who)
    raise InputError(
        Sentence("The type of the body is none of {types}", types=", ".join(BODY)),
        column="Content-Type",
        kept=Sentence("Nothing was imported."),
    )


def _campaign(name: str) -> str:
    """The campaign's key. Raises InputError for a name that is not in the form of a key."""
    if campaign_key(name) != name:
        raise InputError(
            Sentence("'{name}' cannot be the key of a campaign", name=name),
            column="campaign",
            kept=Sentence("Nothing was imported."),
            next=Sentence("Use lower-case letters, digits and hyphens; the title may be anything."),
        )
    return name
