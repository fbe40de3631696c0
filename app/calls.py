"""The call list: the page an agent lives in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from app import cached, card, formats, identity, list_filter, notices, person, ranked_list, take_back
from app.appliance import Appliance
from app.bands import band_of
from app.desk import Seat
from app.language import _
from app.ranked_list import Entry, Progress
from core import prospects
from core.call_states import Result
from core.clock import now
from core.mongo import reachable
from core.wanted import Wanted

REFRESH = timedelta(seconds=20)
REFRESH_UNRANKED = timedelta(seconds=3)
PROMISES = 3


def page(house: Appliance) -> None:
    """Draw the page."""
    st.title("Call list")
    with reachable():
        campaigns = [str(c["_id"]) for c in house.db.campaigns.find({}, {"_id": 1}).sort([("created_at", -1)])]
    if not campaigns:
        imports = st.session_state["campaigns_page"]
        with st.container(key="empty-campaigns"):
            if imports:
                st.info("There is no campaign yet. Import a file of people to call, and the list appears here.")
            else:
                st.info(_("There is no campaign yet. When a manager has imported one, the list appears here."))
        if imports:
            st.page_link(imports, label="Import a campaign", icon=":material/upload_file:")
        return
    with st.container(key="where"):
        left, right = st.columns([10, 2], vertical_alignment="bottom")
        with left:
            campaign = st.selectbox("Campaign", campaigns, key="campaign", bind="query-params")
        with right:
            wanted = list_filter.ask(house.schema, cached.floors(house.db, campaign))
    agent = identity.current_agent()
    state = cached.progress(house.db, campaign)
    held = Seat(house, campaign, agent).held()
    # Places of their own: whatever comes and goes above or inside them moves nothing else, so no button is ever on the
    # screen twice while the next page is drawn.
    message, work = st.container(key="message"), st.container(key="desk")
    with message:
        notices.show_waiting()
        take_back.draw(Seat(house, campaign, agent))
    with work:
        if held:
            card.draw(Seat(house, campaign, agent), held, cached.floors(house.db, campaign))
        else:
            _next_call(house, campaign, agent, state, wanted)
    every = REFRESH if state.ranked or not state.open else REFRESH_UNRANKED
    st.fragment(_listing, run_every=every)(house, campaign, agent, wanted, _stage(state))


def _stage(state: Progress) -> tuple[bool, bool]:
    """What the whole page depends on: whether anybody is left to call, and whether anybody is ranked."""
    return bool(state.to_call), bool(state.ranked)


def _next_call(house: Appliance, campaign: str, agent: str, state: Progress, wanted: Wanted) -> None:
    with st.container(key="next-call", border=True):
        if not state.to_call:
            st.markdown("**Everybody in this campaign has been called.** Choose another campaign, or import one.")
        elif not state.open:
            st.markdown("**Nobody is left but those who come back later.** They come up here when their time is due.")
        else:
            st.markdown("**Ready when you are.** You get the person with the best chance whom nobody else is calling.")
        _promises(house, campaign, agent)
        st.button(
            "Next call",
            key="take",
            type="primary",
            icon=":material/call:",
            shortcut="N",
            disabled=not state.to_call,
            on_click=Seat(house, campaign, agent).take,
            args=(wanted,),
        )


def _promises(house: Appliance, campaign: str, agent: str) -> None:
    """The calls this agent promised, which come up by themselves."""
    shown = prospects.promised(house.db, campaign, agent, PROMISES)
    if shown:
        times = [f"{formats.plain(p['ref'])} {formats.moment(p['again']['at'], st.context.timezone)}" for p in shown]
        st.caption(f":material/schedule: You promised: {'; '.join(times)}", help="They come up when their time is due.")


@notices.boundary()
def _listing(house: Appliance, campaign: str, agent: str, wanted: Wanted, drawn: tuple[bool, bool]) -> None:
    state = cached.progress(house.db, campaign)
    if _stage(state) != drawn:
        st.rerun()
    with st.container(key="progress"):
        _figures(house, campaign, agent, state)
    if not state.open:
        return
    st.subheader("Next in line")
    if not state.ranked:
        with st.container(key="unranked"):
            st.info(
                "**Not ranked yet.** Chances appear here by themselves as soon as a model is in service. "
                "Calls can already be made; people come in the order of the file.",
                icon=":material/hourglass_top:",
            )
    elif state.unranked:
        st.caption(f"{formats.plural(state.unranked, 'person', 'people')} still being ranked; they are at the end.")
    if wanted:
        entries = ranked_list.first_of(house.db, campaign, wanted, now())
        st.caption("The best whom the filter lets through." if entries else "The filter lets nobody through.")
        _table(house, campaign, entries, agent)
        return
    # Each campaign has a place of its own in the list, and one that has shrunk is shown at its end.
    place = f"list-page-{campaign}"
    number = min(st.session_state.get(place, 1), state.pages)
    _table(house, campaign, ranked_list.page(house.db, campaign, number, now()), agent)
    if state.pages > 1:
        st.pagination(state.pages, key=place)


def _table(house: Appliance, campaign: str, entries: Sequence[Entry], agent: str) -> None:
    floors = cached.floors(house.db, campaign)
    with st.container(key="ranked-list"):
        if entries:
            st.table([_row(house, entry, floors, agent) for entry in entries], border="horizontal", hide_index=True)


def _row(house: Appliance, entry: Entry, floors: Sequence[float], agent: str) -> dict[str, str]:
    score = entry.score
    columns = person.key_columns(house.schema)
    return {
        "Person": formats.plain(entry.ref),
        "Chance": formats.NOT_YET if score is None else formats.percent(score),
        "Score": formats.NOT_YET if score is None else formats.exact(score),
        "Band": formats.NOT_YET if score is None else band_of(score, floors).badge,
        "With": _with(entry.held_by, agent),
        **{column.label: formats.value(column, entry.features.get(column.name)) for column in columns},
    }


def _figures(house: Appliance, campaign: str, agent: str, state: Progress) -> None:
    if state.total:
        text = f"{formats.count(state.called)} of {formats.plural(state.total, 'person', 'people')} called"
        st.progress(state.called / state.total, text=text)
    with st.container(horizontal=True, gap="medium"):
        st.metric("To call", formats.count(state.to_call), width="content")
        if state.waiting:
            st.metric("Of these later", formats.count(state.waiting), width="content")
        st.metric("Called", formats.count(state.called), width="content")
        if state.off:
            st.metric("Taken off", formats.count(state.off), width="content")
        rate = f" ({formats.percent(state.sold / state.done)})" if state.done else ""
        st.metric("Sold", formats.count(state.sold) + rate, width="content")
        mine = ranked_list.shift(house.db, campaign, agent, _today())
        made, sold = sum(mine.values()), mine.get(Result.SOLD, 0)
        st.metric("You today", f"{formats.count(sold)} of {formats.count(made)} sold", width="content")


def _with(holder: str | None, agent: str) -> str:
    if holder is None:
        return "free"
    return "you" if holder == agent else formats.plain(holder)


def _today() -> datetime:
    zone = ZoneInfo(st.context.timezone or "UTC")
    return datetime.combine(now().astimezone(zone).date(), time(), zone)
