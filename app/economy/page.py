"""The economy: each indicator over time, where it comes from and how old it is; and what if it were another."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from app.access.boundary import boundary
from app.economy import charts as economy_charts
from app.economy import figures as economy_figures
from app.economy.figures import Indicator, Point, read_indicators
from app.economy.what_if import draw_what_if
from app.language import _, formats, plural
from app.shell import charts
from app.shell.appliance import Appliance
from core.clock import now
from core.schema.column import Column

SHOWN = 36  # periods, unless all are asked for


def page(house: Appliance) -> None:
    """Draw the page."""
    st.title(_("Economy"))
    found = read_indicators(house.db, house.schema)
    if not found:
        st.info(_("The campaign schema has no figures of the economy, so the model uses none."))
        return
    _state(found)
    if any(indicator.points for indicator in found):
        everything = len(max(found, key=lambda one: len(one.points)).points) > SHOWN and bool(
            st.toggle(_("All periods"), key="economy-all")
        )
        for start in range(0, len(found), 2):
            for indicator, cell in zip(found[start : start + 2], st.columns(2, gap="medium"), strict=False):
                key = f"economy-{start}-{indicator.column.name.replace('.', '-')}"
                with cell, st.container(key=key, border=True, height="stretch"), boundary():
                    _card(indicator, None if everything else SHOWN)
    with st.container(key="what-if", border=True):
        # By itself: a move of the slider draws no other card anew.
        st.fragment(boundary()(draw_what_if))(house, found)


def _state(found: Sequence[Indicator]) -> None:
    """Whether the figures are fetched, and what that means."""
    with st.container(key="economy-state"):
        if economy_figures.live(found):
            heard = max((one.seen for one in found if one.seen), default=None)
            if heard is not None:
                when = formats.moment(heard, st.context.timezone)
                st.caption(formats.plain(_("The statistical offices were last heard {when}.").format(when=when)))
            return
        known = any(indicator.points for indicator in found)
        text = _(
            "**The economy is off.** No figure is fetched from anywhere. Campaigns whose files bring these columns are "
            "scored with what their files say; others need figures of their own time, and their people stay without a "
            "score until there are some."
        )
        if known:
            text += " " + _("What is shown below came with Callwise and ends where it ends.")
        text += " " + _(
            "To switch it on: set CALLWISE_ECONOMY=live in settings.env, let the monitor reach the ECB and Eurostat, "
            "and start it anew (docker compose up -d monitor)."
        )
        st.info(text, icon=":material/cloud_off:")


def _card(indicator: Indicator, newest: int | None) -> None:
    column, last = indicator.column, indicator.last
    st.markdown(f"**{formats.plain(formats.label(column))}**")
    if last is None:
        st.markdown(_("Nothing is known of it."))
        return
    days = (indicator.age(now()) or timedelta(0)).days
    with st.container(horizontal=True, gap="medium"):
        st.metric(last.period, formats.value(column, last.newest.value), width="content")
        st.metric(_("Age"), plural("{n} day", "{n} days", days).format(n=formats.count(days)), width="content")
    if indicator.stale:
        st.warning(formats.plain(_("Out of date. {why}").format(why=indicator.why)), icon=":material/schedule:")
    points = indicator.points[-newest:] if newest else indicator.points
    charts.show(
        economy_charts.series(points),
        words=_("{figure} by period. The table below has the figures.").format(figure=formats.label(column)),
    )
    seen = formats.moment(indicator.seen, st.context.timezone) if indicator.seen else _("never")
    st.caption(
        formats.plain(
            _("{unit}. Source: {source}. Last fetched: {when}.").format(
                unit=last.unit or column.unit or _("No unit"), source=last.newest.source, when=seen
            )
        )
    )
    revised = sum(point.revised for point in points)
    if revised:
        many = plural("{n} period was revised", "{n} periods were revised", revised).format(n=formats.count(revised))
        st.caption(formats.plain(_("{many}: hollow marks are what was known before.").format(many=many)))
    _periods(column, points)


def _periods(column: Column, points: Sequence[Point]) -> None:
    with st.expander(_("As a table")):
        st.table(
            [
                {
                    _("Period"): formats.plain(point.period),
                    _("Value"): formats.plain(formats.value(column, point.newest.value)),
                    _("Known since"): formats.plain(formats.date_of(point.newest.known_at.date())),
                    _("Before"): formats.plain(
                        ", ".join(
                            _("{value} from {day}").format(
                                value=formats.value(column, one.value), day=formats.date_of(one.known_at.date())
                            )
                            for one in point.vintages[:-1]
                        )
                    ),
                    _("Source"): formats.plain(point.newest.source),
                }
                for point in reversed(points)
            ],
            border="horizontal",
            hide_index=True,
        )
