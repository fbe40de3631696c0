"""The figures of a trial: its outcomes, the gains in score and ranking with their intervals, the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.language import _, formats, translate
from app.shell.appliance import Appliance
from core.models import trials
from core.models.trials import finding_sentence


def canary_findings(house: Appliance, canary: str) -> None:
    """Draw the newest finding about the canary. Raises Unavailable."""
    finding = trials.latest_evidence(house.db, canary)
    if finding is None:
        st.info(_("No outcomes have been judged yet."), icon=":material/hourglass_empty:")
        return
    at = formats.moment(finding.at, st.context.timezone)
    st.caption(formats.plain(finding_sentence(translate(finding.sentence))) + " " + _("Looked at {at}.").format(at=at))
    table(finding.evidence)


def table(evidence: Mapping[str, Any]) -> None:
    """Draw the figures of a trial (`monitor.trials.evidence.Verdict`), if `evidence` has any."""
    if "score" not in evidence:
        return
    score, ranking = evidence["score"], evidence["ranking"]
    called = _("{outcomes} outcomes, {sales} sales; {routed} of the people were called by the new model").format(
        outcomes=formats.count(evidence["outcomes"]),
        sales=formats.count(evidence["sales"]),
        routed=formats.count(evidence["routed"]),
    )
    figures = [
        (_("Based on"), called),
        (_("Score gained per call, nats"), _interval(score)),
        (_("Ranking gained per sale"), _interval(ranking)),
        (_("AUC gained"), f"{evidence['auc']:+.3f}"),
        (_("Evidence, better : worse"), f"{_size(score['better'])} : {_size(score['worse'])}"),
    ]
    rows = [{_("Figure"): figure, _("Value"): value} for figure, value in figures]
    st.table(rows, border="horizontal", hide_index=True)
    st.caption(
        _(
            "Above 0 the new model is better. The intervals are valid at every outcome at once. With a rate of false "
            "decisions of 5%, a trial decides at evidence of 20. Only people who were called have an outcome."
        )
    )
    if worse := [str(segment["name"]) for segment in evidence.get("segments", ()) if segment.get("reached")]:
        text = _("Demonstrably worse for these groups: {groups}.").format(groups=", ".join(worse))
        st.warning(formats.plain(text), icon=":material/groups:")


def _interval(gain: Mapping[str, float]) -> str:
    text = _("{estimate} (between {low} and {high})")
    return text.format(**{name: f"{gain[name]:+.4f}" for name in ("estimate", "low", "high")})


def _size(evidence: float) -> str:
    return f"{evidence:.2g}" if evidence < 1000 else "> 1,000"
