"""Rates as a picture with a table beside it, which says the same to who cannot see the picture."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import formats, result_charts
from app.result_figures import Row
from core.results import Rate


def rates(rows: Sequence[Row], what: str, *, all_rows: Sequence[Row] | None = None) -> None:
    """Draw a row each, and beneath it the table: of `all_rows`, where not all are drawn."""
    st.altair_chart(
        result_charts.rates(rows, what),
        alt=f"Share of sales by {what.lower()}, with ranges. The table below has the figures.",
    )
    table(what, all_rows or rows)


def table(what: str, rows: Sequence[Row]) -> None:
    """The figures of a picture in words, behind an expander; `what` is the first column's name."""
    with st.expander("As a table"):
        shown = [
            {
                what: formats.plain(label),
                "Calls": formats.count(rate.calls),
                "Sold": formats.count(rate.sales),
                "Rate": percent(rate),
                "Lies": sure(rate),
            }
            for label, rate in rows
        ]
        st.table(shown, border="horizontal", hide_index=True)


def percent(rate: Rate) -> str:
    """The share of sales."""
    return formats.percent(rate.share) if rate.calls else formats.NOT_YET


def sure(rate: Rate) -> str:
    """Where the share lies, in words."""
    low, high = rate.sure
    return f"between {formats.percent(low)} and {formats.percent(high)}"
