"""Rates as a chart, and as a table for people who cannot see the chart."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.language import _, formats, translate
from app.results import charts as result_charts
from app.results.figures import Row
from app.results.statistics import Rate
from app.shell import charts


def rates(rows: Sequence[Row], what: str, *, all_rows: Sequence[Row] | None = None) -> None:
    """Draw the chart of `rows`, and below it the table, of `all_rows` where the chart has only some."""
    charts.show(
        result_charts.rates(rows, what),
        words=_("Share of sales, with ranges, by: {what}. The table below has the figures.").format(what=what),
    )
    table(what, all_rows or rows)


def table(what: str, rows: Sequence[Row]) -> None:
    """Draw the figures as a table behind an expander; `what` is the name of the first column."""
    with st.expander(_("As a table")):
        shown = [
            {
                what: formats.plain(label),
                _("Sold or refused"): formats.count(rate.calls),
                _("Sold"): formats.count(rate.sales),
                _("Rate"): percent(rate),
                _("Range"): interval_text(rate),
            }
            for label, rate in rows
        ]
        st.table(shown, border="horizontal", hide_index=True)


def percent(rate: Rate) -> str:
    """The share of sales, in words."""
    return formats.percent(rate.share) if rate.calls else translate(formats.NOT_YET)


def interval_text(rate: Rate) -> str:
    """The interval of the share, in words."""
    low, high = map(formats.percent, rate.interval)
    return _("between {low} and {high}").format(low=low, high=high)
