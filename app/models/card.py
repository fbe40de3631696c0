"""The model in service: who is champion and why, who was before, who is on trial, and the way back."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.access.boundary import kept_for_next_run
from app.language import _, formats
from app.models.hold_notice import draw_hold
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave
from core.accounts.account import Role
from core.errors import InputError
from core.models import trials
from core.models.decisions import Decision, State, decisions, state
from core.models.succession import Succession
from core.models.trials import finding_sentence

REASON = "rollback_reason"
LONGEST = 300  # characters of a reason


def draw_model_card(house: Appliance) -> None:
    """Draw the card. Raises Unavailable."""
    st.markdown(_("**Model**"))
    found = state(decisions(house.db, house.model))
    if not found.reigns:
        st.markdown(_("No model is in service yet. The first is trained once there are outcomes to learn from."))
        return
    reign = found.reigns[-1]
    with st.container(horizontal=True, gap="medium"):
        st.metric(_("Champion"), _("Version {version}").format(version=reign.version), width="content")
        st.metric(_("Since"), formats.moment(reign.at, st.context.timezone), width="content")
    st.caption(_("Why: {why}").format(why=formats.plain(reign.why)))
    if found.hold is not None:
        draw_hold(found.hold)
    if found.trial is not None:
        _trial(house, found.trial)
    if found.previous is not None:
        _before(house, found, reign.version, found.previous)


def _trial(house: Appliance, trial: Decision) -> None:
    since = formats.moment(trial.at, st.context.timezone)
    last = trials.last(house.db, trial.version)
    with st.container(key="trial"):
        st.markdown(
            _("**Version {version} is on trial** since {since}, on a small share of the calls.").format(
                version=formats.plain(trial.version), since=since
            )
        )
        if last is None:
            st.caption(_("No outcome has told anything about it yet."))
        else:
            at = formats.moment(last.at, st.context.timezone)
            st.caption(formats.plain(finding_sentence(last.sentence)) + " " + _("Looked at {at}.").format(at=at))


def _before(house: Appliance, found: State, champion: str, previous: str) -> None:
    since = formats.moment(found.reigns[-2].at, st.context.timezone)
    st.caption(
        _("Before it: version {version}, champion from {since}.").format(version=formats.plain(previous), since=since)
    )
    with st.popover(
        _("Back to version {version}").format(version=formats.plain(previous)), icon=":material/undo:", key="go-back"
    ):
        st.markdown(formats.plain(consequence(found)))
        with st.form("go-back-form", border=False):
            st.text_input(
                _("Why?"), key=REASON, max_chars=LONGEST, placeholder=_("what is wrong with it; kept for good")
            )
            st.form_submit_button(
                _("Make version {version} champion again").format(version=formats.plain(previous)),
                type="primary",
                key="go-back-now",
                on_click=go_back,
                args=(house, champion),
            )


@kept_for_next_run()
def go_back(house: Appliance, champion: str) -> None:
    """Go back from `champion`, for the reason in the field and as the person at this screen.

    Without aliases: a screen has no business with the model registry, and monitoring lets them follow in seconds.
    """
    who, why = identity.require(Role.MANAGER).shown, " ".join(str(st.session_state.get(REASON) or "").split())
    if not why:
        raise InputError(
            _("To go back to another model, a reason is needed."),
            kept=_("Nothing was changed."),
            next=_("It is kept with the decision and your name; fill it in and go back again."),
        )
    decision = Succession(house.db, house.model, None, by=who).roll_back(champion, why=why)
    leave(
        Notice(
            "success",
            _("Version {version} is champion again instead of {before}.").format(
                version=decision.version, before=champion
            ),
            _("Everything recorded is kept."),
            _("Scoring follows in seconds."),
        )
    )


def consequence(found: State) -> str:
    """What going back does. `found` has a champion before the present one."""
    said = _("Version {champion} goes out of use, and version {previous} ranks the calls again.").format(
        champion=found.champion, previous=found.previous
    )
    if found.canary is None:
        return said
    return said + " " + _("The trial of version {version} ends, too.").format(version=found.canary)
