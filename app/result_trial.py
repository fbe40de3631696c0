"""The trial under way on the results page: canary against champion. Nothing is drawn where there is none."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import cached, formats, result_figures, result_tables
from app.appliance import Appliance
from app.model_card import sentence
from app.result_figures import Row
from core import trials
from core.succession import CANARY, CHAMPION, Decision, decisions, state


def draw(house: Appliance, campaign: str, columns: Sequence[str], newest: int) -> None:
    """What the evidence says, and what the `newest` calls of `campaign` since came to. Raises Unavailable."""
    taken = decisions(house.db, house.model)
    found = state(taken)
    if found.trial is None or found.champion is None:
        return
    trial = found.trial
    with st.container(key="results-trial", border=True):
        at = formats.moment(trial.at, st.context.timezone)
        st.markdown(
            f"**On trial: version {formats.plain(trial.version)}** beside version {formats.plain(found.champion)}"
        )
        last = trials.last(house.db, trial.version)
        said = sentence(last.sentence) if last else "No outcome has told anything about it yet."
        st.markdown(formats.plain(said))
        st.caption(formats.plain(f"Since {at}. Why it is tried: {sentence(trial.why)}"))
        rows = _since(house, campaign, columns, newest, trial, found.champion)
        if not any(rate.calls for _, rate in rows):
            st.markdown("Nobody in this campaign was called since by a score of this trial.")
            return
        words = {trial.version: CANARY, found.champion: CHAMPION}
        named = [(f"Version {version}, {words[version]}", rate) for version, rate in rows]
        result_tables.rates(named, "Score used")
        st.caption("Calls of this campaign since the trial began, whatever period is chosen, by whose score was used.")


def _since(
    house: Appliance, campaign: str, columns: Sequence[str], newest: int, trial: Decision, champion: str
) -> list[Row]:
    calls = cached.made(house.db, campaign, columns, newest, since=trial.at)
    return result_figures.by_route(calls, champion, trial.version)
