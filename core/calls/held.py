"""The person whom an agent holds: nobody calls two people at once, in whichever campaign kind."""

from __future__ import annotations

from datetime import datetime

from core.calls import claim_renewal
from core.calls.lifecycle import claim_holder
from core.stores.mongo import Db, reachable


def campaign_held(db: Db, agent: str, at: datetime) -> str | None:
    """The campaign of a person whom `agent` holds at that moment in the kind of `db`. Raises Unavailable."""
    with reachable():
        theirs = list(db.prospects.aggregate([{"$match": {"claim.by": agent}}]))
    held = [one for one in theirs if claim_renewal.is_held_by(one, agent) and claim_holder(one, at) == agent]
    return str(held[0]["campaign"]) if held else None
