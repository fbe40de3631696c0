"""Models: which was champion when and why, what each is made of, the incidents, and what a person may decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from app.access.boundary import boundary
from app.language import _, formats, said
from app.models import charts as model_charts
from app.models import timeline
from app.models.decision_form import draw_decision_form
from app.models.fairness import draw_fairness
from app.models.hold_notice import draw_hold
from app.models.incident_life import draw_incidents, newest_incidents
from app.models.timeline import Training
from app.models.version import draw_version
from app.shell import charts, notices
from app.shell.appliance import Appliance
from core.clock import now
from core.models.decisions import Decision, State, decisions, state
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
    found = state(taken)
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
        _now(found)
    with right, st.container(key="models-decide", border=True, height="stretch"), boundary():
        draw_decision_form(house, found)
    with st.container(key="models-timeline", border=True), boundary():
        _timeline(taken, made)
    # What is chosen in these two draws no other card anew.
    with st.container(key="models-version", border=True):
        st.fragment(boundary()(draw_version))(house, taken, found, made)
    with st.container(key="models-incidents", border=True), boundary():
        st.markdown(_("**Incidents**"))
        draw_incidents(newest_incidents(house.db), now())
    with st.container(key="models-fairness", border=True):
        st.fragment(boundary()(draw_fairness))(house)


def _now(found: State) -> None:
    st.markdown(_("**In use**"))
    reign, zone = found.reigns[-1], st.context.timezone
    with st.container(horizontal=True, gap="medium"):
        st.metric(_("Champion"), _("Version {version}").format(version=reign.version), width="content")
        st.metric(_("Since"), formats.moment(reign.at, zone), width="content")
        if found.trial is not None:
            st.metric(_("On trial"), _("Version {version}").format(version=found.trial.version), width="content")
    st.caption(_("Why: {why}").format(why=formats.plain(reign.why)))
    if found.trial is not None:
        since = formats.moment(found.trial.at, zone)
        st.caption(
            _("On trial since {since}: {why}").format(since=formats.plain(since), why=formats.plain(found.trial.why))
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
    for one in reversed(taken[-SHOWN:]):
        training = made.get(one.version)
        incident = one.incident or (training.incident if training else None)
        behind = words[timeline.cause(one, training)]
        if incident:
            behind = f"{behind}: {said(incident_words.name(timeline.cause_of(incident)))}"
        rows.append(
            {
                _("When"): formats.plain(formats.moment(one.at, st.context.timezone)),
                _("Version"): formats.plain(one.version),
                _("What"): said(one.what.words),
                _("Cause"): formats.plain(behind),
                _("By"): formats.plain(one.by),
                _("Why"): formats.plain(one.why),
            }
        )
    with st.expander(_("As a table"), expanded=len(rows) <= 8):
        st.table(rows, border="horizontal", hide_index=True)
        if len(taken) > SHOWN:
            st.caption(_("The newest {number}; scripts/models lists all.").format(number=SHOWN))
