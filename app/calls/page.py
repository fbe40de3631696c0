"""The call list: the page on which agents work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.access import identity
from app.access.boundary import boundary
from app.accounts.own_keys import key_for
from app.calling_rules.figures import draw_callable_now, nobody_text
from app.calls import offered, person
from app.calls.card import draw_call_card
from app.calls.desk import Seat
from app.calls.late_card import draw_late_card
from app.calls.take_back import draw_undo
from app.language import _, formats, plural, translate, zones
from app.ranked_list import cached, listing, search
from app.ranked_list import filter as list_filter
from app.ranked_list.bands import band_of
from app.ranked_list.listing import Entry, ListState, Progress, list_state
from app.shell import notices
from app.shell.appliance import Appliance
from core.calls import claims
from core.calls.filters import CallFilter
from core.calls.lifecycle import Result
from core.clock import now
from core.lists.callable_now import nobody_now

REFRESH = timedelta(seconds=20)
REFRESH_UNRANKED = timedelta(seconds=3)
PROMISES = 3
_CAMPAIGN = "campaign"


def page(house: Appliance) -> None:
    """Draw the page."""
    st.title(_("Call list"))
    places = offered.places(house)
    if not places:
        offered.draw_no_campaign(house)
        return
    agent = identity.current_agent()
    _turn_to_the_held(places, agent)
    with st.container(key="where"):
        left, right = st.columns([10, 2], vertical_alignment="bottom")
        with left:
            chosen = st.selectbox(
                _("Campaign"),
                list(places),
                key=_CAMPAIGN,
                bind="query-params",
                format_func=lambda key: places[key].title,
            )
        house, campaign = places[chosen].house, places[chosen].campaign
        with right:
            state = list_state(house.db, campaign)
            wanted = list_filter.draw_filter(
                house.schema, partial(cached.floors, house.db, campaign), ranked=state.ranked
            )
    held = Seat(house, campaign, agent).prospect()
    # Fixed containers: an element that comes or goes in one moves nothing else. Otherwise a button could be on the
    # screen twice while the next page is drawn.
    message, work = st.container(key="message", gap="xsmall"), st.container(key="desk")
    with message:
        notices.show_waiting()
        draw_undo(Seat(house, campaign, agent))
    with work:
        seat = Seat(house, campaign, agent)
        if held and seat.has_lost(held):
            draw_late_card(seat, held)
        elif held:
            draw_call_card(seat, held, cached.floors(house.db, campaign))
        else:
            _next_call(house, campaign, agent, state, wanted)
            _search(places, agent)
    every = REFRESH if state.ranked or not state.open else REFRESH_UNRANKED
    st.fragment(_listing, run_every=every)(house, campaign, agent, wanted, _stage(state))


def _search(places: dict[str, offered.Place], agent: str) -> None:
    """The field that finds who calls, in all campaigns that the agent may call."""
    by_kind: dict[str, list[offered.Place]] = {}
    for place in places.values():
        by_kind.setdefault(place.house.kind, []).append(place)

    def look(text: str) -> list[search.Match]:
        each = (search.find(found[0].house, {one.campaign for one in found}, text) for found in by_kind.values())
        return [match for matches in each for match in matches]

    def take(match: search.Match) -> None:
        campaign = str(match.prospect["campaign"])
        for key, place in places.items():
            if (place.house.kind, place.campaign) == (match.house.kind, campaign):
                st.session_state[_CAMPAIGN] = key
        Seat(match.house, campaign, agent).take_person(match.prospect["_id"])
        st.session_state["search-text"] = ""

    search.draw_search(look, take)


def _turn_to_the_held(places: dict[str, offered.Place], agent: str) -> None:
    """Choose the campaign of the person that the agent holds, if that is another one than the chosen campaign."""
    here = places.get(st.session_state.get(_CAMPAIGN, ""), next(iter(places.values())))
    held = offered.held_elsewhere(here.house, here.campaign, agent)
    if held is None:
        return
    other, campaign = held
    found = [key for key, place in places.items() if (place.house.kind, place.campaign) == (other.kind, campaign)]
    if found:
        st.session_state[_CAMPAIGN] = found[0]


def _stage(state: ListState) -> tuple[bool, bool]:
    """The state on which the whole page depends: whether people are left to call, and whether any are ranked."""
    return state.to_call, state.ranked


def _next_call(house: Appliance, campaign: str, agent: str, state: ListState, wanted: CallFilter) -> None:
    with st.container(key="next-call", border=True):
        if not state.to_call:
            st.markdown(_("**Everybody in this campaign has been called.** Choose another campaign, or import one."))
        elif not state.open:
            st.markdown(_("**The people who are left come back later.** They appear here when their time is due."))
        elif nobody := nobody_now(house.db, campaign, now()):
            text = nobody_text(nobody, st.context.timezone)
            st.markdown(f"**{formats.plain(_('Nobody can be called now.'))}** {formats.plain(text)}")
        else:
            st.markdown(_("**Ready when you are.** Next is the free person with the best chance."))
        _promises(house, campaign, agent)
        st.button(
            _("Next call"),
            key="take",
            type="primary",
            icon=":material/call:",
            shortcut=key_for("take"),
            disabled=not state.to_call,
            on_click=Seat(house, campaign, agent).take,
            args=(wanted,),
        )


def _promises(house: Appliance, campaign: str, agent: str) -> None:
    """The callbacks that this agent promised. They become the next call automatically."""
    shown = claims.callbacks_of(house.db, campaign, agent, PROMISES)
    if shown:
        with st.container(key="promises", horizontal=True, vertical_alignment="center"):
            words, due = _("You promised:"), _("They come to you when their time is due.")
            st.caption(f":material/schedule: {words}", width="content", help=due)
            for number, one in enumerate(shown):
                ref = formats.plain(str(one.get("written") or one["ref"]))
                st.button(
                    f"{ref} {formats.moment(one['again']['at'], st.context.timezone)}",
                    key=f"promised-take-{number}",
                    type="tertiary",
                    on_click=Seat(house, campaign, agent).take_person,
                    args=(one["_id"],),
                    kwargs={"calls_in": False},
                )


@boundary()
def _listing(house: Appliance, campaign: str, agent: str, wanted: CallFilter, drawn: tuple[bool, bool]) -> None:
    state = list_state(house.db, campaign)
    if _stage(state) != drawn:
        st.rerun()
    # The rows are drawn first, because the time to count grows with the list. Each part has its own container.
    figures, above = st.container(key="progress"), st.container(key="above-list")
    rows, below = st.container(key="ranked-list").empty(), st.container(key="below-list")
    place = f"list-page-{campaign}"  # one page number per campaign
    entries: list[Entry] = []
    if state.open:
        with above:
            _heading(state)
        entries = _entries(house, campaign, wanted, st.session_state.get(place, 1))
        _table(rows, house, entries, cached.last_floors(house.db, campaign), agent)
    if state.open and not entries and not wanted:  # the list has become shorter than this page: show its last one
        cached.recount(house.db, campaign)
        entries = _entries(house, campaign, wanted, cached.progress(house.db, campaign).pages)
    counted = cached.progress(house.db, campaign)
    with figures:
        _figures(house, campaign, agent, counted)
    if not state.open:
        return
    with above:
        _remarks(counted, wanted, entries)
    _table(rows, house, entries, cached.floors(house.db, campaign), agent)
    if counted.pages > 1 and not wanted:
        with below:
            st.pagination(counted.pages, key=place)


def _heading(state: ListState) -> None:
    st.subheader(_("Next in line"))
    if not state.ranked:
        with st.container(key="unranked"):
            st.info(
                _(
                    "**Not ranked yet.** Chances appear here automatically as soon as a model is in service. "
                    "You can already call; people come in the order of the file."
                ),
                icon=":material/hourglass_top:",
            )


def _remarks(counted: Progress, wanted: CallFilter, entries: Sequence[Entry]) -> None:
    if counted.ranked and counted.unranked:
        still = plural(
            "{count} person is still being ranked, at the end of the list.",
            "{count} people are still being ranked, at the end of the list.",
            counted.unranked,
        )
        st.caption(still.format(count=formats.count(counted.unranked)))
    if wanted:
        st.caption(_("The best of those who match the filter.") if entries else _("Nobody matches the filter."))


def _entries(house: Appliance, campaign: str, wanted: CallFilter, number: int) -> list[Entry]:
    if wanted:
        return listing.best_matches(house.db, campaign, wanted, now())
    return listing.page(house.db, campaign, number, now())


def _table(
    place: DeltaGenerator, house: Appliance, entries: Sequence[Entry], floors: Sequence[float], agent: str
) -> None:
    if entries:
        place.table([_row(house, entry, floors, agent) for entry in entries], border="horizontal", hide_index=True)


def _row(house: Appliance, entry: Entry, floors: Sequence[float], agent: str) -> dict[str, str]:
    score = entry.score
    columns = person.key_columns(house.schema)
    return {
        _("Person"): formats.plain(entry.ref),
        _("Chance"): translate(formats.NOT_YET) if score is None else formats.percent(score),
        _("Score"): translate(formats.NOT_YET) if score is None else formats.exact(score),
        _("Band"): _band(score, floors),
        _("With"): _with(entry.held_by, agent),
        **{formats.label(column): formats.value(column, entry.features.get(column.name)) for column in columns},
    }


def _band(score: float | None, floors: Sequence[float]) -> str:
    if score is None:
        return translate(formats.NOT_YET)
    return band_of(score, floors).badge if floors else "…"


def _figures(house: Appliance, campaign: str, agent: str, state: Progress) -> None:
    if state.total:
        text = plural("{called} of {total} person finished", "{called} of {total} people finished", state.total)
        text = text.format(called=formats.count(state.called), total=formats.count(state.total))
        st.progress(state.called / state.total, text=text)
    with st.container(horizontal=True, gap="medium"):
        st.metric(_("To call"), formats.count(state.to_call), width="content")
        if state.waiting:
            st.metric(_("Of these due later"), formats.count(state.waiting), width="content")
        st.metric(
            _("Finished"),
            formats.count(state.called),
            width="content",
            help=_("Off the list for good: sold, refused, wrong number, do not call, or unanswered too often."),
        )
        if state.off:
            st.metric(_("Taken off"), formats.count(state.off), width="content")
        rate = f" ({formats.percent(state.sold / state.done)})" if state.done else ""
        st.metric(_("Sold"), formats.count(state.sold) + rate, width="content")
        mine = listing.results_since(house.db, campaign, agent, _today())
        made, sold = sum(mine.values()), mine.get(Result.SOLD, 0)
        today = _("{sold} of {made} sold").format(sold=formats.count(sold), made=formats.count(made))
        st.metric(
            _("You today"),
            today,
            width="content",
            help=_("Your calls of today in this campaign, without those that you took back."),
        )
    draw_callable_now(house.db, campaign, under_rules_alone=True)


def _with(holder: str | None, agent: str) -> str:
    if holder is None:
        return _("free")
    return _("you") if holder == agent else formats.plain(holder)


def _today() -> datetime:
    here = zones.zone(st.context.timezone)
    return datetime.combine(now().astimezone(here).date(), time(), here)
