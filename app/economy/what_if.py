"""What if: move one indicator, and see what the champion would expect of the open list. Nothing is logged by it."""

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
from core.models.decisions import decisions, state
from core.schema import Schema, economy
from core.schema.column import Column, Value
from core.stores.mongo import Db, reachable

SAMPLE = 300
NOTHING = 1e-12  # scores have twelve decimals


def draw_what_if(house: Appliance, found: Sequence[Indicator]) -> None:
    """Draw the card. Raises Unavailable."""
    st.markdown(_("**What if?**"))
    st.markdown(
        _("Move one figure of the economy and see what the model would expect of the people still to be called.")
    )
    champion = state(decisions(house.db, house.model)).champion
    loaded = campaign_keys(house.db)
    if champion is None or not loaded:
        st.info(
            _("This needs a model in service and a campaign with people to call."), icon=":material/hourglass_empty:"
        )
        return
    if house.scoring is None:
        st.info(_("This screen was not told where scores are given (MLSERVER_URL)."), icon=":material/link_off:")
        return
    left, right = st.columns(2)
    by_name = {indicator.column.name: indicator for indicator in found}
    with left:
        campaign = str(st.selectbox(_("Campaign"), loaded, key="what-if-campaign"))
    with right:
        name = str(
            st.selectbox(
                _("Figure"),
                list(by_name),
                key="what-if-figure",
                format_func=lambda one: formats.label(by_name[one].column),
            )
        )
    people = _people(house.db, house.schema, campaign)
    if not people:
        st.info(_("Nobody on this list has a score yet, so there is nothing to compare with."))
        return
    _moved(house, campaign, champion, by_name[name], people)


def _people(db: Db, schema: Schema, campaign: str) -> list[dict[str, Value]]:
    """A sample of the open list, as its people are scored now. Raises Unavailable."""
    listed = cached.sampled(db, campaign, SAMPLE, still_open=True)
    known = economy.known(db, schema, now())
    filled = [known.fill(person.features, schema) for person in listed]
    wanted = schema.feature_names
    return [{name: one[name] for name in wanted} for one in filled if all(name in one for name in wanted)]


def _moved(
    house: Appliance, campaign: str, champion: str, indicator: Indicator, people: list[dict[str, Value]]
) -> None:
    column = indicator.column
    present = float(median(float(person[column.name]) for person in people))
    learnt = training_range(house.db, champion, column.name)
    values = what_if_figures.grid(column, indicator.values, present, learnt)
    open_people = max(len(people), cached.progress(house.db, campaign).ranked)
    with st.spinner(_("Asking the model"), show_time=True):
        scores, version = _ask(house, campaign, champion, column.name, values, people)
    key = f"what-if-value:{column.name}"
    if st.session_state.get(key) not in values:
        st.session_state[key] = present
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = float(
            st.select_slider(
                formats.label(column),
                values,
                key=key,
                format_func=lambda value: formats.value(column, value),
            )
        )
        st.button(
            _("Reset"),
            key="what-if-reset",
            icon=":material/undo:",
            on_click=st.session_state.__setitem__,
            args=(key, present),
        )
    changes = what_if_figures.changes(scores, len(people), values, open_people)
    expected = what_if_figures.expected(scores, len(people), open_people)
    _told(column, changes, chosen, present, expected)
    if all(abs(change.sales) <= NOTHING * max(1.0, expected) for change in changes):
        st.info(
            _(
                "The model says the same whatever this figure is: it has not learnt from it, or found it of no use "
                "beside the others."
            ),
            icon=":material/horizontal_rule:",
        )
        return
    charts.show(
        economy_charts.response(changes, present, chosen, learnt, formats.label(column)),
        words=_("Change in expected sales for each value of {figure}, with its interval.").format(
            figure=formats.label(column)
        ),
    )
    _honest(column, chosen, learnt, version, len(people), open_people)


def _told(column: Column, changes: Sequence[Change], chosen: float, present: float, expected: float) -> None:
    found = next(change for change in changes if change.value == chosen)
    moved = round(expected + found.sales) - round(expected)
    with st.container(horizontal=True, gap="medium", key="what-if-told"):
        st.metric(_("Now"), formats.value(column, present), width="content")
        st.metric(_("If it were"), formats.value(column, chosen), width="content")
        st.metric(_("Expected sales now"), formats.count(round(expected)), width="content")
        st.metric(
            _("Expected then"),
            formats.count(round(expected + found.sales)),
            f"{moved:+,}" if moved else None,
            width="content",
        )
    if found.low < found.high:
        st.markdown(
            formats.plain(
                _("The change lies between {low} and {high} sales with a certainty of 95%, for who was drawn.").format(
                    low=f"{found.low:+,.0f}", high=f"{found.high:+,.0f}"
                )
            )
        )


def _honest(
    column: Column, chosen: float, learnt: tuple[float, float] | None, version: str, people: int, open_people: int
) -> None:
    if learnt is not None and not learnt[0] <= chosen <= learnt[1]:
        st.warning(
            formats.plain(
                _(
                    "{value} is outside of what the model has learnt from ({low} to {high}): it extrapolates, mostly "
                    "by carrying on as at the end of that. Do not rest a decision on this."
                ).format(
                    value=formats.value(column, chosen),
                    low=formats.value(column, learnt[0]),
                    high=formats.value(column, learnt[1]),
                )
            ),
            icon=":material/warning:",
        )
    if learnt is None:
        unknown = _("What range of it the model has learnt from is known after its first drift report.")
    else:
        unknown = _("Shaded: outside of what the model has learnt from.")
    asked = (
        _("All {open} people still on the list were asked about").format(open=formats.count(open_people))
        if people >= open_people
        else _("{people} people were drawn from the {open} still on the list").format(
            people=formats.count(people), open=formats.count(open_people)
        )
    )
    text = _(
        "{asked}, all else as it is, of version {version}. {unknown} Other figures move along in a real economy, and "
        "the level of the scores follows the outcomes; neither is in this. Nothing of it is logged or counted as a "
        "prediction."
    )
    st.caption(formats.plain(text.format(asked=asked, version=version, unknown=unknown)))


def training_range(db: Db, champion: str, column: str) -> tuple[float, float] | None:
    """The smallest and largest value that `champion` has learnt from lately, as its newest drift report kept it.

    None while there is none. Raises Unavailable.
    """
    query = {"kind": "drift", "verdict.version": champion}
    with reachable():
        report = db.reports.find_one(query, sort=[("verdict.until", DESCENDING)])
    for one in report["verdict"]["columns"] if report else ():
        shape = one.get("shape") or {}
        if one.get("column") == column and shape.get("least") is not None:
            return float(shape["least"]), float(shape["most"])
    return None


def _answers(
    _scoring: Any,
    _people: list[dict[str, Value]],
    campaign: str,  # noqa: ARG001  what it is kept by
    champion: str,  # noqa: ARG001
    column: str,
    values: tuple[float, ...],
) -> tuple[list[float], str]:
    """The scores of the people as they are and with each value, and the version that gave them."""
    answers = _scoring.what_if(what_if_figures.rows(_people, column, values))
    return [answer.score for answer in answers], str(answers[0].version)


_kept = st.cache_data(ttl=timedelta(minutes=5), max_entries=32, show_spinner=False)(_answers)


def _ask(
    house: Appliance, campaign: str, champion: str, column: str, values: list[float], people: list[dict[str, Value]]
) -> tuple[list[float], str]:
    found: tuple[list[float], str] = _kept(house.scoring, people, campaign, champion, column, tuple(values))
    return found
