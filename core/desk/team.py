"""A team at work: who is on the phone, who waits, and what each agent has done since a moment.

Two queries answer it, both by an index: the claims, and the calls since that moment.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from core.calls.lifecycle import CALLABLE, Result, claim_holder
from core.stores.mongo import Db, reachable

REACHED = frozenset({Result.SOLD, Result.REFUSED, Result.CALLBACK, Result.DO_NOT_CALL})
"""Results of a call in which somebody was spoken to. A wrong number reached somebody else."""


@dataclass
class AtWork:
    """An agent. `campaign` and `since`: of the person they hold, or None. `last`: their last call since the moment.

    `calls` without those that were taken back; `reached` of these with a conversation; `sold` of these with a sale.
    """

    agent: str
    campaign: str | None = None
    since: datetime | None = None
    calls: int = 0
    reached: int = 0
    sold: int = 0
    last: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether the agent holds nobody."""
        return self.campaign is None


def team(db: Db, agents: Collection[str], since: datetime, at: datetime) -> list[AtWork]:
    """Each of `agents`, and whoever else holds a person or has called since the full second `since`; by name.

    Raises Unavailable.
    """
    known = {agent: AtWork(agent) for agent in agents}
    with reachable():
        held = list(db.prospects.aggregate([{"$match": {"claim.by": {"$gt": ""}}}]))
        made = list(db.calls.find({"at": {"$gte": since}}, {"agent": 1, "at": 1, "result": 1, "undone": 1}))
    for prospect in held:
        agent = claim_holder(prospect, at)
        if agent and prospect["status"] in CALLABLE:
            one = known.setdefault(agent, AtWork(agent))
            one.campaign, one.since = prospect["campaign"], prospect["claim"].get("since")
    for call in made:
        if call.get("undone"):
            continue
        one = known.setdefault(call["agent"], AtWork(call["agent"]))
        result = Result(call["result"])
        one.calls += 1
        one.reached += result in REACHED
        one.sold += result is Result.SOLD
        one.last = max(one.last or call["at"], call["at"])
    return [known[agent] for agent in sorted(known)]
