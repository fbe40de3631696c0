"""The one way in which a chart comes onto a page: with words for whoever cannot see it, and numbers as on the page."""

from __future__ import annotations

import altair as alt
import streamlit as st

from app.language import chart_locale


def show(chart: alt.Chart | alt.LayerChart, *, words: str) -> None:
    """Draw `chart`, with numbers and dates as they are usual where the reader lives; `words` say what is in it."""
    st.altair_chart(chart.configure(locale=chart_locale.numbers_and_dates()), alt=words)
