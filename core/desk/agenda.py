"""The agenda: the calls that were promised, of all campaigns, in the order of their time; and who makes them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.calls.campaigns import agents_of
from core.calls.lifecycle import Status, claim_holder
from core.clock import Clock, now
from core.errors import Conflict, InputError, NotFound
from core.sentences import Sentence
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable

MOST = 500
"""Promised calls that are read of one campaign."""

UNCHANGED = Sentence("The promised call is unchanged.")


@dataclass(frozen=True)
class Promise:
    """A promised call: whom, when, by whom, who gave it to them ("" where nobody did), and who holds the person now."""

    prospect: Document
    at: datetime
    by: str
    given_by: str
    held_by: str | None

    @property
    def key(self) -> str:
        """The prospect's key."""
        return str(self.prospect["_id"])

    @property
    def campaign(self) -> str:
        """The campaign's key."""
        return str(self.prospect["campaign"])

    @property
    def ref(self) -> str:
        """The person's reference, as it was written."""
        return str(self.prospect.get("written") or self.prospect["ref"])


def promises(db: Db, campaigns: Collection[str], at: datetime, *, agent: str | None = None) -> list[Promise]:
    """The promised calls of these `campaigns`, of `agent` alone if one is named, the earliest first.

    At most `MOST` of each campaign. Raises Unavailable.
    """
    found: list[Document] = []
    for campaign in campaigns:
        wanted: Document = {"campaign": campaign, "status": Status.CALLBACK.value}
        if agent is not None:
            wanted["again.by"] = agent
        with reachable():
            found += db.prospects.aggregate([{"$match": wanted}, {"$sort": {"due": 1}}, {"$limit": MOST}])
    return sorted((_promise(one, at) for one in found), key=lambda one: (one.at, one.key))


def reassign(
    db: Db, prospect: str, to: str, *, seen: str, by: str, names: Collection[str] | None = None, clock: Clock = now
) -> Promise:
    """Give the promised call of the agent `seen` to the agent `to`; repeating it changes nothing.

    `names`: the agents that there are; None lets anybody be named. Raises NotFound; InputError for an agent who is not
    there, or may not call the campaign; Conflict if the call is no longer promised by `seen`, or somebody holds the
    person; Unavailable.
    """
    at = clock()
    if names is not None and to not in names:
        raise InputError(Sentence("There is no agent '{name}'.", name=to), kept=UNCHANGED)
    with reachable():
        found = db.prospects.find_one({"_id": prospect})
        if found is None:
            raise NotFound(Sentence("There is no prospect '{prospect}'.", prospect=prospect), kept=UNCHANGED)
        campaign = db.campaigns.find_one({"_id": found["campaign"]}, {"agents": 1}) or {}
    if (assigned := agents_of(campaign)) and to not in assigned:
        raise InputError(
            Sentence("The campaign '{campaign}' is not assigned to {agent}.", campaign=found["campaign"], agent=to),
            kept=UNCHANGED,
            next=Sentence("Assign the campaign first, on the page Campaigns."),
        )
    again: Mapping[str, object] = found.get("again") or {}
    if found["status"] == Status.CALLBACK and again.get("by") == to:
        return _promise(found, at)
    if found["status"] != Status.CALLBACK or again.get("by") != seen:
        raise Conflict(
            Sentence("{ref} is no longer promised to {agent}.", ref=found["ref"], agent=seen), kept=UNCHANGED
        )
    if holder := claim_holder(found, at):
        raise Conflict(
            Sentence("{agent} is on the phone with {ref}.", agent=holder, ref=found["ref"]),
            kept=UNCHANGED,
            next=Sentence("Look again when the result is recorded."),
        )
    unchanged = {"_id": prospect, "status": Status.CALLBACK.value, "again.by": seen, "calls": found.get("calls")}
    new = {**again, "by": to, "given_by": by}
    with reachable():
        if not db.prospects.update_one(unchanged, {"$set": {"again": new}}).matched_count:
            raise Conflict(Sentence("{ref} has changed meanwhile.", ref=found["ref"]), kept=UNCHANGED)
    event_log.append(db, who=by, what=Event.CALLBACK_REASSIGNED, subject=found["campaign"], before=seen, after=to)
    return _promise({**found, "again": new}, at)


def _promise(prospect: Document, at: datetime) -> Promise:
    again = prospect["again"]
    return Promise(prospect, again["at"], again["by"], str(again.get("given_by") or ""), claim_holder(prospect, at))
