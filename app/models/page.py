"""The page Models: the champions over time, each version's origin, incidents, fairness, and a manager's decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from app.access.boundary import boundary
from app.language import _, formats, translate
from app.models import charts as model_charts
from app.models import timeline
from app.models.card import draw_champion, draw_mixture
from app.models.decision_form import draw_decision_form
from app.models.fairness import draw_fairness
from app.models.hold_notice import draw_hold
from app.models.incident_life import draw_incidents, newest_incidents
from app.models.timeline import Training
from app.models.version import draw_version
from app.shell import charts, notices
from app.shell.appliance import Appliance
from core.clock import now
from core.models.decisions import Decision, SuccessionState, decisions, state_of
from core.oversight import incident_words
from core.stores.events import Event
from core.stores.mongo import reachable

SHOWN = 100  # decisions in the table


def page(house: Appliance) -> None:
    """Draw the page."""
    st.title(_("Models"))
    with st.container(key="message"):
        notices.show_waiting()
    taken = decisions(house.db, house.model)
    found = state_of(taken)
    if found.champion is None:
        with st.container(key="models-none"):
            st.info(
                _(
                    "**No model is in service yet.** The first is trained once there are outcomes to learn from; "
                    "from then on this page says which model was in use when, and why."
                ),
                icon=":material/hourglass_empty:",
            )
        return
    with reachable():
        ended = list(house.db.events.find({"what": Event.TRAINING_ENDED}).sort([("_id", 1)]))
    made = timeline.trainings(ended)
    left, right = st.columns(2, gap="medium")
    with left, st.container(key="models-now", border=True, height="stretch"), boundary():
        _now(house, found)
    with right, st.container(key="models-decide", border=True, height="stretch"), boundary():
        draw_decision_form(house, found)
    with st.container(key="models-timeline", border=True), boundary():
        _timeline(taken, made)
    # Fragments, so that a choice in the card of a version or of fairness draws no other card again.
    with st.container(key="models-version", border=True):
        st.fragment(boundary()(draw_version))(house, taken, found, made)
    with st.container(key="models-incidents", border=True), boundary():
        st.markdown(_("**Incidents**"))
        draw_incidents(newest_incidents(house.db), now())
    with st.container(key="models-fairness", border=True):
        st.fragment(boundary()(draw_fairness))(house)


def _now(house: Appliance, found: SuccessionState) -> None:
    st.markdown(_("**In use**"))
    draw_champion(found.promotions[-1], found.trial)
    if found.mixed is not None:
        draw_mixture(house, found, found.mixed)
    if found.waiting is not None:
        text = _("Version {version}, a refresh, waits for the next list.")
        st.caption(text.format(version=formats.plain(found.waiting.version)))
    if found.trial is not None:
        since = formats.moment(found.trial.at, st.context.timezone)
        st.caption(
            formats.plain(_("On trial since {since}: {why}").format(since=since, why=translate(found.trial.why)))
        )
    if found.hold is not None:
        draw_hold(found.hold)


def _timeline(taken: Sequence[Decision], made: Mapping[str, Training]) -> None:
    st.markdown(_("**Which model when, and why**"))
    charts.show(
        model_charts.timeline(timeline.spans(taken), now()),
        words=_("When each version was champion or on trial, and holds. The table below says the same in words."),
    )
    words = {
        "person": _("a person"),
        "incident": _("an incident"),
        "schedule": _("the schedule"),
        "outcomes": _("new outcomes"),
        "asked": _("asked for"),
    }
    rows = []
    for decision in reversed(taken[-SHOWN:]):
        training = made.get(decision.version)
        incident = decision.incident or (training.incident if training else None)
        cause = words[timeline.cause(decision, training)]
        if incident:
            cause += f": {translate(incident_words.cause_name(timeline.cause_of(incident)))}"
        rows.append(
            {
                _("When"): formats.plain(formats.moment(decision.at, st.context.timezone)),
                _("Version"): formats.plain(decision.version),
                _("What"): translate(decision.what.words),
                _("Cause"): formats.plain(cause),
                _("By"): formats.plain(decision.by),
                _("Why"): formats.plain(translate(decision.why)),
            }
        )
    with st.expander(_("As a table"), expanded=len(rows) <= 8):
        st.table(rows, border="horizontal", hide_index=True)
        if len(taken) > SHOWN:
            st.caption(_("The newest {number}; scripts/models lists all.").format(number=SHOWN))
