"""What a person decides about the models: promote, hold the champion, release it, go back. With name and reason."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.access.boundary import kept_for_next_run
from app.language import _, formats
from app.models import card as model_card
from app.models.trial_figures import canary_findings
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave
from core.accounts.account import Role
from core.errors import InputError
from core.models import trials
from core.models.decisions import Decision, State
from core.models.succession import Succession

PROMOTE, HOLD, RELEASE, BACK = "promote", "hold", "release", "back"


def draw_decision_form(house: Appliance, found: State) -> None:
    """Draw the card; `found` has a champion. Raises Unavailable."""
    st.markdown(_("**Decide**"))
    choices = _choices(found)
    chosen = st.radio(
        _("What is to be done?"), list(choices), None, format_func=lambda one: choices[one], key="decide-what"
    )
    if chosen is None:
        st.caption(
            _("Nothing has to be: trials are decided by their outcomes. What you decide is kept with your name.")
        )
        return
    # A place of its own for what comes and goes, so that the form is not on the screen twice while the page is drawn.
    with st.container(key="decide-shown"):
        st.markdown(formats.plain(_consequence(found, chosen)))
        if chosen == PROMOTE and found.canary:
            canary_findings(house, found.canary)
    with st.form("decide-form", border=False):
        st.text_input(
            _("Why?"),
            key=model_card.REASON,
            max_chars=model_card.LONGEST,
            placeholder=_("kept for good, with your name"),
        )
        calls = {PROMOTE: promote, HOLD: hold, RELEASE: release, BACK: model_card.go_back}
        about = {PROMOTE: found.canary, HOLD: found.champion, RELEASE: found.hold, BACK: found.champion}
        st.form_submit_button(
            choices[chosen], type="primary", key="decide-now", on_click=calls[chosen], args=(house, about[chosen])
        )


def _choices(found: State) -> dict[str, str]:
    choices = {}
    if found.hold is not None:
        choices[RELEASE] = _("Release the hold")
    else:
        if found.canary is not None:
            choices[PROMOTE] = _("Promote version {version} now").format(version=found.canary)
        choices[HOLD] = _("Hold the champion")
    if found.previous is not None:
        choices[BACK] = _("Go back to version {version}").format(version=found.previous)
    return choices


def _consequence(found: State, chosen: str) -> str:
    if chosen == PROMOTE:
        return _(
            "Its trial ends before the outcomes have decided, and it ranks all calls from now on. The chance of a "
            "wrong promotion that trials keep to does not hold for this one: that is yours."
        )
    if chosen == HOLD:
        return _(
            "Nothing is promoted and no training is asked for until somebody releases it. Guardrails still end a "
            "trial, outcomes may still end it against the new model, and going back stays possible. You are reminded "
            "of it."
        )
    if chosen == RELEASE and found.hold is not None:
        return _("What was waiting goes on by itself: {who} held it because: {why}").format(
            who=found.hold.by, why=found.hold.why
        )
    return model_card.consequence(found)


@kept_for_next_run()
def promote(house: Appliance, canary: str) -> None:
    """Make the canary champion now, for the reason in the field and as the person at this screen."""
    who, why = _signed(_("promote a model"))
    found = trials.last(house.db, canary)
    figures = {**found.evidence, "sentence": found.sentence} if found else {}
    line = Succession(house.db, house.model, None, by=who)
    trial = line.state().trial
    incident = trial.incident if trial and trial.version == canary else None
    line.promote_canary(canary, why=why, incident=incident, evidence={**figures, "approved": True})
    _said(_("Version {version} is champion now.").format(version=canary))


@kept_for_next_run()
def hold(house: Appliance, _champion: str) -> None:
    """Hold the champion, for the reason in the field and as the person at this screen."""
    who, why = _signed(_("hold the champion"))
    decision = Succession(house.db, house.model, None, by=who).hold(why=why)
    said = _("Version {version} stays until the hold is released.").format(version=decision.version)
    leave(Notice("success", said, _("Calls go on as they are."), _("Release it on this page.")))


@kept_for_next_run()
def release(house: Appliance, held: Decision) -> None:
    """Release the hold that the page showed."""
    who, why = _signed(_("release the hold"))
    Succession(house.db, house.model, None, by=who).release(held.place, why=why)
    leave(Notice("success", _("The hold is released."), next=_("Trainings and promotions go on by themselves.")))


def _said(what: str) -> None:
    leave(Notice("success", what, _("Everything recorded is kept."), _("Scoring follows in seconds.")))


def _signed(what: str) -> tuple[str, str]:
    """Who is at this screen, and the reason in the field. Raises Forbidden, InputError without a reason."""
    who, why = (
        identity.require(Role.MANAGER).shown,
        " ".join(str(st.session_state.get(model_card.REASON) or "").split()),
    )
    if not why:
        raise InputError(
            _("To {what}, a reason is needed.").format(what=what),
            kept=_("Nothing was changed."),
            next=_("It is kept with the decision and your name; fill it in and press again."),
        )
    return who, why
