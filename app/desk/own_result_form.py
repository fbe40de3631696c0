"""The form for a campaign's own results: add, rename, retire."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.access.boundary import guarded_action
from app.desk.result_names import result_name
from app.language import _, formats
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.calls.lifecycle import Result
from core.desk import own_results
from core.desk.own_results import LONGEST, OwnResult
from core.stores.mongo import Document

_NAME, _EFFECT = "own-result-name", "own-result-effect"


def draw_own_results_form(house: Appliance, campaign: Document) -> None:
    """Draw the own results of `campaign`, and the fields for another one."""
    key = str(campaign["_id"])
    with st.container(key="own-results-form", border=True):
        known = own_results.of_campaign(campaign)
        if not known:
            st.caption(
                _(
                    "No results of its own yet. One such as “voicemail” gets a button on the card, and counts as a "
                    "standard result: that decides when the person is called again, and what the model learns."
                )
            )
        for own in known:
            _draw(house, key, own)
        with st.form("own-result-add", border=False, clear_on_submit=True):
            left, middle, right = st.columns([4, 3, 2], vertical_alignment="bottom")
            left.text_input(_("Name of the result"), key=_NAME, max_chars=LONGEST, placeholder=_("voicemail"))
            middle.selectbox(_("Counts as"), list(Result), index=3, key=_EFFECT, format_func=result_name)
            right.form_submit_button(
                _("Add"),
                key="own-result-add-go",
                icon=":material/add:",
                on_click=_add,
                args=(house, key),
                width="stretch",
            )


def _draw(house: Appliance, campaign: str, own: OwnResult) -> None:
    field = f"own-name-{campaign}-{own.key}"
    left, middle, right = st.columns([4, 3, 2], vertical_alignment="bottom")
    left.text_input(_("Name of the result"), value=own.name, key=field, max_chars=LONGEST, label_visibility="collapsed",
                    on_change=_rename, args=(house, campaign, own, field))  # fmt: skip
    counts = _("counts as: {effect}").format(effect=result_name(own.effect))
    middle.markdown(formats.plain(counts) + (f" :gray-badge[{_('retired')}]" if own.retired else ""))
    right.button(
        _("Offer again") if own.retired else _("Retire"),
        key=f"own-retire-{own.key}",
        type="tertiary",
        width="stretch",
        help=None if own.retired else _("It gets no button any more; calls that have it keep it."),
        on_click=_retire,
        args=(house, campaign, own),
    )


@guarded_action()
def _add(house: Appliance, campaign: str) -> None:
    name, effect = str(st.session_state.get(_NAME) or ""), Result(st.session_state[_EFFECT])
    own = own_results.add(house.db, campaign, name, effect, by=identity.require(Role.MANAGER).shown)
    text = _("{name} is a result of {campaign} now; it counts as: {effect}.")
    leave_notice(Notice("success", text.format(name=own.name, campaign=campaign, effect=result_name(own.effect))))


@guarded_action()
def _rename(house: Appliance, campaign: str, own: OwnResult, field: str) -> None:
    name = str(st.session_state.get(field) or "")
    new = own_results.rename(house.db, campaign, own.key, name, by=identity.require(Role.MANAGER).shown)
    text = _("{before} is called {after} now, on earlier calls too.")
    leave_notice(Notice("success", text.format(before=own.name, after=new.name)))


@guarded_action()
def _retire(house: Appliance, campaign: str, own: OwnResult) -> None:
    by = identity.require(Role.MANAGER).shown
    new = own_results.set_retired(house.db, campaign, own.key, retired=not own.retired, by=by)
    text = _("{name} is offered no more.") if new.retired else _("{name} is offered again.")
    leave_notice(Notice("success", text.format(name=new.name)))
