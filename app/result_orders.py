"""What an order of the calls was worth: gains beside those of random order, the calls saved, and another model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from app import formats, result_charts, result_figures
from app.appliance import Appliance
from app.calls_made import Call
from app.result_figures import Role
from core import results
from core.results import Gains, Saved
from core.succession import decisions

SHARE = 0.5  # of the sales, up to which saved calls are counted
AS_CALLED, BY_SCORE, AT_RANDOM = "As called", "By score", "Random order"


def worth(calls: Sequence[Call]) -> Saved:
    """Draw the gains of calls that had a score; returns what was saved in the order in which they were made."""
    sold = [call.sold for call in calls]
    orders = {
        AS_CALLED: [-call.at.timestamp() for call in calls],
        BY_SCORE: [call.before.score or 0.0 for call in calls],
        AT_RANDOM: [0.0] * len(calls),
    }
    found = {name: results.saved(sold, order, SHARE) for name, order in orders.items()}
    made = found[AS_CALLED]
    chance = made.random
    st.markdown(formats.plain(_told(made, sum(sold))))
    _gains({name: results.gains(sold, order) for name, order in orders.items()}, found)
    st.caption(
        formats.plain(
            f"How it is counted: {formula(made)} In 95 of 100 random orders it takes {_calls(chance.between.low)} to "
            f"{_calls(chance.between.high)} calls. By score: as if all had been called by their score before the call. "
            "People who were not called are left out, because nobody knows what they would have said; where the better "
            "part of a list was called, more was saved than this."
        )
    )
    return made


def _told(worth: Saved, sales: int) -> str:
    took = (
        f"The first {formats.count(worth.sales)} of {formats.plural(sales, 'sale')} took {_calls(worth.needed)} calls"
    )
    low, high = worth.random.between
    if low <= worth.needed <= high:
        return f"{took}. In random order it would have been about {_calls(worth.random.mean)}: no more than chance."
    less = f"{formats.count(abs(saved_calls(worth)))} {'fewer' if worth.calls > 0 else 'more'}"
    return f"{took}: {less} than the {_calls(worth.random.mean)} that random order would have taken on average."


def saved_calls(worth: Saved) -> int:
    """The calls saved, so that the whole numbers shown beside it add up."""
    return round(worth.random.mean) - round(worth.needed)


def formula(worth: Saved) -> str:
    """How the calls saved are counted, in words."""
    return (
        f"With S sales in N calls, sale number k comes in random order at call k (N + 1) / (S + 1) on average. Calls "
        f"saved are that number less the call at which it came; k is half of the sales, here {worth.sales}."
    )


def _calls(number: float) -> str:
    return formats.count(round(number))


def against(house: Appliance, calls: Sequence[Call], until: datetime) -> None:
    """Draw what another model would have made of the same calls, before `until`. Raises Unavailable."""
    st.markdown("**Against another model**")
    version = result_figures.main_version(calls)
    both = result_figures.rivals(calls, version) if version else {}
    if version is None or not both:
        st.markdown("No other model has scored these people before they were called, so there is none to compare with.")
        return
    taken = decisions(house.db, house.model)
    roles = result_figures.roles(both, taken, until)
    labels = {role.version: role.label for role in roles}
    chosen = st.selectbox("Compare with", list(labels), key="results-rival", format_func=lambda found: labels[found])
    same = result_figures.same_people(calls, version, chosen)
    st.markdown(
        f"{formats.plural(len(same.sold), 'call')} to people whom version {formats.plain(version)}, in use for most of "
        f"these calls, and version {formats.plain(chosen)} had both scored before."
    )
    if not any(same.sold):
        st.markdown("There is no sale among them yet.")
        return
    names = f"Version {version}, in use", Role(chosen, "").label
    orders = {names[0]: same.one, names[1]: same.other, AT_RANDOM: [0.0] * len(same.sold)}
    found = {name: results.saved(same.sold, order, SHARE) for name, order in orders.items()}
    _gains({name: results.gains(same.sold, order) for name, order in orders.items()}, found)
    st.caption(
        "People were called because the model in use put them first, so those it would not have called are missing. "
        "That favours the other model; a trial decides between two models without it."
    )


def _gains(curves: Mapping[str, Gains], found: Mapping[str, Saved]) -> None:
    """Curves, each with the calls that half of the sales take in that order."""
    left, right = st.columns([3, 2], gap="medium", vertical_alignment="center")
    with left:
        st.altair_chart(
            result_charts.gains(curves, "Calls made"),
            alt=f"Sales found after a share of the calls: {', '.join(curves)}. The tables have the figures.",
        )
    rows = [
        {
            "Order": formats.plain(name),
            "Calls to half the sales": _calls(saved.needed if name != AT_RANDOM else saved.random.mean),
            "Calls saved": formats.count(saved_calls(saved)) if name != AT_RANDOM else "",
        }
        for name, saved in found.items()
    ]
    with right:
        st.table(rows, border="horizontal", hide_index=True)
    with st.expander("As a table"):
        steps = [step / 10 for step in range(1, 11)]
        shares = {name: results.at(curve, steps) for name, curve in curves.items()}
        table = [
            {
                "Calls made": f"{step:.0%}",
                **{formats.plain(name): formats.percent(share[place]) for name, share in shares.items()},
            }
            for place, step in enumerate(steps)
        ]
        st.table(table, border="horizontal", hide_index=True)
