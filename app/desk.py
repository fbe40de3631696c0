"""The agent's desk: which prospect lies on it, and what the buttons do.

The database says who holds whom; the session only remembers where to look. A claim made in another tab or before a
reload is found again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import streamlit as st

from app import cached, formats, ranked_list
from app.appliance import Appliance
from app.notices import Notice, kept_for_next_run, leave
from core import prospects
from core.clock import now
from core.mongo import Document, reachable
from core.prospects import Result

_HELD, _OWNER = "held_prospect", "held_for"


@dataclass(frozen=True)
class Outcome:
    """A result as a button: its words, icon, key on the keyboard, and whether it is the good one."""

    result: Result
    label: str
    icon: str
    shortcut: str
    good: bool = False


OUTCOMES = (
    Outcome(Result.SOLD, "Sold", ":material/check:", "S", good=True),
    Outcome(Result.REFUSED, "Refused", ":material/close:", "X"),
)


@dataclass(frozen=True)
class Seat:
    """An agent at work on a campaign."""

    house: Appliance
    campaign: str
    agent: str

    def held(self) -> Document | None:
        """The prospect on the desk, or None. One whose hold ran out stays there until somebody else takes it."""
        at = now()
        if st.session_state.get(_OWNER) != (self.campaign, self.agent):
            key = ranked_list.held_by(self.house.db, self.campaign, self.agent, at)
            self._remember(key)
        key = st.session_state.get(_HELD)
        if key is None:
            return None
        with reachable():
            found = self.house.db.prospects.find_one({"_id": key})
        claim = found and found["claim"]
        if found is None or found["status"] != "open" or not claim:
            self._remember(None)
            return None
        if claim["by"] != self.agent:
            self._remember(None)
            leave(
                Notice(
                    "warning",
                    f"Your hold on {found['ref']} ran out, and {claim['by']} has taken it.",
                    "Nothing was recorded by you.",
                    "Take the next one.",
                )
            )
            return None
        return found

    @kept_for_next_run()
    def take(self) -> None:
        """Claim the best free prospect."""
        found = prospects.claim(self.house.db, self.campaign, self.agent, minutes=self.house.claim_minutes)
        self._remember(found["_id"] if found else None)
        if found is None:
            leave(
                Notice(
                    "info",
                    "Nobody is free to call in this campaign.",
                    next="Those left are on your colleagues' screens; try again later or choose another campaign.",
                )
            )

    @kept_for_next_run()
    def record(self, prospect: str, ref: str, outcome: Outcome) -> None:
        """Record what came of the call. On a conflict the desk is cleared and the agent told."""
        self._remember(None)
        prospects.record(self.house.db, prospect, self.agent, outcome.result)
        cached.forget_progress(self.house.db, self.campaign)
        leave(Notice("success", f"{outcome.label}: {ref} is recorded and off the list."))

    @kept_for_next_run()
    def give_back(self, prospect: str, ref: str) -> None:
        """Put the prospect back on the list without an outcome."""
        prospects.release(self.house.db, prospect, self.agent)
        self._remember(None)
        leave(Notice("info", f"{ref} is back on the list; nothing was recorded."))

    def _remember(self, key: str | None) -> None:
        st.session_state[_OWNER] = (self.campaign, self.agent)
        st.session_state[_HELD] = key


def remaining(prospect: Document, at: datetime) -> timedelta:
    """How long the hold lasts; negative once it ran out."""
    until: datetime = prospect["claim"]["until"]
    return until - at


def hold_text(prospect: Document, at: datetime, zone: str | None) -> str:
    """The hold in words."""
    rest = remaining(prospect, at)
    until = formats.moment(prospect["claim"]["until"], zone, day=False)
    if rest > timedelta(0):
        return f"Held for you until {until} ({formats.left(rest)} left)"
    return f"Your hold ran out at {until}. You can still record the outcome until somebody else takes this person."
