"""Models, reports and incidents, to read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

from api.access.scoped import opens, router
from api.house import InKind
from api.http.plain import plain
from core.accounts.tokens import Scope
from core.models.decisions import decisions, state_of
from core.stores.mongo import reachable

routes = router("oversight")
MOST = 500
Limit = Annotated[int, Query(ge=1, le=MOST)]


class Decision(BaseModel):
    """A decision about a version of the model."""

    place: int
    what: str = Field(examples=["promoted"])
    version: str
    at: datetime
    by: str
    why: str


class Models(BaseModel):
    """The versions in use, and the decisions about them, the newest first."""

    model: str = Field(examples=["prospect-scorer"])
    champion: str | None
    canary: str | None
    decisions: list[Decision]


class Report(BaseModel):
    """A report on drift or quality, as the monitor stored it."""

    report: str
    kind: str = Field(examples=["quality"])
    content: dict[str, Any]


class Reports(BaseModel):
    """The newest reports."""

    reports: list[Report]


class Incident(BaseModel):
    """Something that a report, a source or a gate found wrong."""

    incident: str
    status: str = Field(examples=["open"])
    content: dict[str, Any]


class Incidents(BaseModel):
    """The newest incidents."""

    incidents: list[Incident]


@routes.get("/kinds/{kind}/models", summary="Models and decisions", **opens(Scope.READ))
def models(house: InKind, limit: Limit = 100) -> Models:
    """Which version ranks people, which is on trial, and why."""
    made = decisions(house.db, house.model)
    state = state_of(made)
    newest = [
        Decision(place=one.place, what=one.what.value, version=one.version, at=one.at, by=one.by, why=one.why)
        for one in made[::-1][:limit]
    ]
    return Models(model=house.model, champion=state.champion, canary=state.canary, decisions=newest)


@routes.get("/kinds/{kind}/reports", summary="Reports", **opens(Scope.READ))
def reports(house: InKind, limit: Limit = 20) -> Reports:
    """The newest reports on drift and quality."""
    with reachable():
        found = list(house.db.reports.find())
    newest = sorted(found, key=_made, reverse=True)[:limit]
    return Reports(
        reports=[Report(report=str(one["_id"]), kind=str(one.get("kind", "")), content=_content(one)) for one in newest]
    )


@routes.get("/kinds/{kind}/incidents", summary="Incidents", **opens(Scope.READ))
def incidents(house: InKind, limit: Limit = 100) -> Incidents:
    """The newest incidents, those that ended too."""
    with reachable():
        found = list(house.db.incidents.find())
    newest = sorted(found, key=_made, reverse=True)[:limit]
    return Incidents(
        incidents=[Incident(incident=str(i["_id"]), status=str(i["status"]), content=_content(i)) for i in newest]
    )


def _made(document: Mapping[str, Any]) -> str:
    at = document.get("at") or document.get("opened")
    at = at.get("at") if isinstance(at, Mapping) else at
    return at.isoformat() if isinstance(at, datetime) else str(at or "")


def _content(document: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored, as JSON can express it, without the database's own key."""
    return {str(name): plain(value) for name, value in document.items() if name != "_id"}
