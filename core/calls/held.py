"""The people whom an agent holds: nobody calls two people at once, in whichever campaign kind."""

from __future__ import annotations

from datetime import datetime

from core.calls import claim_renewal
from core.calls.lifecycle import claim_holder
from core.stores.mongo import Db, reachable


def campaigns_held(db: Db, agent: str, at: datetime) -> list[str]:
    """The campaigns of the people whom `agent` holds at that moment in the kind of `db`. Raises Unavailable."""
    with reachable():
        theirs = list(db.prospects.aggregate([{"$match": {"claim.by": agent}}]))
    held = [one for one in theirs if claim_renewal.is_held_by(one, agent) and claim_holder(one, at) == agent]
    return [str(one["campaign"]) for one in held]
