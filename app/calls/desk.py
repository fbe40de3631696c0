"""The agent's desk: which prospect lies on it, and what the buttons do.

The database says who holds whom; the session only remembers where to look. A claim made in another tab or before a
reload is found again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import streamlit as st

from app.access.boundary import kept_for_next_run
from app.calls import best_time, offered, result_words
from app.language import _, formats
from app.ranked_list import cached
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave
from core.calls import claims, holds, undo
from core.calls.filters import CallFilter
from core.calls.late_results import record_late
from core.calls.lifecycle import Result
from core.calls.recording import CallReport
from core.clock import now
from core.errors import Conflict, NotFound
from core.stores.mongo import Document, reachable

_HELD, _OWNER, _CALL = "held_prospect", "held_for", "held_call"


@dataclass(frozen=True)
class Seat:
    """An agent at work on a campaign."""

    house: Appliance
    campaign: str
    agent: str

    def held(self) -> Document | None:
        """The prospect on the desk, or None.

        One whom the agent lost stays there (`lost`) until they record a result of their call or put the card away.
        """
        at = now()
        if st.session_state.get(_OWNER) != (self.campaign, self.agent):
            db = self.house.db
            mine = claims.mine(db, self.campaign, self.agent, at) or holds.lapsed(db, self.campaign, self.agent, at)
            self._remember(mine[0] if mine else None)
        key = st.session_state.get(_HELD)
        if key is None:
            return None
        with reachable():
            found = self.house.db.prospects.find_one({"_id": key})
        if found is None or self._is_recorded(found):
            self._remember(None)
            return None
        if not self.lost(found):
            self._remember(found)
        return found

    def lost(self, prospect: Document) -> bool:
        """Whether the prospect on the desk is held by the agent no more, or can no longer be called."""
        return not holds.is_held_by(prospect, self.agent)

    @property
    def call(self) -> int:
        """The number of the call that the card on the desk is about."""
        return int(st.session_state[_CALL])

    def renew(self, prospect: Document) -> Document | None:
        """Hold on to the prospect whose card is open; None if the card is out of date. Raises Unavailable."""
        return holds.renew(self.house.db, prospect, self.agent, rules=self.house.rules)

    @kept_for_next_run()
    def take(self, wanted: CallFilter) -> None:
        """Claim whoever is next, of those `wanted`."""
        found = claims.claim(
            self.house.db,
            self.campaign,
            self.agent,
            wanted=wanted,
            all_of_them=offered.all_of_them(),
            rules=self.house.rules,
        )
        self._remember(found)
        if found is None and wanted:
            leave(
                Notice(
                    "info",
                    _("Nobody whom the filter lets through is free to call."),
                    next=_("Choose less in the filter, or try again later."),
                )
            )
        elif found is None:
            leave(
                Notice(
                    "info",
                    _("Nobody is free to call in this campaign."),
                    next=_("Those left are on your colleagues' screens; try again later or choose another campaign."),
                )
            )

    @kept_for_next_run()
    def record(self, prospect: Document, result: Result, again: datetime | None = None) -> None:
        """Record what came of the call that the card of `prospect` is about; `again` is when another was promised.

        Whatever became of the hold, the result is kept (`core.calls.late_results`). On a conflict with another result
        of this agent the desk is cleared and the agent told; a time that cannot be promised leaves the card there.
        """
        try:
            call = record_late(
                self.house.db,
                prospect["_id"],
                self.agent,
                CallReport(
                    result,
                    again=again,
                    everywhere=self.house.schema.reference is not None,
                    groups=best_time.groups(self.house.schema, prospect["features"]),
                ),
                call=call_of(prospect),
                rules=self.house.rules,
            )
        except (Conflict, NotFound):
            self._remember(None)
            raise
        self._remember(None)
        cached.forget_progress(self.house.db, self.campaign)
        leave(Notice("success", result_words.told(call, self.house.rules, st.context.timezone)))

    def last_call(self) -> Document | None:
        """The call of this agent that can be taken back at this moment."""
        return undo.last(self.house.db, self.campaign, self.agent, rules=self.house.rules)

    @kept_for_next_run()
    def take_back(self, call: Document) -> None:
        """Take a result back; the person is on the desk again."""
        undone = undo.undo(self.house.db, call["_id"], self.agent, rules=self.house.rules)
        with reachable():
            found = self.house.db.prospects.find_one({"_id": call["prospect"]})
        self._remember(found)
        cached.forget_progress(self.house.db, self.campaign)
        what = _("{result} is taken back: {ref} is on your desk again.")
        if found is None or self.lost(found):
            what = _("{result} is taken back. Say below what came of your call to {ref}, or put the card away.")
        kept = _("A training had read it already; models learn without it from the next training on.")
        said = what.format(result=result_words.label(Result(call["result"])), ref=call["ref"])
        leave(Notice("info", said, kept if undone.learnt else ""))

    @kept_for_next_run()
    def give_back(self, prospect: str, ref: str) -> None:
        """Put the prospect back on the list without an outcome."""
        claims.release(self.house.db, prospect, self.agent)
        self._remember(None)
        leave(Notice("info", _("{ref} is back on the list; nothing was recorded.").format(ref=ref)))

    @kept_for_next_run()
    def put_away(self) -> None:
        """Clear the desk of a prospect whom the agent held no more and has not called."""
        self._remember(None)

    def _remember(self, prospect: Document | None) -> None:
        """Lay the prospect on the desk, and with it the number of the call that the agent is to make."""
        st.session_state[_OWNER] = (self.campaign, self.agent)
        st.session_state[_HELD] = prospect["_id"] if prospect else None
        st.session_state[_CALL] = call_of(prospect) if prospect else None

    def _is_recorded(self, prospect: Document) -> bool:
        """Whether the agent recorded the call that the card is about elsewhere, in another tab say."""
        numbers = range(self.call, call_of(prospect))
        keys = [f"{prospect['_id']}:{number}" for number in numbers]
        with reachable():
            made = list(self.house.db.calls.find({"_id": {"$in": keys}})) if keys else []
        return any(call["agent"] == self.agent and not call.get("undone") for call in made)


def call_of(prospect: Document) -> int:
    """The number of the next call to the prospect, as they were read."""
    return int(prospect.get("calls") or 0) + 1


def remaining(prospect: Document, at: datetime) -> timedelta:
    """How long the hold lasts; negative once it ran out."""
    until: datetime = prospect["claim"]["until"]
    return until - at


def hold_text(prospect: Document, at: datetime, zone: str | None) -> str:
    """The hold in words."""
    rest = remaining(prospect, at)
    until = formats.moment(prospect["claim"]["until"], zone, day=False)
    if rest > timedelta(0):
        return _("Held for you until {until} ({left} left)").format(until=until, left=formats.left(rest))
    return _("Your hold ran out at {until}. Record the result all the same: it is kept.").format(until=until)
