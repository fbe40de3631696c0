"""The page Economy: each indicator over time with its source and age, and what another value would change."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from app.access.boundary import boundary
from app.economy import charts as economy_charts
from app.economy import figures as economy_figures
from app.economy.figures import Indicator, Point, read_indicators
from app.economy.what_if import draw_what_if
from app.language import _, formats, plural, translate
from app.shell import charts
from app.shell.appliance import Appliance
from core.clock import now
from core.schema.column import Column

SHOWN = 36  # periods, unless the reader asks for all


def page(house: Appliance) -> None:
    """Draw the page."""
    st.title(_("Economy"))
    found = read_indicators(house.db, house.schema)
    if not found:
        st.info(_("The campaign schema has no figures of the economy, so the model uses none."))
        return
    _state(found)
    if longest := max(len(indicator.points) for indicator in found):
        everything = longest > SHOWN and bool(st.toggle(_("All periods"), key="economy-all"))
        for start in range(0, len(found), 2):
            for indicator, cell in zip(found[start : start + 2], st.columns(2, gap="medium"), strict=False):
                key = f"economy-{start}-{indicator.column.name.replace('.', '-')}"
                with cell, st.container(key=key, border=True, height="stretch"), boundary():
                    _card(indicator, None if everything else SHOWN)
    with st.container(key="what-if", border=True):
        # A fragment, so that a move of the slider draws no other card again.
        st.fragment(boundary()(draw_what_if))(house, found)


def _state(found: Sequence[Indicator]) -> None:
    """Whether the figures are fetched, and what that means."""
    with st.container(key="economy-state"):
        if economy_figures.has_fetched_values(found):
            if seen := max((indicator.seen for indicator in found if indicator.seen), default=None):
                when = formats.moment(seen, st.context.timezone)
                st.caption(formats.plain(_("The statistical offices last answered {when}.").format(when=when)))
            return
        text = _(
            "**The economy is off.** No figures are fetched. Campaigns whose files contain these columns are scored "
            "with the values of their files. Other campaigns need figures for their own time; until then their people "
            "have no score."
        )
        if any(indicator.points for indicator in found):
            text += " " + _("The figures below came with Callwise and are not updated.")
        text += " " + _(
            "To switch it on: set CALLWISE_ECONOMY=live in settings.env, let the monitor reach the ECB and Eurostat, "
            "and restart it (docker compose up -d monitor)."
        )
        st.info(text, icon=":material/cloud_off:")


def _card(indicator: Indicator, newest: int | None) -> None:
    column, last = indicator.column, indicator.last
    st.markdown(f"**{formats.plain(formats.label(column))}**")
    if last is None:
        st.markdown(_("This figure has no values yet."))
        return
    days = (indicator.age(now()) or timedelta(0)).days
    with st.container(horizontal=True, gap="medium"):
        st.metric(last.period, formats.value(column, last.newest.value), width="content")
        st.metric(_("Age"), plural("{n} day", "{n} days", days).format(n=formats.count(days)), width="content")
    if indicator.stale:
        st.warning(
            formats.plain(_("Out of date. {why}").format(why=translate(indicator.why))), icon=":material/schedule:"
        )
    points = indicator.points[-newest:] if newest else indicator.points
    charts.show(
        economy_charts.series(points),
        words=_("{figure} by period. The table below has the figures.").format(figure=formats.label(column)),
    )
    seen = formats.moment(indicator.seen, st.context.timezone) if indicator.seen else _("never")
    unit = last.unit or column.unit or _("No unit")
    text = _("{unit}. Source: {source}. Last fetched: {when}.").format(unit=unit, source=last.newest.source, when=seen)
    st.caption(formats.plain(text))
    if revised := sum(point.revised for point in points):
        many = plural("{n} period was revised", "{n} periods were revised", revised).format(n=formats.count(revised))
        st.caption(formats.plain(_("{many}: hollow marks are the earlier values.").format(many=many)))
    with st.expander(_("As a table")):
        rows = [_row(column, point) for point in reversed(points)]
        st.table(rows, border="horizontal", hide_index=True)


def _row(column: Column, point: Point) -> dict[str, str]:
    days = [(formats.value(column, v.value), formats.date_of(v.known_at.date())) for v in point.vintages]
    before = ", ".join(_("{value} from {day}").format(value=value, day=day) for value, day in days[:-1])
    return {
        _("Period"): formats.plain(point.period),
        _("Value"): formats.plain(days[-1][0]),
        _("Known since"): formats.plain(days[-1][1]),
        _("Before"): formats.plain(before),
        _("Source"): formats.plain(point.newest.source),
    }
