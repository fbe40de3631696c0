"""The agent's desk: the prospect on it, and the actions of the buttons.

The database stores the claims, and the session only the key of a prospect. So the desk finds a claim that was made in
another tab or before a reload.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import streamlit as st

from app.access.boundary import guarded_action
from app.calling_rules.figures import nobody_text
from app.calls import contact_lines, offered, result_words
from app.desk import note_field
from app.desk.result_names import call_name, own_names
from app.language import _, formats
from app.ranked_list import cached
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.calls import claim_renewal, claims, undo
from core.calls.filters import CallFilter
from core.calls.late_results import record_late
from core.calls.lifecycle import Result, next_call
from core.calls.recording import CallReport
from core.clock import now
from core.errors import Conflict, NotFound
from core.lists.callable_now import nobody_now
from core.stores.mongo import Document, reachable
from core.wishes.lookup import wish_of

_HELD, _OWNER, _CALL = "held_prospect", "held_for", "held_call"


@dataclass(frozen=True)
class Seat:
    """An agent who calls a campaign."""

    house: Appliance
    campaign: str
    agent: str

    @property
    def _owner(self) -> tuple[str, str, str]:
        return self.house.kind, self.campaign, self.agent

    def prospect(self) -> Document | None:
        """The prospect on the desk, or None.

        A prospect whose claim was lost (`has_lost`) stays until the agent records a result or puts the card away.
        """
        at = now()
        if st.session_state.get(_OWNER) != self._owner:
            db = self.house.db
            mine = claims.held_by(db, self.campaign, self.agent, at) or claim_renewal.lapsed(
                db, self.campaign, self.agent, at
            )
            self._remember(mine[0] if mine else None)
        key = st.session_state.get(_HELD)
        if key is None:
            return None
        with reachable():
            prospect = self.house.db.prospects.find_one({"_id": key})
        if prospect is None or self._is_recorded(prospect):
            self._remember(None)
            return None
        if not self.has_lost(prospect):
            self._remember(prospect)
        return prospect

    def has_lost(self, prospect: Document) -> bool:
        """Whether the agent has lost the claim on the prospect, or the prospect can no longer be called."""
        return not claim_renewal.is_held_by(prospect, self.agent)

    @property
    def call(self) -> int:
        """The number of the call on the desk."""
        return int(st.session_state[_CALL])

    def renew(self, prospect: Document) -> Document | None:
        """Renew the claim on the prospect of the open card; None if the card is out of date. Raises Unavailable."""
        return claim_renewal.renew(self.house.db, prospect, self.agent, rules=self.house.rules)

    @guarded_action()
    def take(self, call_filter: CallFilter) -> None:
        """Claim the next prospect that matches `call_filter`, unless another campaign kind has one for this agent."""
        if offered.held_elsewhere(self.house, self.campaign, self.agent) is not None:
            return  # the page shows that one
        prospect = claims.claim(
            self.house.db,
            self.campaign,
            self.agent,
            call_filter=call_filter,
            all_of_them=offered.may_call_all(),
            rules=self.house.rules,
        )
        self._remember(prospect)
        if prospect is None and call_filter:
            leave_notice(
                Notice(
                    "info",
                    _("Nobody who matches the filter is free to call."),
                    next=_("Widen the filter, or try again later."),
                )
            )
        elif prospect is None:
            nobody = nobody_now(self.house.db, self.campaign, now())
            leave_notice(
                Notice("info", _("Nobody can be called now."), next=nobody_text(nobody, st.context.timezone))
                if nobody
                else Notice(
                    "info",
                    _("Nobody is free to call in this campaign."),
                    next=_("Your colleagues have the people who are left. Try later, or choose another campaign."),
                )
            )

    @guarded_action()
    def take_person(self, prospect: str, *, calls_in: bool = True) -> None:
        """Claim this prospect, unless the agent holds another one. `calls_in`: the person is on the phone."""
        if self.prospect() is not None or offered.held_elsewhere(self.house, self.campaign, self.agent) is not None:
            leave_notice(Notice("info", _("Record the result of the person on your desk first, or give them back.")))
            return
        held = claims.claim_person(
            self.house.db,
            prospect,
            self.agent,
            calls_in=calls_in,
            all_of_them=offered.may_call_all(),
            rules=self.house.rules,
        )
        self._remember(held)

    @guarded_action()
    def record(self, prospect: Document, result: Result, again: datetime | None = None, own: str | None = None) -> None:
        """Record the result of the call on the card of `prospect`, with the note in the card's field.

        `again` is the time of a promised callback, `own` the key of the campaign's own result.

        The result is stored even if the claim was lost (`core.calls.late_results`). A conflict with another result of
        this agent clears the desk and is shown. A time that cannot be promised leaves the card on the desk.
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
                    numbers=contact_lines.numbers_to_bar(self.house, prospect) if result is Result.DO_NOT_CALL else (),
                    groups=self.house.schema.known_groups_of(prospect["features"]),
                    own=own,
                    note=note_field.taken_note(self.house, prospect["_id"], self.agent),
                ),
                call=next_call(prospect),
                rules=self.house.rules,
            )
        except (Conflict, NotFound):
            self._remember(None)
            raise
        self._remember(None)
        note_field.clear_note(prospect["_id"])
        cached.forget_progress(self.house.db, self.campaign)
        leave_notice(Notice("success", result_words.result_message(call, self.house.rules, st.context.timezone)))

    def last_call(self) -> Document | None:
        """The agent's call that can still be taken back, or None."""
        return undo.last_undoable(self.house.db, self.campaign, self.agent, rules=self.house.rules)

    @guarded_action()
    def take_back(self, call: Document) -> None:
        """Take a result back, and put the person on the desk again."""
        undone = undo.undo(self.house.db, call["_id"], self.agent, rules=self.house.rules)
        with reachable():
            prospect = self.house.db.prospects.find_one({"_id": call["prospect"]})
        self._remember(prospect)
        cached.forget_progress(self.house.db, self.campaign)
        what = _("{result} is taken back: {ref} is on your desk again.")
        if prospect is None or self.has_lost(prospect):
            what = _("{result} is taken back. Record the result of your call to {ref} below, or put the card away.")
        kept = _("A training has already used this result; the next training leaves it out.")
        what = what.format(result=call_name(call, own_names(self.house.db, [call])), ref=call["ref"])
        leave_notice(Notice("info", what, kept if undone.learnt else ""))

    @guarded_action()
    def give_back(self, prospect: str, ref: str) -> None:
        """Put the prospect back on the list without a result."""
        claims.release(self.house.db, prospect, self.agent)
        self._remember(None)
        leave_notice(Notice("info", _("{ref} is back on the list; nothing was recorded.").format(ref=ref)))

    @guarded_action()
    def dialled(self, prospect: Document) -> None:
        """Look again whether the person whose number was clicked may be called. A wish leaves a warning."""
        if wish_of(self.house.db, prospect):
            raise Conflict(
                _("{ref} asked not to be called: do not call them any more.").format(ref=prospect["ref"]),
                kept=_("Nothing was recorded."),
                next=_("Hang up, and put the card away."),
            )

    @guarded_action()
    def put_away(self) -> None:
        """Clear the desk of a prospect whose claim was lost and whom the agent has not called."""
        self._remember(None)

    def _remember(self, prospect: Document | None) -> None:
        """Store the prospect's key and the number of the next call in the session."""
        st.session_state[_OWNER] = self._owner
        st.session_state[_HELD] = prospect["_id"] if prospect else None
        st.session_state[_CALL] = next_call(prospect) if prospect else None

    def _is_recorded(self, prospect: Document) -> bool:
        """Whether the agent has recorded the call on the card elsewhere, as in another tab."""
        keys = [f"{prospect['_id']}:{number}" for number in range(self.call, next_call(prospect))]
        with reachable():
            made = list(self.house.db.calls.find({"_id": {"$in": keys}})) if keys else []
        return any(call["agent"] == self.agent and not call.get("undone") for call in made)


def remaining(prospect: Document, at: datetime) -> timedelta:
    """The time left of the claim; negative after its end."""
    until: datetime = prospect["claim"]["until"]
    return until - at


def claim_text(prospect: Document, at: datetime, zone: str | None) -> str:
    """The claim in words."""
    rest = remaining(prospect, at)
    until = formats.moment(prospect["claim"]["until"], zone, day=False)
    if rest > timedelta(0):
        return _("Held for you until {until} ({left} left)").format(until=until, left=formats.time_left(rest))
    return _("Your claim ran out at {until}. You can still record the result: it is kept.").format(until=until)
