"""The trial under way on the results page: canary against champion. Nothing is drawn where there is none."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.language import _, formats
from app.results import cached
from app.results import figures as result_figures
from app.results import tables as result_tables
from app.results.figures import Row
from app.shell.appliance import Appliance
from core.models import trials
from core.models.decisions import Decision, decisions, state
from core.models.trials import finding_sentence


def draw_trial_results(house: Appliance, campaign: str, columns: Sequence[str], newest: int) -> None:
    """What the evidence says, and what the `newest` calls of `campaign` since came to. Raises Unavailable."""
    taken = decisions(house.db, house.model)
    found = state(taken)
    if found.trial is None or found.champion is None:
        return
    trial = found.trial
    with st.container(key="results-trial", border=True):
        at = formats.moment(trial.at, st.context.timezone)
        text = _("**On trial: version {canary}** beside version {champion}")
        st.markdown(text.format(canary=formats.plain(trial.version), champion=formats.plain(found.champion)))
        last = trials.last(house.db, trial.version)
        said = finding_sentence(last.sentence) if last else _("No outcome has told anything about it yet.")
        st.markdown(formats.plain(said))
        st.caption(
            formats.plain(_("Since {at}. Why it is tried: {why}").format(at=at, why=finding_sentence(trial.why)))
        )
        rows = _since(house, campaign, columns, newest, trial, found.champion)
        if not any(rate.calls for _, rate in rows):
            st.markdown(_("Nobody in this campaign was called since by a score of this trial."))
            return
        words = {trial.version: _("Version {version}, canary"), found.champion: _("Version {version}, champion")}
        named = [(words[version].format(version=version), rate) for version, rate in rows]
        result_tables.rates(named, _("Score used"))
        st.caption(
            _("Calls of this campaign since the trial began, whatever period is chosen, by whose score was used.")
        )


def _since(
    house: Appliance, campaign: str, columns: Sequence[str], newest: int, trial: Decision, champion: str
) -> list[Row]:
    calls = cached.made(house.db, campaign, columns, newest, since=trial.at)
    return result_figures.by_route(calls, champion, trial.version)
