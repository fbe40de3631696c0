"""Fairness: how groups of people fare on the list and in calls, side by side, on the page Models."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.language import _, formats
from app.models import fairness_charts, fairness_figures
from app.models.fairness_figures import FOUR_FIFTHS, SMALL, Group, Ratio
from app.ranked_list import cached
from app.results.cached import made
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
        st.markdown(_("There are no groups to compare yet: they are those of the campaign schema's segments."))
        return
    campaign = st.selectbox(_("Campaign"), loaded, key="fairness-campaign", width=320)
    with st.spinner(_("Reading the list and the calls"), show_time=True):
        listed = cached.sampled(house.db, campaign, LISTED, still_open=False)
        calls = made(house.db, campaign, [column.name for column in columns], CALLS, imported=True)
    if not listed and not calls:
        st.markdown(_("Nobody in this campaign has a score or was called yet."))
        return
    st.caption(
        _(
            "Of {listed} people drawn from this campaign's list and its newest {calls} calls. The better half is those "
            "with the higher scores. Groups of fewer than {small} people on the list are grey: chance alone moves "
            "them far."
        ).format(listed=formats.count(len(listed)), calls=formats.count(len(calls)), small=SMALL)
    )
    for place, (column, cell) in enumerate(zip(columns, st.columns(min(3, len(columns)) or 1), strict=False)):
        with cell:
            found = fairness_figures.groups(column, listed, calls, place)
            _column(column, found, fairness_figures.ratios(found))
    st.caption(
        _(
            "The list may prefer a group because it buys more often; then its share in the better half is higher, and "
            "so is its rate. What is unfair in that, people decide, not this page. The line at four fifths is a "
            "convention from hiring. A mean score above the rate says that more was expected of a group than came. "
            "Rates are of those who were called, and the list chose them: they say nothing about the others of their "
            "group."
        )
    )


def _column(column: Column, found: Sequence[Group], ratios: dict[str, Ratio]) -> None:
    names = {group.name: _named(column, group.name) for group in found}
    st.markdown(f"**{formats.plain(formats.label(column))}**")
    below = [names[name] for name, ratio in ratios.items() if ratio.sure and ratio.sure.high < FOUR_FIFTHS]
    small = {group.name for group in found if group.small}
    sure_below = [names[name] for name in ratios if names[name] in below and name not in small]
    if sure_below:
        text = _("Below four fifths of the largest group, beyond chance: {groups}.").format(
            groups=", ".join(sure_below)
        )
        st.warning(formats.plain(text), icon=":material/balance:")
    if ratios:
        charts.show(
            fairness_charts.selection(found, ratios, names),
            words=_("Share in the better half of the list, over that of the largest group, by {what}.").format(
                what=formats.label(column)
            ),
        )
    if any(group.called.calls for group in found):
        charts.show(
            fairness_charts.calls(found, names),
            words=_("Rate of sales and mean score before the call, by {what}.").format(what=formats.label(column)),
        )
    with st.expander(_("As a table")):
        st.table([_row(group, names, ratios) for group in found], border="horizontal", hide_index=True)


def _row(group: Group, names: dict[str, str], ratios: dict[str, Ratio]) -> dict[str, str]:
    ratio, gap = ratios.get(group.name), group.calibration
    low, high = group.called.sure
    return {
        _("Group"): formats.plain(names[group.name]) + (" " + _("(few)") if group.small else ""),
        _("On the list"): formats.count(group.better.calls),
        _("Better half"): formats.percent(group.better.share) if group.better.calls else "",
        _("To largest"): formats.fixed(ratio.value, 2) if ratio else "",
        _("Called"): formats.count(group.called.calls),
        _("Sold"): formats.count(group.called.sales),
        _("Rate"): formats.percent(group.called.share) if group.called.calls else "",
        _("Lies"): f"{formats.percent(low)} to {formats.percent(high)}" if group.called.calls else "",
        _("Mean score"): formats.percent(group.expected) if group.expected is not None else "",
        _("Score less rate"): f"{100 * gap:+.1f}" if gap is not None else "",
    }


def _named(column: Column, name: str) -> str:
    return formats.group(column, name) if name in column.groups else _("Not known")
