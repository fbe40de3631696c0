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
from core.calls import claims, undo
from core.calls.filters import Wanted
from core.calls.lifecycle import CALLABLE, Result, Status
from core.clock import now
from core.errors import Conflict, NotFound
from core.stores.mongo import Document, reachable

_HELD, _OWNER = "held_prospect", "held_for"


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
            mine = claims.mine(self.house.db, self.campaign, self.agent, at)
            self._remember(mine[0]["_id"] if mine else None)
        key = st.session_state.get(_HELD)
        if key is None:
            return None
        with reachable():
            found = self.house.db.prospects.find_one({"_id": key})
        claim = found and found["claim"]
        if found is None or found["status"] not in CALLABLE or not claim:
            self._remember(None)
            if found is not None and found["status"] == Status.OFF.value:
                leave(
                    Notice(
                        "warning",
                        _("{ref} was taken off the list meanwhile.").format(ref=found["ref"]),
                        _("Nothing was recorded by you."),
                        _("Take the next one."),
                    )
                )
            return None
        if claim["by"] != self.agent:
            self._remember(None)
            leave(
                Notice(
                    "warning",
                    _("Your claim on {ref} ran out, and {name} has taken it.").format(
                        ref=found["ref"], name=claim["by"]
                    ),
                    _("Nothing was recorded by you."),
                    _("Take the next one."),
                )
            )
            return None
        return found

    @kept_for_next_run()
    def take(self, wanted: Wanted) -> None:
        """Claim whoever is next, of those `wanted`."""
        found = claims.claim(
            self.house.db,
            self.campaign,
            self.agent,
            wanted=wanted,
            all_of_them=offered.all_of_them(),
            rules=self.house.rules,
        )
        self._remember(found["_id"] if found else None)
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

        On a conflict the desk is cleared and the agent told; a time that cannot be promised leaves the card there.
        """
        try:
            call = claims.record(
                self.house.db,
                prospect["_id"],
                self.agent,
                result,
                call=int(prospect.get("calls") or 0) + 1,
                again=again,
                everywhere=self.house.schema.reference is not None,
                groups=best_time.groups(self.house.schema, prospect["features"]),
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
        self._remember(call["prospect"])
        cached.forget_progress(self.house.db, self.campaign)
        what = _("{result} is taken back: {ref} is on your desk again.")
        kept = _("A training had read it already; models learn without it from the next training on.")
        said = what.format(result=result_words.label(Result(call["result"])), ref=call["ref"])
        leave(Notice("info", said, kept if undone.learnt else ""))

    @kept_for_next_run()
    def give_back(self, prospect: str, ref: str) -> None:
        """Put the prospect back on the list without an outcome."""
        claims.release(self.house.db, prospect, self.agent)
        self._remember(None)
        leave(Notice("info", _("{ref} is back on the list; nothing was recorded.").format(ref=ref)))

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
        return _("Held for you until {until} ({left} left)").format(until=until, left=formats.left(rest))
    return _(
        "Your claim ran out at {until}. You can still record the outcome until somebody else takes this person."
    ).format(until=until)
