"""Takes people off a campaign's list, one by reference or all of a file, and puts one back."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st

from app.access import identity
from app.access.boundary import boundary, guarded_action
from app.language import _, formats, plural
from app.ranked_list import cached
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.calls.lifecycle import LIVE, Status
from core.imports import run_import
from core.imports.withdrawal_file import reference, reference_column, withdraw_file
from core.lists import withdrawal
from core.stores.mongo import Document, reachable

_TIMES, _ONE, _WHY, _MANY_WHY = "withdraw_times", "withdraw_ref", "withdraw_why", "withdraw_many_why"


def draw_withdrawal_form(house: Appliance, campaign: str) -> None:
    """Draw both forms for `campaign`. Raises Unavailable."""
    st.markdown("**" + _("People who leave the list") + "**")
    st.caption(
        _(
            "Withdrawn people are not offered to agents and not ranked. Their calls and results are kept, and they can "
            "be put back."
        )
    )
    left, right = st.columns(2, gap="large")
    with left, st.container(key="withdraw-one"), boundary():
        _one(house, campaign)
    with right, st.container(key="withdraw-many"), boundary():
        _many(house, campaign)


def _one(house: Appliance, campaign: str) -> None:
    ref = reference(house.schema, st.text_input(_("Reference"), key=_ONE, autocomplete="off"))
    if not ref:
        st.caption(_("Type a person's reference to see how they stand."))
        return
    with reachable():
        prospect = house.db.prospects.find_one({"_id": f"{campaign}:{ref}"})
    if prospect is None:
        st.markdown(_("Nobody in this campaign has the reference {ref}.").format(ref=formats.plain(ref)))
        return
    st.markdown(_state(prospect))
    if prospect["status"] == Status.WITHDRAWN:
        st.button(
            _("Put back on the list"),
            key="withdraw-back",
            icon=":material/person_add:",
            on_click=_put_back,
            args=(house, campaign, ref),
        )
    elif prospect["status"] in LIVE:
        st.text_input(_("Why do they leave the list?"), key=_WHY, max_chars=withdrawal.LONGEST)
        st.button(
            _("Withdraw"),
            key="withdraw-go",
            icon=":material/person_remove:",
            on_click=_withdraw,
            args=(house, campaign, ref),
        )


def _state(prospect: Document) -> str:
    ref = formats.plain(prospect["ref"])
    if prospect["status"] == Status.WITHDRAWN:
        gone = prospect["withdrawn"]
        text = _("{ref} was withdrawn on {when}, by {who}: {why}")
        when = formats.moment(gone["at"], st.context.timezone)
        return text.format(ref=ref, when=when, who=formats.plain(gone["by"]), why=formats.plain(gone["why"]))
    if prospect["status"] in LIVE:
        return _("{ref} is still to be called.").format(ref=ref)
    return _("{ref} is off the list already: nobody will be asked to call them.").format(ref=ref)


@guarded_action()
def _withdraw(house: Appliance, campaign: str, ref: str) -> None:
    who, why = identity.require(Role.MANAGER).shown, str(st.session_state.get(_WHY) or "")
    withdrawal.withdraw(house.db, campaign, [ref], by=who, why=why)
    st.session_state[_WHY] = ""
    cached.recount(house.db, campaign)
    leave_notice(Notice("success", _("{ref} is off the list.").format(ref=ref), _("They can be put back at any time.")))


@guarded_action()
def _put_back(house: Appliance, campaign: str, ref: str) -> None:
    withdrawal.put_back(house.db, campaign, [ref], by=identity.require(Role.MANAGER).shown)
    cached.recount(house.db, campaign)
    leave_notice(Notice("success", _("{ref} is on the list again, as before.").format(ref=ref)))


def _many(house: Appliance, campaign: str) -> None:
    times = st.session_state.get(_TIMES, 0)
    uploaded = st.file_uploader(
        _("File of references"), type=list(run_import.KINDS), key=f"withdraw_file_{times}", help=_("One person a line.")
    )
    if uploaded is None:
        return
    with TemporaryDirectory(prefix="withdraw-") as folder:
        header = run_import.save_upload(Path(folder), uploaded.name, uploaded).header
    column = reference_column(house.schema, header)
    if not column:
        column = str(st.selectbox(_("Column with the references"), header, key=f"withdraw_column_{times}"))
    st.text_input(_("Why do they leave the list?"), key=_MANY_WHY, max_chars=withdrawal.LONGEST)
    st.button(
        _("Withdraw everybody in the file"),
        key="withdraw-many-go",
        icon=":material/group_remove:",
        on_click=_withdraw_all,
        args=(house, campaign, uploaded, column),
    )


@guarded_action()
def _withdraw_all(house: Appliance, campaign: str, uploaded: Any, column: str) -> None:
    who, why = identity.require(Role.MANAGER).shown, str(st.session_state.get(_MANY_WHY) or "")
    uploaded.seek(0)
    with TemporaryDirectory(prefix="withdraw-") as folder:
        file = run_import.save_upload(Path(folder), uploaded.name, uploaded)
        entry = withdraw_file(house.db, house.schema, file, campaign, column, by=who, why=why)
    st.session_state[_TIMES] = st.session_state.get(_TIMES, 0) + 1
    st.session_state[_MANY_WHY] = ""
    cached.recount(house.db, campaign)
    report = entry.document["report"]
    text = plural("{n} person is off the list.", "{n} people are off the list.", report["withdrawn"])
    unknown = plural(
        "{n} reference is not in this campaign.", "{n} references are not in this campaign.", report["unknown"]
    )
    kept = unknown.format(n=formats.count(report["unknown"])) if report["unknown"] else ""
    undo = _("The file is listed under Imported files, where this can be undone.")
    leave_notice(Notice("success", text.format(n=formats.count(report["withdrawn"])), kept, undo))
