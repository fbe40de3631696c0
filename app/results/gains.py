"""What the order of the calls was worth: its gains, the calls saved over random order, and another model's order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from app.language import _, formats, plural, translate
from app.results import charts as result_charts
from app.results import figures as result_figures
from app.results import statistics
from app.results.calls_made import Call
from app.results.figures import Role
from app.results.statistics import Gains, Saved
from app.shell import charts
from app.shell.appliance import Appliance
from core.models.decisions import decisions
from core.sentences import Sentence

SHARE = 0.5  # of the sales, up to which saved calls are counted
AS_CALLED, BY_SCORE, AT_RANDOM = Sentence("As called"), Sentence("By score"), Sentence("Random order")


def draw_gains(calls: Sequence[Call]) -> Saved:
    """Draw the gains of calls that had a score, and return the calls saved in the order of calling."""
    sold = [call.sold for call in calls]
    orders = {
        AS_CALLED: [-call.at.timestamp() for call in calls],
        BY_SCORE: [call.before.score or 0.0 for call in calls],
        AT_RANDOM: [0.0] * len(calls),
    }
    found: dict[str, Saved] = {name: statistics.saved(sold, order, SHARE) for name, order in orders.items()}
    made = found[AS_CALLED]
    st.markdown(formats.plain(_summary(made, sum(sold))))
    _gains({name: statistics.gains(sold, order) for name, order in orders.items()}, found)
    low, high = map(_calls, made.random.interval)
    text = _(
        "How it is counted: {formula} In 95 of 100 random orders it takes {low} to {high} calls. By score: the order "
        "in which the scores before the calls rank them. People who were not called are left out, because nobody knows "
        "what they would have said. Where only the better part of a list was called, more calls were saved than this."
    )
    st.caption(formats.plain(text.format(formula=formula(made), low=low, high=high)))
    return made


def _summary(worth: Saved, sales: int) -> str:
    low, high = worth.random.interval
    if low <= worth.needed <= high:
        sentence = plural(
            "The first {first} of {sales} sale took {calls} calls. In random order it would have been about {random}: "
            "no more than chance.",
            "The first {first} of {sales} sales took {calls} calls. In random order it would have been about {random}: "
            "no more than chance.",
            sales,
        )
    elif worth.calls > 0:
        sentence = plural(
            "The first {first} of {sales} sale took {calls} calls: {saved} fewer than the {random} that random order "
            "would have taken on average.",
            "The first {first} of {sales} sales took {calls} calls: {saved} fewer than the {random} that random order "
            "would have taken on average.",
            sales,
        )
    else:
        sentence = plural(
            "The first {first} of {sales} sale took {calls} calls: {saved} more than the {random} that random order "
            "would have taken on average.",
            "The first {first} of {sales} sales took {calls} calls: {saved} more than the {random} that random order "
            "would have taken on average.",
            sales,
        )
    return sentence.format(
        first=formats.count(worth.sales),
        sales=formats.count(sales),
        calls=_calls(worth.needed),
        saved=formats.count(abs(saved_calls(worth))),
        random=_calls(worth.random.mean),
    )


def saved_calls(worth: Saved) -> int:
    """The calls saved, rounded so that the whole numbers shown beside them add up."""
    return round(worth.random.mean) - round(worth.needed)


def formula(worth: Saved) -> str:
    """How the calls saved are counted, in words."""
    return _(
        "With S sales in N calls, sale number k comes in random order at call k (N + 1) / (S + 1) on average. Calls "
        "saved are that number less the call at which sale k came; k is half of the sales, here {sales}."
    ).format(sales=formats.count(worth.sales))


def _calls(number: float) -> str:
    return formats.count(round(number))


def draw_comparison(house: Appliance, calls: Sequence[Call], until: datetime) -> None:
    """Draw the gains of the same calls in another model's order, before `until`. Raises Unavailable."""
    st.markdown(_("**Against another model**"))
    version = result_figures.main_version(calls)
    both = result_figures.rivals(calls, version) if version else {}
    if version is None or not both:
        st.markdown(_("No other model scored these people before they were called, so there is no comparison."))
        return
    taken = decisions(house.db, house.model)
    roles = result_figures.roles(both, taken, until)
    labels = {role.version: role.label for role in roles}
    chosen = st.selectbox(_("Compare with"), list(labels), key="results-rival", format_func=labels.get)
    same = result_figures.paired_scores(calls, version, chosen)
    text = plural(
        "{calls} call to a person whom both versions scored before: {version}, in use for most of these calls, and "
        "{other}.",
        "{calls} calls to people whom both versions scored before: {version}, in use for most of these calls, and "
        "{other}.",
        len(same.sold),
    ).format(calls=formats.count(len(same.sold)), version=version, other=chosen)
    st.markdown(formats.plain(text))
    if not any(same.sold):
        st.markdown(_("There is no sale among them yet."))
        return
    in_use, other = _("Version {version}, in use").format(version=version), Role(chosen, "").label
    orders = {in_use: same.first, other: same.second, AT_RANDOM: [0.0] * len(same.sold)}
    found = {name: statistics.saved(same.sold, order, SHARE) for name, order in orders.items()}
    _gains({name: statistics.gains(same.sold, order) for name, order in orders.items()}, found)
    st.caption(
        _(
            "People were called because the model in use ranked them first, so people whom it would not have called "
            "are missing. That favours the other model; a trial compares two models without this bias."
        )
    )


def _gains(curves: Mapping[str, Gains], found: Mapping[str, Saved]) -> None:
    """Draw the curves, and a table of the calls that half of the sales take in each order."""
    left, right = st.columns([3, 2], gap="medium", vertical_alignment="center")
    with left:
        charts.show(
            result_charts.gains({translate(name): curve for name, curve in curves.items()}),
            words=_("Sales found after a share of the calls: {orders}. The tables have the figures.").format(
                orders=", ".join(map(translate, curves))
            ),
        )
    rows = [
        {
            _("Order"): formats.plain(translate(name)),
            _("Calls to half the sales"): _calls(saved.needed if name != AT_RANDOM else saved.random.mean),
            _("Calls saved"): formats.count(saved_calls(saved)) if name != AT_RANDOM else "",
        }
        for name, saved in found.items()
    ]
    with right:
        st.table(rows, border="horizontal", hide_index=True)
    with st.expander(_("As a table")):
        steps = [step / 10 for step in range(1, 11)]
        shares = {name: statistics.sales_found_at(curve, steps) for name, curve in curves.items()}
        table = [
            {
                _("Calls made"): formats.percent(step, 0),
                **{formats.plain(translate(name)): formats.percent(share[place]) for name, share in shares.items()},
            }
            for place, step in enumerate(steps)
        ]
        st.table(table, border="horizontal", hide_index=True)
