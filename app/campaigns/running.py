"""Runs one campaign: shows its progress and sets its state, its agents, its title and its script."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.access import identity
from app.access.boundary import guarded_action
from app.calling_rules.figures import draw_callable_now
from app.calling_rules.form import draw_rules_form
from app.campaigns.pace import Pace, pace
from app.campaigns.script_form import draw_script_form
from app.campaigns.withdrawal_form import draw_withdrawal_form
from app.desk.dialling_form import draw_dialling_form
from app.desk.own_result_form import draw_own_results_form
from app.language import _, formats, plural, translate
from app.lists.deletion_form import draw_deletion_form
from app.ranked_list import cached
from app.ranked_list.export_form import draw_export_form
from app.ranked_list.listing import Progress
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.calls import campaigns
from core.calls.campaigns import LONGEST, State, agents_of, state_of, title_of
from core.stores.mongo import Document

ICONS = {State.OPEN: ":material/call:", State.PAUSED: ":material/pause_circle:", State.CLOSED: ":material/lock:"}


def draw_running_campaign(house: Appliance, found: Sequence[Document], agents: Sequence[str]) -> None:
    """Draw one of the campaigns `found`; `agents` are the names that may be assigned."""
    by_key = {str(campaign["_id"]): campaign for campaign in found}
    key = st.selectbox(_("Campaign"), list(by_key), key="desk_campaign", format_func=lambda one: title_of(by_key[one]))
    campaign = by_key[key]
    if campaign.get("deleting"):
        st.info(_("This campaign is being deleted."), icon=":material/hourglass:")
        return
    state = cached.progress(house.db, key)
    with st.container(key="campaign-progress", border=True):
        _progress(house, campaign, state)
    with st.container(key="campaign-settings", border=True):
        _states(house, campaign)
        left, right = st.columns(2, gap="large")
        with left:
            _agents(house, campaign, agents)
        with right:
            _title(house, campaign)
    draw_rules_form(house, key)
    st.markdown("**" + _("What agents say") + "**")
    draw_script_form(house, key)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown("**" + _("Results of this campaign's own") + "**")
        draw_own_results_form(house, campaign)
    with right:
        st.markdown("**" + _("How numbers are dialled") + "**")
        draw_dialling_form(house, campaign)
    with st.container(key="campaign-withdrawal", border=True):
        draw_withdrawal_form(house, key)
    with st.container(key="campaign-export", border=True):
        draw_export_form(house, campaign)
    draw_deletion_form(house, campaign)


def state_word(state: State) -> str:
    """The state as a word, in the reader's language."""
    return translate(state.words)


def _progress(house: Appliance, campaign: Document, state: Progress) -> None:
    current = pace(house.db, campaign["_id"], st.context.timezone)
    called, total = formats.count(state.called), formats.count(state.total)
    if state.total:
        text = _("{called} of {total} people finished").format(called=called, total=total)
        st.progress(state.called / state.total, text=text)
    with st.container(horizontal=True, gap="medium"):
        st.metric(_("To call"), formats.count(state.to_call), width="content")
        st.metric(_("Calls today"), formats.count(current.today), width="content")
        rate = f" ({formats.percent(state.sold / state.done)})" if state.done else ""
        st.metric(_("Sold"), formats.count(state.sold) + rate, width="content")
        if state.withdrawn:
            st.metric(_("Withdrawn"), formats.count(state.withdrawn), width="content")
    draw_callable_now(house.db, str(campaign["_id"]))
    st.caption(pace_text(current, state.to_call))


def pace_text(pace: Pace, to_call: int) -> str:
    """How long the rest takes, and the figures behind that estimate."""
    closed, left = pace.closed_a_day, pace.days_left(to_call)
    if not to_call:
        return _("Nobody is left to call.")
    if closed is None:
        return _("An estimate of how long the rest takes needs two days with calls.")
    if left is None:
        return _("Nobody has left the list in the last two weeks, so there is no estimate of how long the rest takes.")
    days = plural("{n} such day", "{n} such days", left).format(n=formats.count(left))
    text = _(
        "On the last {days} days with calls, about {people} people a day left the list (sold, refused or taken off). "
        "At that pace the rest takes about {left}. More or fewer agents, or a list that gets harder, change that."
    )
    return text.format(days=len(pace.days), people=formats.count(round(closed)), left=days)


def _states(house: Appliance, campaign: Document) -> None:
    current = state_of(campaign)
    meanings = {
        State.OPEN: _("**Open:** it is on the call list."),
        State.PAUSED: _("**Paused:** it is off the call list for now; its people and results are kept."),
        State.CLOSED: _("**Closed:** it is off the call list; its people and results are kept."),
    }
    with st.container(horizontal=True, vertical_alignment="center", key="campaign-state"):
        st.markdown(f"{ICONS[current]} {meanings[current]}")
        for state, label in ((State.OPEN, _("Open again")), (State.PAUSED, _("Pause")), (State.CLOSED, _("Close"))):
            if state is not current and not (state is State.PAUSED and current is State.CLOSED):
                st.button(
                    label,
                    key=f"campaign-{state.value}",
                    icon=ICONS[state],
                    on_click=_put,
                    args=(house, str(campaign["_id"]), title_of(campaign), state),
                )


@guarded_action()
def _put(house: Appliance, campaign: str, title: str, state: State) -> None:
    campaigns.set_state(house.db, campaign, state, by=identity.require(Role.MANAGER).shown)
    text = _("{campaign} is {state}.").format(campaign=title, state=state_word(state))
    kept = "" if state is State.OPEN else _("Agents who are on the phone can still record the result.")
    leave_notice(Notice("success", text, kept))


def _agents(house: Appliance, campaign: Document, agents: Sequence[str]) -> None:
    assigned = agents_of(campaign)
    key = f"agents-{campaign['_id']}"
    st.multiselect(
        _("Agents"),
        sorted({*agents, *assigned}),
        default=assigned,
        key=key,
        placeholder=_("everybody"),
        help=_("Only these agents can call this campaign. If you name nobody, everybody can."),
    )
    st.button(
        _("Assign"),
        key="campaign-assign",
        icon=":material/group:",
        on_click=_assign,
        args=(house, str(campaign["_id"]), title_of(campaign), key),
    )


@guarded_action()
def _assign(house: Appliance, campaign: str, title: str, key: str) -> None:
    names = list(st.session_state.get(key, ()))
    campaigns.assign(house.db, campaign, names, by=identity.require(Role.MANAGER).shown)
    if names:
        text = _("{campaign} is called by {names}.").format(campaign=title, names=", ".join(names))
    else:
        text = _("{campaign} is called by everybody.").format(campaign=title)
    leave_notice(Notice("success", text))


def _title(house: Appliance, campaign: Document) -> None:
    key = f"title-{campaign['_id']}"
    st.text_input(
        _("Title"),
        value=title_of(campaign),
        key=key,
        max_chars=LONGEST,
        help=_("The key stays {key}; reports and files use the key.").format(key=campaign["_id"]),
    )
    st.button(
        _("Rename"), key="campaign-rename", icon=":material/edit:", on_click=_rename, args=(house, campaign["_id"], key)
    )


@guarded_action()
def _rename(house: Appliance, campaign: str, key: str) -> None:
    title = str(st.session_state.get(key, ""))
    campaigns.rename(house.db, campaign, title, by=identity.require(Role.MANAGER).shown)
    leave_notice(Notice("success", _("The campaign is called {title} now.").format(title=title)))
