"""Undoes an import on the screen, while that is possible; otherwise says what followed, and offers what can be done."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.access.boundary import guarded_action
from app.language import _, formats, plural
from app.ranked_list import cached
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.lists import undo_import, withdrawal
from core.lists.logged_import import Entry, Kind, State
from core.lists.undo_import import CAN_BE_UNDONE, Followed

_ASKED, _WHY = "undo_asked", "undo_why"


def draw_undo_button(entry: Entry, where: str) -> None:
    """Draw the button that begins the undo of `entry`; `where` it stands tells it from others on the page."""
    if entry.state not in CAN_BE_UNDONE:
        return
    half = entry.state is State.UNDOING
    st.button(
        _("Finish the undo") if half else _("Undo"),
        key=f"undo-{where}-{entry.key}",
        icon=":material/undo:",
        on_click=_ask,
        args=(entry.key, where),
    )


def draw_undo_question(house: Appliance, entry: Entry, where: str) -> None:
    """Draw what the undo of `entry` would do, once its button `where` was pressed. Raises Unavailable."""
    if st.session_state.get(_ASKED) != (entry.key, where) or entry.state not in CAN_BE_UNDONE:
        return
    with st.container(key="undo-question", border=True):
        if entry.state is not State.UNDOING and (what := undo_import.followed(house.db, entry)):
            _rest(house, entry, what)
            return
        st.markdown(_consequence(house, entry))
        with st.container(horizontal=True):
            st.button(
                _("Undo the import"),
                key="undo-go",
                type="primary",
                icon=":material/undo:",
                on_click=_undo,
                args=(house, entry),
            )
            st.button(_("Leave it"), key="undo-leave", on_click=_ask, args=("", ""))


def _ask(place: str, where: str) -> None:
    st.session_state[_ASKED] = (place, where)


def _consequence(house: Appliance, entry: Entry) -> str:
    """What the undo does, in sentences."""
    name = formats.plain(str(entry.document["file"]))
    if entry.state is State.UNDOING:
        return _("**The undo of {file} stopped half way.** Finishing it does the rest.").format(file=name)
    counts = undo_import.counts(house.db, entry.key)
    inserted, changed = counts["inserted"], counts["changed"]
    outcomes, withdrawn = counts["outcomes"], counts["withdrawn"]
    sentences = [
        (inserted, plural("{n} person leaves the campaign.", "{n} people leave the campaign.", inserted)),
        (changed, plural("{n} person gets the old values back.", "{n} people get their old values back.", changed)),
        (outcomes, plural("{n} result is removed.", "{n} results are removed.", outcomes)),
        (withdrawn, plural("{n} person comes back to the list.", "{n} people come back to the list.", withdrawn)),
    ]
    said = [sentence.format(n=formats.count(n)) for n, sentence in sentences if n]
    if counts["outcomes"] and undo_import.learnt(house.db, entry):
        said.append(_("A model has learnt from these results and keeps what it learnt; the next training does not."))
    return f"**{_('Undo {file}?').format(file=name)}** " + (" ".join(said) or _("It changed nothing."))


def _rest(house: Appliance, entry: Entry, what: Followed) -> None:
    """What followed, and the form that withdraws the people who are still to be called."""
    reasons = []
    if what.files:
        reasons.append(_("later files changed its people: {files}").format(files=", ".join(what.files)))
    if what.calls:
        reasons.append(
            plural("{n} call was made", "{n} calls were made", what.calls).format(n=formats.count(what.calls))
        )
    if what.claims:
        text = plural("{n} person is with an agent", "{n} people are with agents", what.claims)
        reasons.append(text.format(n=formats.count(what.claims)))
    name = str(entry.document["file"])
    following = _("Undo the later files first, or withdraw its people who are still to be called.")
    if not what.files:
        following = _("Its people who are still to be called can be withdrawn instead; calls and results are kept.")
    told = _("{file} cannot be undone any more: {reasons}.").format(file=name, reasons="; ".join(reasons))
    notices.show(Notice("warning", told, next=following))
    st.text_input(_("Why do they leave the list?"), key=_WHY, max_chars=withdrawal.LONGEST)
    with st.container(horizontal=True):
        st.button(
            _("Withdraw the rest"),
            key="undo-rest",
            icon=":material/person_remove:",
            on_click=_withdraw_rest,
            args=(house, entry),
        )
        st.button(_("Leave it"), key="undo-leave", on_click=_ask, args=("", ""))


@guarded_action()
def _undo(house: Appliance, entry: Entry) -> None:
    undone = undo_import.undo(house.db, entry.key, by=identity.require(Role.MANAGER).shown)
    _ask("", "")
    cached.recount(house.db, entry.campaign)
    stayed = int(undone.document["undo"]["stayed"])
    kept = plural(
        "{n} person stays: an agent took them meanwhile.", "{n} people stay: agents took them meanwhile.", stayed
    )
    text = _("The import of {file} is undone.").format(file=str(entry.document["file"]))
    again = "" if entry.kind is Kind.WITHDRAWAL else _("The file can be imported again.")
    leave_notice(Notice("success", text, kept.format(n=formats.count(stayed)) if stayed else "", again))


@guarded_action()
def _withdraw_rest(house: Appliance, entry: Entry) -> None:
    who, why = identity.require(Role.MANAGER).shown, str(st.session_state.get(_WHY) or "")
    found = withdrawal.withdraw_rest(house.db, entry.campaign, entry.key, by=who, why=why)
    _ask("", "")
    cached.recount(house.db, entry.campaign)
    text = plural("{n} person is off the list.", "{n} people are off the list.", found.withdrawn)
    leave_notice(Notice("success", text.format(n=formats.count(found.withdrawn))))
