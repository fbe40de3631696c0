"""Keeping a hold: the claim on a prospect is renewed for as long as the agent's card is open.

A hold that lapses (a laptop asleep, a network away) still names its agent until somebody else takes the prospect, so
the agent finds the card again. Taking a prospect is in `core.prospects`, what is recorded after a hold was lost in
`core.calls.late_results`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from core.calls.lifecycle import CALLABLE, STANDARD, CallRules
from core.calls.recording import TRIES, take
from core.clock import Clock, now
from core.errors import Conflict
from core.stores.mongo import Db, Document, reachable

LONGEST_ABSENCE = timedelta(hours=12)
"""How long after a hold lapsed its agent still finds the card again: a shift, which no session outlasts."""


def is_held_by(prospect: Document, agent: str) -> bool:
    """Whether the prospect can be called, and the last hold on it is of `agent`: running, or lapsed and not taken."""
    claim = prospect["claim"]
    return prospect["status"] in CALLABLE and bool(claim) and claim["by"] == agent


def renew(db: Db, drawn: Document, agent: str, *, rules: CallRules = STANDARD, clock: Clock = now) -> Document | None:
    """The prospect whose card was drawn from `drawn`, still held for `agent`; None if the card is out of date.

    Writes once in half the length of a hold, however often it is asked. A hold that lapsed is taken again where nobody
    else has taken the prospect. Raises Unavailable.
    """
    with reachable():
        for _ in range(TRIES):
            seen = db.prospects.find_one({"_id": drawn["_id"]})
            if seen is None or not is_held_by(seen, agent) or seen.get("calls") != drawn.get("calls"):
                return None
            at = clock()
            if seen["claim"]["until"] - at > rules.claim / 2:
                return seen
            try:
                held = take(db, seen, agent, at, rules)
            except Conflict:
                return None
            if held is not None:
                return held
    return None


def lapsed(db: Db, campaign: str, agent: str, at: datetime) -> list[Document]:
    """The prospects of `campaign` whom `agent` held last, whose hold lapsed, and whom nobody has taken since.

    The newest hold comes first. Raises Unavailable.
    """
    with reachable():
        last = list(db.prospects.aggregate([{"$match": {"claim.by": agent}}]))
    found = [p for p in last if p["campaign"] == campaign and is_held_by(p, agent)]
    recent = [p for p in found if at - LONGEST_ABSENCE < p["claim"]["until"] <= at]
    return sorted(recent, key=lambda prospect: (prospect["claim"]["until"], prospect["_id"]), reverse=True)
