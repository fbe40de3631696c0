"""For diallers: the next person, a longer claim, a person given back, and what came of a call.

A dialler's agents are named `{token}/{agent}` in Callwise (`core.accounts.tokens.agent_name`). The functions are those
of the screens, so every rule that holds there holds here.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Annotated, Self

from fastapi import Body
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request

from api.access.repeated import about
from api.access.scoped import opens, router, token_of
from api.house import House, InKind, houses_of
from api.people.shapes import Person, person
from core.accounts.tokens import Scope, agent_name
from core.calls import claim_renewal, claims, contacts
from core.calls.held import campaigns_held
from core.calls.late_results import record_late
from core.calls.lifecycle import Result
from core.calls.recording import CallReport
from core.clock import now
from core.desk import notes, own_results
from core.desk.notes import LONGEST
from core.errors import Conflict, NotFound, SettingsError
from core.sentences import Sentence
from core.stores.mongo import Document, reachable

routes = router("calls")
log = logging.getLogger("callwise.api")

Agent = Annotated[str, Field(min_length=1, max_length=64, description="name of the agent", examples=["ann"])]
Prospect = Annotated[str, Field(min_length=1, max_length=300, examples=["autumn:17"])]
NOTHING = Sentence("Nothing was changed.")


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Next(_Asked):
    """Who is to be given the next person of which campaign."""

    campaign: str = Field(min_length=1, max_length=100, examples=["autumn"])
    agent: Agent


class Held(_Asked):
    """A person whom an agent holds."""

    prospect: Prospect
    agent: Agent


class Recorded(_Asked):
    """What came of a call. Sent again, it changes nothing."""

    prospect: Prospect
    agent: Agent
    call: int = Field(ge=1, le=1_000_000, description="number of the call: `calls` of the person plus one")
    result: Result | None = Field(None, description="the result; or name an own result of the campaign")
    own: str | None = Field(None, max_length=100, description="key of an own result of the campaign, with its effect")
    again: AwareDatetime | None = Field(None, description="time of the promised call, with its offset, for `callback`")
    note: str = Field("", max_length=LONGEST, description="for whoever calls next; kept encrypted")
    numbers: bool = Field(True, description="with `do not call`: nobody with one of the person's numbers is called")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.result is None) == (self.own is None):
            raise ValueError("name either a result or an own result")
        return self


class Given(BaseModel):
    """The person whom the agent holds now; null if nobody is free to be called."""

    person: Person | None


class Renewed(BaseModel):
    """Whether the agent still holds the person, and until when."""

    held: bool
    until: datetime | None = None


class Released(BaseModel):
    """The person is on the list again."""

    released: bool = True


class Call(BaseModel):
    """A call as it is stored. `counts`: whether the result changed the person's state; a late one may not."""

    call: str = Field(examples=["autumn:17:1"])
    prospect: str
    number: int
    agent: str = Field(examples=["dialler/ann"])
    result: Result
    own: str | None = None
    at: datetime
    again: datetime | None = None
    late: bool = False
    counts: bool = True


@routes.post("/kinds/{kind}/claims", summary="Claim the next person", **opens(Scope.CALLS))
def claim(request: Request, house: InKind, asked: Annotated[Next, Body()]) -> Given:
    """Give the agent the next person: one whom they hold already, then their promised calls, then the best free one."""
    token = token_of(request)
    agent = agent_name(token, asked.agent)
    house.require_campaign(asked.campaign)
    _require_free(request, house, agent)
    found = claims.claim(house.db, asked.campaign, agent, rules=house.rules)
    if found is None:
        return Given(person=None)
    about(request, found["_id"])
    return Given(person=person(house, token, found, at=now()))


@routes.post("/kinds/{kind}/claims/renewal", summary="Hold a person longer", **opens(Scope.CALLS))
def renew(request: Request, house: InKind, asked: Annotated[Held, Body()]) -> Renewed:
    """Renew the claim while the call lasts. `held` is false if it was lost; a result is recorded all the same."""
    agent = agent_name(token_of(request), asked.agent)
    about(request, asked.prospect)
    held = claim_renewal.renew(house.db, _prospect(house, asked.prospect), agent, rules=house.rules)
    return Renewed(held=held is not None, until=held["claim"]["until"] if held else None)


