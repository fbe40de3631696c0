"""Fairness on the page Models: how groups of people fare on the list and in calls, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.language import _, formats
from app.models import fairness_charts, fairness_figures
from app.models.fairness_figures import FOUR_FIFTHS, SMALL, Group, Ratio
from app.ranked_list import cached
from app.results.cached import read_calls
from app.shell import charts
from app.shell.appliance import Appliance
from core.calls.campaigns import campaign_keys
from core.schema.column import Column

LISTED, CALLS = 5_000, 5_000


def draw_fairness(house: Appliance) -> None:
    """Draw the card. Raises Unavailable."""
    st.markdown(_("**Fairness: how groups of people fare**"))
    columns = [house.schema.by_name[name] for name in house.schema.segments if house.schema.by_name[name].is_grouped]
    loaded = campaign_keys(house.db)
    if not columns or not loaded:
        st.markdown(_("There are no groups to compare yet. They come from the segments of the campaign schema."))
        return
    campaign = st.selectbox(_("Campaign"), loaded, key="fairness-campaign", width=320)
    with st.spinner(_("Reading the list and the calls"), show_time=True):
        listed = cached.draw_sample(house.db, campaign, LISTED, still_open=False)
        calls = read_calls(house.db, campaign, [column.name for column in columns], CALLS, imported=True)
    if not listed and not calls:
        st.markdown(_("Nobody in this campaign has a score or was called yet."))
        return
    st.caption(
        _(
            "From {listed} people drawn from this campaign's list, and its newest {calls} calls. The better half has "
            "the higher scores. Groups of fewer than {small} people on the list are grey: chance alone moves their "
            "figures far."
        ).format(listed=formats.count(len(listed)), calls=formats.count(len(calls)), small=SMALL)
    )
    for place, (column, cell) in enumerate(zip(columns, st.columns(min(3, len(columns)) or 1), strict=False)):
        with cell:
            groups = fairness_figures.groups(column, listed, calls, place)
            _column(column, groups, fairness_figures.ratios(groups))
    st.caption(
        _(
            "The list may prefer a group because it buys more often; then both its share in the better half and its "
            "rate are higher. Whether that is unfair, people decide, not this page. The line at four fifths is a "
            "convention from hiring. A mean score above the rate means that the model expected more sales than the "
            "group made. Rates cover only people who were called, and the list chose these people: rates say nothing "
            "about the rest of the group."
        )
    )


def _column(column: Column, groups: Sequence[Group], ratios: dict[str, Ratio]) -> None:
    names, label = {group.name: _named(column, group.name) for group in groups}, formats.label(column)
    st.markdown(f"**{formats.plain(label)}**")
    small = {group.name for group in groups if group.small}
    sure = {name: ratio.interval for name, ratio in ratios.items() if ratio.interval and name not in small}
    if below := [names[name] for name, interval in sure.items() if interval.high < FOUR_FIFTHS]:
        text = _("Below four fifths of the largest group, beyond chance: {groups}.")
        st.warning(formats.plain(text.format(groups=", ".join(below))), icon=":material/balance:")
    if ratios:
        words = _("Share in the better half of the list, over that of the largest group, by {what}.")
        charts.show(fairness_charts.selection(groups, ratios, names), words=words.format(what=label))
    if any(group.called.calls for group in groups):
        words = _("Rate of sales and mean score before the call, by {what}.")
        charts.show(fairness_charts.calls(groups, names), words=words.format(what=label))
    with st.expander(_("As a table")):
        st.table([_row(group, names, ratios) for group in groups], border="horizontal", hide_index=True)


def _row(group: Group, names: dict[str, str], ratios: dict[str, Ratio]) -> dict[str, str]:
    ratio, gap = ratios.get(group.name), group.calibration
    low, high = group.called.interval
    return {
        _("Group"): formats.plain(names[group.name]) + (" " + _("(few)") if group.small else ""),
        _("On the list"): formats.count(group.better.calls),
        _("Better half"): formats.percent(group.better.share) if group.better.calls else "",
        _("To largest"): formats.fixed(ratio.value, 2) if ratio else "",
        _("Called"): formats.count(group.called.calls),
        _("Sold"): formats.count(group.called.sales),
        _("Rate"): formats.percent(group.called.share) if group.called.calls else "",
        _("Range"): f"{formats.percent(low)} to {formats.percent(high)}" if group.called.calls else "",
        _("Mean score"): formats.percent(group.expected) if group.expected is not None else "",
        _("Score less rate"): f"{100 * gap:+.1f}" if gap is not None else "",
    }


def _named(column: Column, name: str) -> str:
    return formats.group(column, name) if name in column.groups else _("Not known")
