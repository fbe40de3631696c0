"""The page Results: the sales of a campaign's calls, what the order of the list was worth, and the running trial.

The page first draws what the database counts, then the figures that need a look-up of scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from app.access.boundary import boundary
from app.language import _, formats, plural
from app.language.zones import begin
from app.results import charts as result_charts
from app.results import figures as result_figures
from app.results import gains, selection
from app.results import tables as result_tables
from app.results.attempts import attempts, draw_attempts
from app.results.calls_made import Call
from app.results.figures import Span
from app.results.selection import View
from app.results.statistics import Rate
from app.results.trial import draw_trial_results
from app.shell import charts
from app.shell.appliance import Appliance
from core.lists.call_values import IMPORTED
from core.stores.mongo import reachable

NEWEST = 5_000
"""Calls whose scores are looked up at first: some seconds on the embedded server, and intervals of two points."""
AGENTS_DRAWN = 20


def page(house: Appliance) -> None:
    """Draw the page."""
    st.title(_("Results"))
    with reachable():
        campaigns = [str(c["_id"]) for c in house.db.campaigns.find({}, {"_id": 1}).sort([("created_at", -1)])]
    if not campaigns:
        with st.container(key="empty-campaigns"):
            st.info(_("There is no campaign yet. Import a file of people to call; their results appear here."))
        st.page_link(st.session_state["campaigns_page"], label=_("Import a campaign"), icon=":material/upload_file:")
        return
    view = selection.draw_selection(house, campaigns)
    if view is None:
        with boundary():
            chosen = str(st.session_state["campaign"])
            draw_attempts(house.db, chosen, attempts(house.db, chosen, st.context.timezone))
        return
    made = attempts(house.db, view.campaign, st.context.timezone, view.first, view.last)
    counted = result_figures.total(tally.rate for tally in view.tallies)
    top = st.container(key="results-figures")
    with top, st.container(horizontal=True, gap="medium"):
        if made.made:
            st.metric(
                _("Calls made"),
                formats.count(made.made),
                width="content",
                help=_("All calls of agents, whatever came of them, without results that were taken back."),
            )
            st.metric(
                _("Reached"),
                formats.count(made.reached),
                width="content",
                help=_("Calls in which somebody was spoken to: sold, refused, call back, do not call."),
            )
        decided = _("Calls that ended with yes or no; with those of files, if they are chosen. Models learn from them.")
        st.metric(_("Sold or refused"), formats.count(counted.calls), width="content", help=decided)
        st.metric(_("Sold"), formats.count(counted.sales), width="content")
        st.metric(_("Conversion"), result_tables.percent(counted), width="content")
        saved = st.empty()
    with top:
        low, high = map(formats.percent, counted.interval)
        st.caption(
            _(
                "Conversion is sales per call that ended with sold or refused. With a confidence of 95% it is between "
                "{low} and {high}: equally good calls differ by that much through chance alone. Every rate below has "
                "such a range. Figures are at most a minute old."
            ).format(low=low, high=high)
        )
    # Containers for what comes and goes: without them, other parts are on the screen twice while the page is drawn.
    with st.container(key="results-on-trial"), boundary():
        draw_trial_results(house, view.campaign, view.names, NEWEST)
    with boundary():
        own = result_figures.total(tally.rate for tally in view.tallies if tally.agent != IMPORTED)
        draw_attempts(house.db, view.campaign, made, own.calls)
    with st.container(key="results-days", border=True):
        _days(view)
    with st.container(key="results-agents", border=True):
        _agents(view)
    with st.container(key="results-scored"), boundary():
        _scored(view, counted, saved)


def _days(view: View) -> None:
    rows, span = result_figures.by_span(view.tallies)
    head, what, words = {
        Span.DAY: (
            _("**By day**"),
            _("Day"),
            _("Share of sales by day, with ranges. The table below has the figures."),
        ),
        Span.WEEK: (
            _("**By week**"),
            _("Week from"),
            _("Share of sales by week, with ranges. The table below has the figures."),
        ),
        Span.MONTH: (
            _("**By month**"),
            _("Month from"),
            _("Share of sales by month, with ranges. The table below has the figures."),
        ),
    }[span]
    st.markdown(head)
    charts.show(result_charts.days(rows, what), words=words)
    result_tables.table(what, [(formats.date_of(day, weekday=True), rate) for day, rate in rows])


def _agents(view: View) -> None:
    rows = result_figures.by_agent(view.tallies)
    st.markdown(_("**By agent**"))
    named = [(_("From files") if agent == IMPORTED else agent, rate) for agent, rate in rows]
    result_tables.rates(named[:AGENTS_DRAWN], _("Agent"), all_rows=named)
    if len(rows) > AGENTS_DRAWN:
        text = _("The chart shows the {agents} agents with the most calls; the table has everybody.")
        st.caption(text.format(agents=formats.count(AGENTS_DRAWN)))
    st.caption(
        _(
            "Agents who call early in a list sell more, because the best prospects come first. Overlapping ranges mean "
            "no clear difference."
        )
    )


def _scored(view: View, counted: Rate, saved: st.delta_generator.DeltaGenerator) -> None:
    """Draw all that needs the scores before the calls; the figure of the calls saved goes to `saved`."""
    everything = f"results-everything:{view.campaign}"
    limit = max(NEWEST, counted.calls if st.session_state.get(everything) else 0)
    waiting, newest = st.container(key="results-waiting"), st.container(key="results-newest")
    number = min(limit, counted.calls)
    what = plural("Looking up the score of {calls} call", "Looking up the scores of {calls} calls", number)
    with waiting, st.spinner(what.format(calls=formats.count(number)), show_time=True):
        calls = view.calls(limit)
    if not calls:
        return
    if counted.calls > limit:
        with newest:
            text = _(
                "Everything below covers the newest {newest} of {calls} calls. To look up all calls takes some seconds "
                "for each ten thousand."
            ).format(newest=formats.count(limit), calls=formats.count(counted.calls))
            st.info(text, icon=":material/filter_alt:")
            st.button(
                _("Look up all {calls}").format(calls=formats.count(counted.calls)),
                key="results-read-all",
                on_click=st.session_state.__setitem__,
                args=(everything, True),
            )
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="results-bands", border=True, height="stretch"):
        _bands(calls)
    with right, st.container(key="results-segments", border=True, height="stretch"):
        _segments(view, calls)
    scored = [call for call in calls if call.before.score is not None]
    with st.container(key="results-gains", border=True):
        st.markdown(_("**What the order of the list was worth**"))
        if not any(call.sold for call in scored):
            st.markdown(_("No sale yet among people who had a score when they were called."))
            return
        worth = gains.draw_gains(scored)
        of_newest = _("Calls saved, newest {newest}").format(newest=formats.count(limit))
        saved.metric(
            _("Calls saved") if counted.calls <= limit else of_newest,
            formats.count(gains.saved_calls(worth)),
            width="content",
            help=gains.formula(worth),
        )
    with st.container(key="results-models", border=True):
        gains.draw_comparison(view.house, calls, begin(view.last + timedelta(days=1), st.context.timezone))


def _bands(calls: Sequence[Call]) -> None:
    st.markdown(_("**By score, among these calls**"))
    rows = result_figures.by_band(calls)
    if not rows:
        st.markdown(_("None of these people had a score when they were called."))
        return
    result_tables.rates(rows, _("Place"))
    st.caption(
        _(
            "A person's place here is that of their score among the calls above. The band on the card is the place on "
            "the campaign's list on that day, which is not kept: the best people are called first, so the two differ."
        )
    )


def _segments(view: View, calls: Sequence[Call]) -> None:
    st.markdown(_("**By segment**"))
    if not view.names:
        st.markdown(_("The campaign schema names no segments."))
        return
    chosen = st.selectbox(
        _("Segment"),
        view.names,
        key="results-segment",
        format_func=lambda name: formats.label(view.house.schema.by_name[name]),
        label_visibility="collapsed",
    )
    column = view.house.schema.by_name[chosen]
    result_tables.rates(result_figures.by_segment(calls, column, view.names.index(chosen)), formats.label(column))
