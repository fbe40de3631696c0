"""The form for a manager's decisions about models, with name and reason: promote, hold, release, go back."""

from __future__ import annotations

import streamlit as st

from app.access.boundary import guarded_action
from app.language import _, formats
from app.models import card as model_card
from app.models.trial_figures import canary_findings
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.models import trials
from core.models.decisions import Decision, SuccessionState
from core.models.succession import Succession

PROMOTE, HOLD, RELEASE, BACK = "promote", "hold", "release", "back"


def draw_decision_form(house: Appliance, found: SuccessionState) -> None:
    """Draw the card; `found` has a champion. Raises Unavailable."""
    st.markdown(_("**Decide**"))
    choices = _choices(found)
    chosen = st.radio(_("What is to be done?"), list(choices), None, format_func=choices.get, key="decide-what")
    if chosen is None:
        st.caption(_("You need not decide: outcomes decide trials. A decision of yours is stored with your name."))
        return
    # A container for what comes and goes: without it, the form is on the screen twice while the page is drawn.
    with st.container(key="decide-shown"):
        st.markdown(formats.plain(_consequence(found, chosen)))
        if chosen == PROMOTE and found.canary:
            canary_findings(house, found.canary)
    with st.form("decide-form", border=False):
        placeholder = _("stored permanently, with your name")
        st.text_input(_("Why?"), key=model_card.REASON, max_chars=model_card.LONGEST, placeholder=placeholder)
        calls = {PROMOTE: promote, HOLD: hold, RELEASE: release, BACK: model_card.roll_back}
        about = {PROMOTE: found.canary, HOLD: found.champion, RELEASE: found.hold, BACK: found.newest}
        st.form_submit_button(
            choices[chosen], type="primary", key="decide-now", on_click=calls[chosen], args=(house, about[chosen])
        )


def _choices(found: SuccessionState) -> dict[str, str]:
    choices = {}
    if found.hold is not None:
        choices[RELEASE] = _("Release the hold")
    else:
        if found.canary is not None:
            choices[PROMOTE] = _("Promote version {version} now").format(version=found.canary)
        choices[HOLD] = _("Hold the champion")
    if found.refresh is not None:
        choices[BACK] = model_card.way_back(found)
    elif found.previous is not None:
        choices[BACK] = _("Go back to version {version}").format(version=found.previous)
    return choices


def _consequence(found: SuccessionState, chosen: str) -> str:
    if chosen == PROMOTE:
        return _(
            "The trial ends before the outcomes have decided, and the version ranks all calls from now on. Trials "
            "limit the chance of a wrong promotion; for this promotion the risk is yours."
        )
    if chosen == HOLD:
        return _(
            "Until a manager releases the hold, no version is promoted and no automatic training starts. Guardrails "
            "still end a trial, outcomes may still end a trial against the new model, and you can still go back. "
            "Callwise reminds you of the hold."
        )
    if chosen == RELEASE and found.hold is not None:
        text = _("Waiting promotions and trainings continue automatically. {who} set the hold because: {why}")
        return text.format(who=found.hold.by, why=found.hold.why)
    return model_card.rollback_consequence(found)


@guarded_action()
def promote(house: Appliance, canary: str) -> None:
    """Make the canary champion now, for the reason in the field, in the name of the signed-in manager."""
    who, why = model_card.signer_and_reason(_("promote a model"))
    finding = trials.latest_evidence(house.db, canary)
    figures = {**finding.evidence, "sentence": finding.sentence} if finding else {}
    line = Succession(house.db, house.model, None, by=who)
    trial = line.state().trial
    incident = trial.incident if trial and trial.version == canary else None
    line.promote_canary(canary, why=why, incident=incident, evidence={**figures, "approved": True})
    model_card.leave_switched(_("Version {version} is champion now.").format(version=canary))


@guarded_action()
def hold(house: Appliance, _champion: str) -> None:
    """Hold the champion, for the reason in the field, in the name of the signed-in manager."""
    who, why = model_card.signer_and_reason(_("hold the champion"))
    decision = Succession(house.db, house.model, None, by=who).hold(why=why)
    text = _("Version {version} stays until the hold is released.").format(version=decision.version)
    leave_notice(Notice("success", text, _("Calls continue unchanged."), _("Release the hold on this page.")))


@guarded_action()
def release(house: Appliance, held: Decision) -> None:
    """Release the hold that the page showed."""
    who, why = model_card.signer_and_reason(_("release the hold"))
    Succession(house.db, house.model, None, by=who).release(held.place, why=why)
    leave_notice(
        Notice("success", _("The hold is released."), next=_("Trainings and promotions continue automatically."))
    )
