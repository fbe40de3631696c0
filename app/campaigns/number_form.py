"""The form for one phone number: whether it may be called, and putting it on the do-not-call list or taking it off."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from app.access import identity
from app.access.boundary import guarded_action
from app.campaigns import wish_terms
from app.language import _, formats, plural
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.do_not_call.number_wishes import add_number, lift_number, number_of, wishes_of_number
from core.wishes.number_keys import NumberKeys

_NUMBER, _WHY = "number_text", "number_why"


def draw_number_form(house: Appliance, keys: NumberKeys) -> None:
    """Draw the form. Raises InputError for a text that is no number, and Unavailable."""
    st.markdown("**" + _("One number") + "**")
    left, right = st.columns([3, 2])
    with left:
        text = st.text_input(_("Phone number, in any spelling"), key=_NUMBER, autocomplete="off").strip()
    with right:
        region = wish_terms.ask_region(house.schema, "number_region")
    if not text:
        st.caption(_("Type a number to see whether it may be called."))
        return
    number_of(text, region)
    found = wishes_of_number(house.db, keys, text, region=region)
    for wish, campaign in found:
        st.markdown(wish_terms.wish_line(wish, campaign))
    if not found:
        st.markdown(_("Not on the list."))
    where = wish_terms.ask_where(house.db, "number_where")
    until = wish_terms.ask_until(_("Until (empty: without an end)"), "number_until")
    st.text_input(_("Reason"), key=_WHY, max_chars=200)
    with st.container(horizontal=True):
        st.button(
            _("Put on the list"),
            key="number_put",
            icon=":material/block:",
            on_click=_put,
            args=(house, keys, text, region, where, until),
        )
        own = [campaign for wish, campaign in found if campaign == where and not wish.source.startswith("register ")]
        if own:
            st.button(
                _("Take off the list"),
                key="number_lift",
                icon=":material/remove_circle:",
                on_click=_lift,
                args=(house, keys, text, region, where),
            )


@guarded_action()
def _put(house: Appliance, keys: NumberKeys, text: str, region: str, where: str, until: datetime | None) -> None:
    who, why = identity.require(Role.MANAGER).shown, str(st.session_state.get(_WHY, ""))
    done = add_number(house.db, keys, text, by=who, why=why, region=region, until=until, campaign=where)
    people = plural(
        "{n} person was taken off the call lists.", "{n} people were taken off the call lists.", done.off
    ).format(n=formats.count(done.off))
    leave_notice(Notice("success", _("The number is on the do-not-call list."), people if done.off else ""))
    st.session_state[_WHY] = st.session_state[_NUMBER] = ""


@guarded_action()
def _lift(house: Appliance, keys: NumberKeys, text: str, region: str, where: str) -> None:
    who, why = identity.require(Role.MANAGER).shown, str(st.session_state.get(_WHY, ""))
    back = lift_number(house.db, keys, text, by=who, why=why, region=region, campaign=where)
    people = plural("{n} person can be called again.", "{n} people can be called again.", len(back))
    text = people.format(n=formats.count(len(back))) if back else ""
    leave_notice(Notice("success", _("The number is off the do-not-call list."), text))
    st.session_state[_WHY] = st.session_state[_NUMBER] = ""
