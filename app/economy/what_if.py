"""What if: move one indicator, and see the sales that the champion would expect of the open list. Logs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from statistics import median
from typing import Any

import streamlit as st
from pymongo import DESCENDING

from app.economy import charts as economy_charts
from app.economy import what_if_figures
from app.economy.figures import Indicator
from app.economy.what_if_figures import Change
from app.language import _, formats
from app.ranked_list import cached
from app.shell import charts
from app.shell.appliance import Appliance
from core.calls.campaigns import campaign_keys
from core.clock import now
from core.lists.call_values import next_call
from core.models.decisions import decisions, state_of
from core.schema import Schema, economy
from core.schema.column import Column, Value
from core.stores.mongo import Db, reachable

SAMPLE = 300
UNCHANGED = 1e-12  # scores have twelve decimals


def draw_what_if(house: Appliance, found: Sequence[Indicator]) -> None:
    """Draw the card. Raises Unavailable."""
    st.markdown(_("**What if?**"))
    st.markdown(_("Move one figure of the economy and see how many sales the model would expect of the open list."))
    champion = state_of(decisions(house.db, house.model)).champion
    loaded = campaign_keys(house.db)
    if champion is None or not loaded:
        text = _("This needs a model in service and a campaign with people to call.")
        st.info(text, icon=":material/hourglass_empty:")
        return
    if house.scoring is None:
        st.info(_("The app has no address of the scoring service (MLSERVER_URL)."), icon=":material/link_off:")
        return
    left, right = st.columns(2)
    by_name = {indicator.column.name: indicator for indicator in found}
    with left:
        campaign = str(st.selectbox(_("Campaign"), loaded, key="what-if-campaign"))
    with right:
        names, key = list(by_name), "what-if-figure"
        name = str(st.selectbox(_("Figure"), names, key=key, format_func=lambda n: formats.label(by_name[n].column)))
    people = _people(house.db, house.schema, campaign)
    if not people:
        st.info(_("Nobody on this list has a score yet, so there is nothing to compare with."))
        return
    _moved(house, campaign, champion, by_name[name], people)


def _people(db: Db, schema: Schema, campaign: str) -> list[dict[str, Value]]:
    """A sample of the open list, with the inputs that its people are scored with now. Raises Unavailable."""
    listed = cached.draw_sample(db, campaign, SAMPLE, still_open=True)
    known, names = economy.figures_at(db, schema, now()), schema.feature_names
    filled = [known.fill(next_call(schema, person.fields, now()), schema) for person in listed]
    return [{name: person[name] for name in names} for person in filled if all(name in person for name in names)]


def _moved(
    house: Appliance, campaign: str, champion: str, indicator: Indicator, people: list[dict[str, Value]]
) -> None:
    column = indicator.column
    present = float(median(float(person[column.name] or 0.0) for person in people))
    learnt = training_range(house.db, champion, column.name)
    values = what_if_figures.grid(column, indicator.values, present, learnt)
    open_people = max(len(people), cached.progress(house.db, campaign).ranked)
    with st.spinner(_("Asking the model"), show_time=True):
        scores, version = _cached(
            house.scoring, people, f"{house.kind}/{campaign}", champion, column.name, tuple(values)
        )
    key = f"what-if-value:{column.name}"
    if st.session_state.get(key) not in values:
        st.session_state[key] = present
    with st.container(horizontal=True, vertical_alignment="bottom"):
        label = formats.label(column)
        chosen = float(st.select_slider(label, values, key=key, format_func=lambda value: formats.value(column, value)))
        st.button(
            _("Reset"),
            key="what-if-reset",
            icon=":material/undo:",
            on_click=st.session_state.__setitem__,
            args=(key, present),
        )
    changes = what_if_figures.changes(scores, len(people), values, open_people)
    expected = what_if_figures.expected_sales(scores, len(people), open_people)
    _figures(column, changes, chosen, present, expected)
    if all(abs(change.sales) <= UNCHANGED * max(1.0, expected) for change in changes):
        text = _(
            "The model expects the same at every value of this figure: either it has not learnt from the figure, or "
            "the figure adds nothing to the others."
        )
        st.info(text, icon=":material/horizontal_rule:")
        return
    charts.show(
        economy_charts.response(changes, present, chosen, learnt, label),
        words=_("Change in expected sales for each value of {figure}, with its interval.").format(figure=label),
    )
    _limits(column, chosen, learnt, version, len(people), open_people)


def _figures(column: Column, changes: Sequence[Change], chosen: float, present: float, expected: float) -> None:
    change = next(change for change in changes if change.value == chosen)
    moved = round(expected + change.sales) - round(expected)
    with st.container(horizontal=True, gap="medium", key="what-if-told"):
        st.metric(_("Now"), formats.value(column, present), width="content")
        st.metric(_("If it were"), formats.value(column, chosen), width="content")
        st.metric(_("Expected sales now"), formats.count(round(expected)), width="content")
        then, difference = formats.count(round(expected + change.sales)), f"{moved:+,}" if moved else None
        st.metric(_("Expected then"), then, difference, width="content")
    if change.low < change.high:
        text = _(
            "With a confidence of 95% the change is between {low} and {high} sales. This range covers only the chance "
            "in drawing the people."
        )
        st.markdown(formats.plain(text.format(low=f"{change.low:+,.0f}", high=f"{change.high:+,.0f}")))


def _limits(
    column: Column, chosen: float, learnt: tuple[float, float] | None, version: str, people: int, open_people: int
) -> None:
    if learnt is not None and not learnt[0] <= chosen <= learnt[1]:
        value, low, high = (formats.value(column, number) for number in (chosen, *learnt))
        text = _(
            "{value} is outside the range that the model has learnt from ({low} to {high}). The model extrapolates, "
            "mostly by repeating what it expects at the end of that range. Do not base a decision on this."
        )
        st.warning(formats.plain(text.format(value=value, low=low, high=high)), icon=":material/warning:")
    if learnt is None:
        unknown = _("The range that the model has learnt from is known after its first drift report.")
    else:
        unknown = _("Shaded: outside the range that the model has learnt from.")
    sizes = {"people": formats.count(people), "open": formats.count(open_people)}
    asked = _("{people} people, drawn from the {open} still on the list, were scored")
    if people >= open_people:
        asked = _("All {open} people still on the list were scored")
    text = _(
        "{asked} by version {version}, with all other values unchanged. {unknown} In a real economy other figures move "
        "too, and the level of the scores follows the outcomes; these changes are left out. Nothing here is logged or "
        "counted as a prediction."
    )
    st.caption(formats.plain(text.format(asked=asked.format(**sizes), version=version, unknown=unknown)))


def training_range(db: Db, champion: str, column: str) -> tuple[float, float] | None:
    """The smallest and largest value of `column` that `champion` has learnt from, by its newest drift report.

    None without such a report. Raises Unavailable.
    """
    query = {"kind": "drift", "verdict.version": champion}
    with reachable():
        report = db.reports.find_one(query, sort=[("verdict.until", DESCENDING)])
    for indicator in report["verdict"]["economy"] if report else ():
        if indicator["column"] == column:
            return float(indicator["least"]), float(indicator["most"])
    return None


def _answers(
    _scoring: Any,
    _people: list[dict[str, Value]],
    campaign: str,  # noqa: ARG001  a key of the cache
    champion: str,  # noqa: ARG001
    column: str,
    values: tuple[float, ...],
) -> tuple[list[float], str]:
    """The scores of the people unchanged and with each value, and the version that gave them."""
    answers = _scoring.what_if(what_if_figures.rows(_people, column, values))
    return [answer.score for answer in answers], str(answers[0].version)


_cached = st.cache_data(ttl=timedelta(minutes=5), max_entries=32, show_spinner=False)(_answers)
