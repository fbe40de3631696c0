"""The correction of a result: find the person, see their calls, say what the result was and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import streamlit as st

from app.access import identity
from app.access.boundary import guarded_action
from app.calls import history
from app.desk.result_names import call_name, own_names, result_name
from app.language import _, formats, zones
from app.ranked_list import cached, search
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.calls.lifecycle import Result
from core.clock import now
from core.desk import correction, own_results
from core.desk.correction import LONGEST, Correction
from core.desk.own_results import OwnResult
from core.stores.mongo import Document

STEP = timedelta(minutes=15)


def draw_corrections(house: Appliance, campaigns: Mapping[str, str]) -> None:
    """Draw the search, the calls of whom it finds, and the form for one call. Raises SettingsError, Unavailable."""
    text = st.text_input(_("Name, phone number, e-mail address or reference"), key="correct-text")
    if not text.strip():
        st.caption(_("A result can be corrected after the minute in which its agent may take it back."))
        return
    matches = search.find(house, campaigns, text)
    made = [
        (match, call)
        for match in matches
        for call in history.calls(house.db, match.prospect, everywhere=False)
    ]  # fmt: skip
    if not made:
        st.caption(_("No calls are found by that.") if matches else _("Nobody is found by that."))
        return
    names = own_names(house.db, [call for _match, call in made])
    for match, call in made:
        with st.container(key=f"correct-{call['_id']}", border=True, horizontal=True, vertical_alignment="center"):
            who = formats.plain(match.name or str(match.prospect.get("written") or match.prospect["ref"]))
            when = formats.moment(call["at"], st.context.timezone)
            parts = (campaigns[call["campaign"]], when, call["agent"], call_name(call, names))
            st.markdown(f"**{who}** · {formats.plain(' · '.join(parts))}", width="stretch")
            with st.popover(_("Correct…"), key=f"correct-open-{call['_id']}"):
                _form(house, call)


def _form(house: Appliance, call: Document) -> None:
    key = call["_id"]
    own = own_results.read_own_results(house.db, call["campaign"])
    choices: list[Result | OwnResult] = [*Result, *own]
    chosen = st.selectbox(
        _("Result"),
        choices,
        key=f"correct-result-{key}",
        format_func=lambda one: one.name if isinstance(one, OwnResult) else result_name(one),
    )
    effect = chosen.effect if isinstance(chosen, OwnResult) else chosen
    if effect is Result.CALLBACK:
        local = (
            now().astimezone(zones.zone(st.context.timezone)).replace(tzinfo=None, minute=0, second=0, microsecond=0)
        )
        st.session_state.setdefault(_time(key), local + timedelta(hours=2))
        st.datetime_input(_("Promised for"), min_value=local.replace(hour=0), step=STEP, key=_time(key))
    st.text_input(
        _("Reason"),
        key=f"correct-why-{key}",
        max_chars=LONGEST,
        help=_("It is kept in the event log, so leave out names and numbers."),
    )
    st.button(_("Correct"), key=f"correct-go-{key}", type="primary", on_click=_correct, args=(house, call))


@guarded_action()
def _correct(house: Appliance, call: Document) -> None:
    key, by = call["_id"], identity.require(Role.MANAGER).shown
    chosen: Result | OwnResult = st.session_state[f"correct-result-{key}"]
    effect, own = (chosen.effect, chosen.key) if isinstance(chosen, OwnResult) else (chosen, None)
    promised: datetime | None = st.session_state.get(_time(key)) if effect is Result.CALLBACK else None
    again = promised.replace(tzinfo=zones.zone(st.context.timezone)) if promised else None
    everywhere, why = house.schema.reference is not None, str(st.session_state.get(f"correct-why-{key}") or "")
    wanted = Correction(effect, why, again=again, everywhere=everywhere, own=own)
    done = correction.correct(house.db, key, wanted, by=by, rules=house.rules)
    cached.forget_progress(house.db, call["campaign"])
    what = _("{ref} has the result {result} now.").format(
        ref=call["ref"], result=call_name({**done.call, "corrected": None}, own_names(house.db, [done.call]))
    )
    learnt = _("A training has already used the result before; the next training uses this one.") if done.learnt else ""
    state = (
        "" if done.listed else _("The person's place on the list is that of a later call, or of the call under way.")
    )
    leave_notice(Notice("success", what, learnt, state))


def _time(key: str) -> str:
    return f"correct-again-{key}"
