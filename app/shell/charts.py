"""Draws every chart, with an alternative text, and with numbers formatted as on the page."""

from __future__ import annotations

import altair as alt
import streamlit as st

from app.language import chart_locale


def show(chart: alt.Chart | alt.LayerChart, *, words: str) -> None:
    """Draw `chart` with the reader's formats of numbers and dates; `words` describe it to people who cannot see it."""
    st.altair_chart(chart.configure(locale=chart_locale.numbers_and_dates()), alt=words)
