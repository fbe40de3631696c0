"""What a trial has shown, in figures: the outcomes, the difference of the scores with its interval, the ranking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from app.language import _, formats
from app.shell.appliance import Appliance
from core.models import trials
from core.models.trials import finding_sentence


def canary_findings(house: Appliance, canary: str) -> None:
    """What is known of the canary so far. Raises Unavailable."""
    found = trials.last(house.db, canary)
    if found is None:
        st.info(_("No outcome has told anything about it yet."), icon=":material/hourglass_empty:")
        return
    at = formats.moment(found.at, st.context.timezone)
    st.caption(formats.plain(finding_sentence(found.sentence)) + " " + _("Looked at {at}.").format(at=at))
    table(found.evidence)


def table(evidence: Mapping[str, Any]) -> None:
    """The figures of a trial (`monitor.trials.evidence.Verdict`); nothing where there are none."""
    if "score" not in evidence:
        return
    score, ranking = evidence["score"], evidence["ranking"]
    called = _("{outcomes} outcomes, {sales} sales; {routed} of the people were called by the new model").format(
        outcomes=formats.count(evidence["outcomes"]),
        sales=formats.count(evidence["sales"]),
        routed=formats.count(evidence["routed"]),
    )
    rows = [
        {_("Figure"): _("Rests on"), _("Value"): called},
        {_("Figure"): _("Score gained per call, nats"), _("Value"): _interval(score)},
        {_("Figure"): _("Ranking gained per sale"), _("Value"): _interval(ranking)},
        {_("Figure"): _("AUC gained"), _("Value"): f"{evidence['auc']:+.3f}"},
        {
            _("Figure"): _("Evidence, better : worse"),
            _("Value"): f"{_size(score['better'])} : {_size(score['worse'])}",
        },
    ]
    st.table(rows, border="horizontal", hide_index=True)
    st.caption(
        _(
            "Above 0 the new model is better. The intervals hold at every outcome at once. At evidence of 20 a trial "
            "decides, if it is asked for a rate of false decisions of 5%. Only people who were called have an outcome."
        )
    )
    worst = [one for one in evidence.get("segments", ()) if one.get("reached")]
    if worst:
        names = ", ".join(str(one["name"]) for one in worst)
        st.warning(formats.plain(_("Shown to pay for it: {groups}.").format(groups=names)), icon=":material/groups:")


def _interval(found: Mapping[str, float]) -> str:
    return _("{estimate} (between {low} and {high})").format(
        estimate=f"{found['estimate']:+.4f}", low=f"{found['low']:+.4f}", high=f"{found['high']:+.4f}"
    )


def _size(evidence: float) -> str:
    return f"{evidence:.2g}" if evidence < 1000 else "> 1,000"
