"""A claim is renewed for as long as the agent's card of the prospect is open.

A claim that lapsed (a laptop asleep, no network) still names its agent until another agent takes the prospect, so the
agent finds the card again. `core.calls.late_results` records what comes after the prospect was taken.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from core.calls import do_not_call
from core.calls.lifecycle import CALLABLE, STANDARD, CallRules
from core.calls.recording import TRIES, take_claim
from core.clock import Clock, now
from core.errors import Conflict
from core.stores.mongo import Db, Document, reachable
from core.wishes.lookup import wish_of

LONGEST_ABSENCE = timedelta(hours=12)
"""How long an agent still finds a card after its claim lapsed: a shift, which no session outlasts."""


def is_held_by(prospect: Document, agent: str) -> bool:
    """Whether the prospect can be called and its last claim, running or lapsed, is of `agent`."""
    claim = prospect["claim"]
    return prospect["status"] in CALLABLE and bool(claim) and claim["by"] == agent


def renew(db: Db, drawn: Document, agent: str, *, rules: CallRules = STANDARD, clock: Clock = now) -> Document | None:
    """Renew the claim of `agent` on the prospect that the card shows as `drawn`; None if the card is out of date.

    Writes at most once in half the length of a claim, however often it is called. Renews a lapsed claim, too, unless
    another agent has taken the prospect, or somebody has recorded a wish not to call the person: that takes them off
    the list, and the card says so. Raises Unavailable.
    """
    with reachable():
        for _ in range(TRIES):
            seen = db.prospects.find_one({"_id": drawn["_id"]})
            if seen is None or not is_held_by(seen, agent) or seen.get("calls") != drawn.get("calls"):
                return None
            at = clock()
            if wish := wish_of(db, seen, at):
                do_not_call.take_off_list(db, seen, wish.key)
                return None
            if seen["claim"]["until"] - at > rules.claim / 2:
                return seen
            try:
                held = take_claim(db, seen, agent, at, rules)
            except Conflict:
                return None
            if held is not None:
                return held
    return None


def lapsed(db: Db, campaign: str, agent: str, at: datetime) -> list[Document]:
    """The prospects of `campaign` whose last claim is of `agent` and lapsed, the newest first. Raises Unavailable."""
    with reachable():
        last = list(db.prospects.aggregate([{"$match": {"claim.by": agent}}]))
    own = [p for p in last if p["campaign"] == campaign and is_held_by(p, agent)]
    recent = [p for p in own if at - LONGEST_ABSENCE < p["claim"]["until"] <= at]
    return sorted(recent, key=lambda prospect: (prospect["claim"]["until"], prospect["_id"]), reverse=True)
