"""The running trial on the results page: canary against champion. Draws nothing without a trial."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.language import _, formats, translate
from app.results import cached
from app.results import figures as result_figures
from app.results import tables as result_tables
from app.shell.appliance import Appliance
from core.models import trials
from core.models.decisions import decisions, state_of
from core.models.trials import finding_sentence


def draw_trial_results(house: Appliance, campaign: str, columns: Sequence[str], newest: int) -> None:
    """Draw the trial's finding, and the rates of the `newest` calls of `campaign` since. Raises Unavailable."""
    current = state_of(decisions(house.db, house.model))
    trial, champion = current.trial, current.champion
    if trial is None or champion is None:
        return
    with st.container(key="results-trial", border=True):
        at = formats.moment(trial.at, st.context.timezone)
        text = _("**On trial: version {canary}** beside version {champion}")
        st.markdown(text.format(canary=formats.plain(trial.version), champion=formats.plain(champion)))
        last = trials.latest_evidence(house.db, trial.version)
        finding = finding_sentence(translate(last.sentence)) if last else _("No outcomes have been judged yet.")
        st.markdown(formats.plain(finding))
        text = _("Since {at}. Why it is tried: {why}")
        st.caption(formats.plain(text.format(at=at, why=finding_sentence(translate(trial.why)))))
        calls = cached.read_calls(house.db, campaign, columns, newest, since=trial.at)
        rows = result_figures.by_route(calls, champion, trial.version)
        if not any(rate.calls for _, rate in rows):
            st.markdown(_("Since the trial began, nobody in this campaign was called by one of its scores."))
            return
        words = {trial.version: _("Version {version}, canary"), champion: _("Version {version}, champion")}
        named = [(words[version].format(version=version), rate) for version, rate in rows]
        result_tables.rates(named, _("Score used"))
        st.caption(_("All calls of this campaign since the trial began, regardless of the period, by the score used."))
