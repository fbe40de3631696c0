"""The page Team: who calls now, late results to be settled, and results to be corrected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta

import streamlit as st

from app.access import identity
from app.access.boundary import boundary
from app.language import _, formats, zones
from app.shell import notices
from app.shell.appliance import Appliance
from app.team.conflicts import draw_conflicts
from app.team.corrections import draw_corrections
from core.accounts import directory
from core.accounts.account import Role
from core.calls.campaigns import title_of
from core.clock import now
from core.desk.team import AtWork, team
from core.stores.mongo import reachable

REFRESH = timedelta(seconds=10)


def page(house: Appliance) -> None:
    """Draw the page."""
    st.title(_("Team"))
    with st.container(key="message"):
        notices.show_waiting()
    with reachable():
        campaigns = {str(c["_id"]): title_of(c) for c in house.db.campaigns.find({}, {"title": 1})}
    with st.container(key="team-now"):
        st.fragment(_at_work, run_every=REFRESH)(house, campaigns)
    st.subheader(_("Results to settle"))
    with st.container(key="team-conflicts"), boundary():
        draw_conflicts(house, campaigns)
    st.subheader(_("Correct a result"))
    with st.container(key="team-corrections"), boundary():
        draw_corrections(house, campaigns)


@boundary()
def _at_work(house: Appliance, campaigns: Mapping[str, str]) -> None:
    at, here = now(), zones.zone(st.context.timezone)
    since = datetime.combine(at.astimezone(here).date(), time(), here)
    agents = [
        one.shown
        for one in directory.all_accounts(identity.appliance().db)
        if one.role is Role.AGENT and not one.disabled
    ]
    found = _merged([team(one.db, agents, since, at) for one in (house, *house.others())])
    if not found:
        st.info(_("There are no agents yet. An engineer or a manager makes their accounts on the page Accounts."))
        return
    with st.container(horizontal=True, gap="medium"):
        st.metric(_("On the phone"), formats.count(sum(not one.waits for one in found)), width="content")
        st.metric(_("Calls today"), formats.count(sum(one.calls for one in found)), width="content")
        st.metric(
            _("Reached"),
            formats.count(sum(one.reached for one in found)),
            width="content",
            help=_("Calls in which somebody was spoken to: sold, refused, call back, do not call."),
        )
        st.metric(_("Sold"), formats.count(sum(one.sold for one in found)), width="content")
    st.table([_row(one, at, campaigns) for one in found], border="horizontal", hide_index=True)
    st.caption(_("Without results that were taken back. Today is by the clock of your browser."))


def _row(one: AtWork, at: datetime, campaigns: Mapping[str, str]) -> dict[str, str]:
    if one.waits:
        last = _("last call {ago} ago").format(ago=_minutes(at - one.last)) if one.last else _("no call today")
        state = f":gray-badge[{_('waits')}] {last}"
    else:
        since = _("for {minutes}").format(minutes=_minutes(at - one.since)) if one.since else ""
        title = formats.plain(campaigns.get(str(one.campaign), str(one.campaign)))
        state = f":green-badge[{_('on the phone')}] {title} {since}"
    return {
        _("Agent"): formats.plain(one.agent),
        _("Now"): state,
        _("Calls today"): formats.count(one.calls),
        _("Reached"): formats.count(one.reached),
        _("Sold"): formats.count(one.sold),
    }


def _minutes(span: timedelta) -> str:
    return _("{minutes} min").format(minutes=formats.count(max(0, round(span.total_seconds() / 60))))


def _merged(kinds: list[list[AtWork]]) -> list[AtWork]:
    """Each agent once, over all campaign kinds."""
    by_name: dict[str, AtWork] = {}
    for one in (one for kind in kinds for one in kind):
        known = by_name.setdefault(one.agent, one)
        if known is one:
            continue
        known.calls, known.reached, known.sold = (
            known.calls + one.calls,
            known.reached + one.reached,
            known.sold + one.sold,
        )
        known.last = max((at for at in (known.last, one.last) if at), default=None)
        if known.waits:
            known.campaign, known.since = one.campaign, one.since
    return [by_name[name] for name in sorted(by_name)]
