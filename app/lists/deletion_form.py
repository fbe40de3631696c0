"""Deletes a campaign: says what goes and what stays, asks for its name and a reason, and shows the receipts."""

from __future__ import annotations

import json
from datetime import timedelta

import streamlit as st

from app.access import identity
from app.access.boundary import boundary, guarded_action
from app.language import _, formats, plural, translate
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.calls.campaigns import title_of
from core.lists import deletion
from core.lists.deletion import Deletion, Status
from core.sentences import Sentence
from core.stores.mongo import Document, count, reachable

LOOK = timedelta(seconds=5)
SHOWN = 50
_TYPED, _WHY = "delete_typed", "delete_why"
_PLACES = {
    "prospects": Sentence("People"),
    "calls": Sentence("Calls"),
    "contacts": Sentence("Names and numbers"),
    "outcomes": Sentence("Results"),
    "predictions": Sentence("Predictions"),
    "imports": Sentence("Imported files"),
    "rejects": Sentence("Files of rejected rows"),
}


def draw_deletion_form(house: Appliance, campaign: Document) -> None:
    """Draw the form for `campaign`. Raises Unavailable."""
    with st.expander(_("Delete this campaign"), icon=":material/delete_forever:"), st.container(key="delete-campaign"):
        st.markdown(
            _(
                "**What goes:** the campaign with its script, its people, their calls, results and predictions, and "
                "its imported files. **What stays:** wishes not to be called; the datasets and models that learnt from "
                "these results, so that each model can still be explained; and a receipt. A deletion cannot be undone."
            )
        )
        st.markdown(_learnt(house, campaign))
        with st.form("delete-campaign-form", border=False):
            title = title_of(campaign)
            st.text_input(_("Type {title} to confirm").format(title=title), key=_TYPED, autocomplete="off")
            st.text_input(_("Why is it deleted?"), key=_WHY, max_chars=deletion.LONGEST)
            st.form_submit_button(
                _("Delete the campaign"),
                key="delete-campaign-go",
                icon=":material/delete_forever:",
                on_click=_delete,
                args=(house, str(campaign["_id"])),
            )


def _learnt(house: Appliance, campaign: Document) -> str:
    """How many results the next training has afterwards."""
    with reachable():
        its, everything = count(house.db.outcomes, {"campaign": campaign["_id"]}), count(house.db.outcomes, {})
    text = plural(
        "The next training learns from {left} instead of {all} result.",
        "The next training learns from {left} instead of {all} results.",
        everything,
    )
    return text.format(left=formats.count(everything - its), all=formats.count(everything)) if its else ""


@guarded_action()
def _delete(house: Appliance, campaign: str) -> None:
    who = identity.require(Role.MANAGER).shown
    typed, why = (str(st.session_state.get(name) or "") for name in (_TYPED, _WHY))
    asked = deletion.ask(house.db, campaign, typed=typed, by=who, why=why)
    for name in (_TYPED, _WHY):
        st.session_state.pop(name, None)
    text = _("{title} is being deleted.").format(title=asked.title)
    leave_notice(
        Notice("success", text, _("It continues automatically."), _("The receipt appears below in a few minutes."))
    )


def draw_deletions(house: Appliance) -> None:
    """Draw the deletions under way and the receipts; nothing where no campaign was deleted. Raises Unavailable."""
    found = deletion.newest(house.db, SHOWN)
    if not found:
        return
    st.subheader(_("Deleted campaigns"))
    going = [one for one in found if one.status is not Status.DONE]
    if going:
        st.fragment(run_every=LOOK)(boundary()(_going))(house, [one.id for one in going])
    for one in found:
        if one.status is Status.DONE:
            _receipt(one)


def _going(house: Appliance, drawn: list[str]) -> None:
    going = [one for one in deletion.newest(house.db, SHOWN) if one.status is not Status.DONE]
    if [one.id for one in going] != drawn:  # one came to its end: draw its receipt
        st.rerun()
    for one in going:
        text = _("{title} is being deleted, asked for by {who}.")
        st.info(text.format(title=formats.plain(one.title), who=formats.plain(one.by)), icon=":material/hourglass:")


def _receipt(one: Deletion) -> None:
    at = formats.moment(one.ended_at or one.asked_at, st.context.timezone)
    with st.container(key=f"deleted-{one.id}", border=True):
        st.markdown(f"**{formats.plain(one.title)}** · {at} · {formats.plain(one.by)} · {formats.plain(one.why)}")
        rows = [
            {_("What"): _said(name), _("Deleted"): formats.count(many)} for name, many in one.counts.items() if many
        ]
        if rows:
            st.table(rows, border="horizontal", hide_index=True)
        st.download_button(
            _("Receipt (JSON)"),
            json.dumps(one.receipt(), indent=1, ensure_ascii=False),
            file_name=f"deletion-{one.campaign}.json",
            mime="application/json",
            key=f"deletion-receipt-{one.id}",
            icon=":material/download:",
            on_click="ignore",
        )


def _said(name: str) -> str:
    return translate(_PLACES[name]) if name in _PLACES else name