@routes.post("/kinds/{kind}/claims/release", summary="Give a person back", **opens(Scope.CALLS))
def release(request: Request, house: InKind, asked: Annotated[Held, Body()]) -> Released:
    """End the agent's claim without a result."""
    agent = agent_name(token_of(request), asked.agent)
    about(request, asked.prospect)
    claims.release(house.db, _prospect(house, asked.prospect)["_id"], agent)
    return Released()


@routes.post("/kinds/{kind}/results", summary="Record the result of a call", **opens(Scope.CALLS))
def record(request: Request, house: InKind, asked: Annotated[Recorded, Body()]) -> Call:
    """Record what came of a call, also after the claim was lost: then it is kept beside what a colleague recorded."""
    agent = agent_name(token_of(request), asked.agent)
    about(request, asked.prospect)
    known = _prospect(house, asked.prospect)
    _require_called(known, agent, asked.call)
    result = asked.result or own_results.effect_of(house.db, known["campaign"], str(asked.own))
    report = CallReport(
        result,
        again=asked.again,
        everywhere=house.schema.reference is not None,
        numbers=_numbers(house, known) if result is Result.DO_NOT_CALL and asked.numbers else (),
        groups=house.schema.known_groups_of(known.get("features") or {}),
        own=asked.own,
        note=notes.sealed(house.contact_keys, asked.note, agent, now()),
    )
    return _call(record_late(house.db, known["_id"], agent, report, call=asked.call, rules=house.rules))


def _prospect(house: House, key: str) -> Document:
    with reachable():
        found = house.db.prospects.find_one({"_id": key})
    if found is None:
        raise NotFound(Sentence("There is no prospect '{prospect}'.", prospect=key), kept=NOTHING)
    return found


def _numbers(house: House, prospect: Document) -> tuple[str, ...]:
    """The hashes of the person's numbers. A wish is recorded also where no key opens them."""
    try:
        known = contacts.ways(house.db, house.contact_keys, prospect["_id"]) if house.schema.contacts else []
    except SettingsError as error:
        log.warning("a wish bars no number of %s: %s", prospect["_id"], error)
        return ()
    return contacts.number_hashes(house.contact_keys, known)


def _require_free(request: Request, house: House, agent: str) -> None:
    """Raise Conflict if the agent holds a person of another kind. Raises Unavailable."""
    for other in houses_of(request).all():
        if other.kind.name != house.kind.name and campaigns_held(other.db, agent, now()):
            raise Conflict(
                Sentence("{agent} holds a person of the campaign kind '{kind}'.", agent=agent, kind=other.kind.name),
                kept=Sentence("You were given no person to call."),
                next=Sentence("Record that result first, or give the person back."),
            )


def _require_called(prospect: Document, agent: str, call: int) -> None:
    """Raise Conflict unless the agent holds or held the person, or has recorded this call.

    A screen shows a card only to who holds the person; here a program could name anybody.
    """
    claim = prospect.get("claim")
    made = int(prospect.get("calls") or 0)
    if call > made + 1:
        raise Conflict(
            Sentence("'{prospect}' has had {calls} calls.", prospect=prospect["_id"], calls=made),
            kept=Sentence("Nothing was recorded."),
            next=Sentence("Name the number of the call that was made."),
        )
    if claim and claim["by"] == agent:
        return
    if call > made and claim is None:
        raise Conflict(
            Sentence("{agent} was not given '{prospect}' to call.", agent=agent, prospect=prospect["_id"]),
            kept=Sentence("Nothing was recorded."),
            next=Sentence("Claim the person first."),
        )


def _call(call: Document) -> Call:
    late = call.get("late")
    return Call(
        call=call["_id"],
        prospect=call["prospect"],
        number=call["call"],
        agent=call["agent"],
        result=Result(call["result"]),
        own=call.get("own"),
        at=call["at"],
        again=call["again"]["at"] if call.get("again") else None,
        late=bool(late),
        counts=not late or bool(late["counts"]),
    )
