"""Rates as a picture with a table beside it, which says the same to who cannot see the picture."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.language import _, formats, said
from app.results import charts as result_charts
from app.results.figures import Row
from app.results.statistics import Rate
from app.shell import charts


def rates(rows: Sequence[Row], what: str, *, all_rows: Sequence[Row] | None = None) -> None:
    """Draw a row each, and beneath it the table: of `all_rows`, where not all are drawn."""
    charts.show(
        result_charts.rates(rows, what),
        words=_("Share of sales, with ranges, by: {what}. The table below has the figures.").format(what=what),
    )
    table(what, all_rows or rows)


def table(what: str, rows: Sequence[Row]) -> None:
    """The figures of a picture in words, behind an expander; `what` is the first column's name."""
    with st.expander(_("As a table")):
        shown = [
            {
                what: formats.plain(label),
                _("Calls"): formats.count(rate.calls),
                _("Sold"): formats.count(rate.sales),
                _("Rate"): percent(rate),
                _("Lies"): sure(rate),
            }
            for label, rate in rows
        ]
        st.table(shown, border="horizontal", hide_index=True)


def percent(rate: Rate) -> str:
    """The share of sales."""
    return formats.percent(rate.share) if rate.calls else said(formats.NOT_YET)


def sure(rate: Rate) -> str:
    """Where the share lies, in words."""
    low, high = map(formats.percent, rate.sure)
    return _("between {low} and {high}").format(low=low, high=high)
