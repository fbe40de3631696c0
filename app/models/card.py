"""The card of the model in service: the champion and why, the trial, the champion before, and the way back to it."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.access.boundary import guarded_action
from app.language import _, formats, translate
from app.models.hold_notice import draw_hold
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.errors import InputError
from core.models import trials
from core.models.decisions import Decision, DecisionKind, SuccessionState, decisions, state_of
from core.models.succession import Succession
from core.models.trials import finding_sentence

REASON = "rollback_reason"
LONGEST = 300  # characters of a reason


def draw_model_card(house: Appliance) -> None:
    """Draw the card. Raises Unavailable."""
    st.markdown(_("**Model**"))
    current = state_of(decisions(house.db, house.model))
    if not current.promotions:
        st.markdown(_("No model is in service yet. The first is trained once there are outcomes to learn from."))
        return
    draw_champion(current.promotions[-1])
    if current.hold is not None:
        draw_hold(current.hold)
    if current.mixed is not None:
        draw_mixture(house, current, current.mixed)
    if current.trial is not None:
        _trial(house, current.trial)
    if current.newest is not None and (current.mixed or current.previous):
        _back(house, current, current.newest)


def draw_champion(promotion: Decision, trial: Decision | None = None) -> None:
    """Draw the champion by the decision that made it so, and the version on `trial` beside it."""
    with st.container(horizontal=True, gap="medium"):
        st.metric(_("Champion"), _("Version {version}").format(version=promotion.version), width="content")
        st.metric(_("Since"), formats.moment(promotion.at, st.context.timezone), width="content")
        if trial is not None:
            st.metric(_("On trial"), _("Version {version}").format(version=trial.version), width="content")
    st.caption(_("Why: {why}").format(why=formats.plain(translate(promotion.why))))


def draw_mixture(house: Appliance, current: SuccessionState, mixed: Decision) -> None:
    """Draw the refresh that is mixed with the champion, and what its outcomes say. Raises Unavailable."""
    version, since = formats.plain(mixed.version), formats.moment(mixed.at, st.context.timezone)
    last = trials.latest_evidence(house.db, mixed.version, trials.REFRESH)
    with st.container(key="mixture"):
        text = _(
            "**Version {version} is mixed with it** since {since}: the same recipe, fitted on newer outcomes. It has "
            "{share} of the say in each score."
        )
        st.markdown(text.format(version=version, since=since, share=formats.percent(current.weight)))
        if last is None:
            st.caption(_("No outcomes have been judged yet."))
        else:
            at = formats.moment(last.at, st.context.timezone)
            st.caption(
                formats.plain(finding_sentence(translate(last.sentence))) + " " + _("Looked at {at}.").format(at=at)
            )


def _trial(house: Appliance, trial: Decision) -> None:
    since = formats.moment(trial.at, st.context.timezone)
    last = trials.latest_evidence(house.db, trial.version)
    with st.container(key="trial"):
        st.markdown(
            _("**Version {version} is on trial** since {since}, on a share of the people.").format(
                version=formats.plain(trial.version), since=since
            )
        )
        if last is None:
            st.caption(_("No outcomes have been judged yet."))
        else:
            at = formats.moment(last.at, st.context.timezone)
            st.caption(
                formats.plain(finding_sentence(translate(last.sentence))) + " " + _("Looked at {at}.").format(at=at)
            )


def _back(house: Appliance, current: SuccessionState, newest: str) -> None:
    if current.previous is not None:
        since, version = formats.moment(current.promotions[-2].at, st.context.timezone), formats.plain(current.previous)
        st.caption(_("Before it: version {version}, champion from {since}.").format(version=version, since=since))
    with st.popover(way_back(current), icon=":material/undo:", key="go-back"):
        st.markdown(formats.plain(rollback_consequence(current)))
        with st.form("go-back-form", border=False):
            placeholder = _("what is wrong with it; stored permanently")
            st.text_input(_("Why?"), key=REASON, max_chars=LONGEST, placeholder=placeholder)
            st.form_submit_button(
                way_back(current), type="primary", key="go-back-now", on_click=roll_back, args=(house, newest)
            )


@guarded_action()
def roll_back(house: Appliance, newest: str) -> None:
    """Take `newest`, the newest version in use, out of use, for the reason in the field, in the manager's name.

    The screen does not set the aliases in the model registry: monitoring sets them a few seconds later.
    """
    who, why = signer_and_reason(_("go back to another model"))
    decision = Succession(house.db, house.model, None, by=who).roll_back(newest, why=why)
    if decision.what is DecisionKind.LEFT_OUT:
        text = _("Version {before} is out of use; the champion ranks the calls alone.")
    else:
        text = _("Version {version} is champion again instead of {before}.")
    leave_switched(text.format(version=decision.version, before=newest))


def leave_switched(what: str) -> None:
    """Leave the notice that another version is champion."""
    leave_notice(
        Notice("success", what, _("Everything recorded is kept."), _("The scoring service follows in seconds."))
    )


def signer_and_reason(what: str) -> tuple[str, str]:
    """The signed-in manager and the reason in the field. Raises Forbidden, and InputError without a reason."""
    who, why = identity.require(Role.MANAGER).shown, " ".join(str(st.session_state.get(REASON) or "").split())
    if not why:
        raise InputError(
            _("To {what}, a reason is needed.").format(what=what),
            kept=_("Nothing was changed."),
            next=_("Give the reason and press again: it is stored with the decision and your name."),
        )
    return who, why


def way_back(found: SuccessionState) -> str:
    """The words of the button that goes back. `found` has a refresh, or a champion before the present one."""
    if found.refresh is not None:
        return _("Leave version {version} out").format(version=formats.plain(found.refresh))
    return _("Back to version {version}").format(version=formats.plain(str(found.previous)))


def rollback_consequence(found: SuccessionState) -> str:
    """What going back does. `found` has a refresh, or a champion before the present one."""
    if found.refresh is not None:
        text = _("Version {refresh} goes out of use, and version {champion} ranks the calls alone.")
        text += " " + _("The next refresh is made with newer outcomes; a hold keeps all of them away.")
        return text.format(refresh=found.refresh, champion=found.champion)
    text = _("Version {champion} goes out of use, and version {previous} ranks the calls again.")
    if found.canary is not None:
        text += " " + _("The trial of version {version} ends, too.")
    return text.format(champion=found.champion, previous=found.previous, version=found.canary)
