"""The receipts of finished erasures, and the button that asks for a training without the erased person."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from app.access import identity
from app.access.boundary import guarded_action
from app.language import _, formats, plural
from app.privacy import receipt_file
from app.privacy import words as erasure_words
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.privacy.requests import Erasure, Status, newest, request_training

SHOWN = 200


def draw_receipts(house: Appliance) -> None:
    """Draw the newest receipts. Raises Unavailable."""
    st.subheader(_("Receipts"))
    done = [erasure for erasure in newest(house.db, SHOWN) if erasure.status is Status.DONE]
    if not done:
        st.caption(_("Nobody has been erased yet."))
        return
    for erasure in done:
        _row(house, erasure)
    st.download_button(
        _("All of these, for a restore (JSON)"),
        "".join(receipt_file.as_json(erasure.receipt) for erasure in done),
        file_name="erasures.json",
        mime="application/json",
        key="receipts-all",
        icon=":material/download:",
        on_click="ignore",
    )


def _row(house: Appliance, erasure: Erasure) -> None:
    receipt = erasure.receipt
    at = formats.moment(datetime.fromisoformat(receipt["done_at"]), st.context.timezone)
    removed, replaced = sum(receipt["removed"].values()), len(receipt["datasets"])
    records = plural("{count} record removed", "{count} records removed", removed).format(count=formats.count(removed))
    datasets = plural("{count} dataset", "{count} datasets", replaced).format(count=formats.count(replaced))
    with st.container(key=f"receipt-{erasure.id}", border=True):
        st.markdown(f"**{formats.plain(erasure.id)}** · {at} · {formats.plain(erasure.by)} · {records} · {datasets}")
        with st.container(horizontal=True):
            page = receipt_file.as_page(receipt, st.context.timezone)
            _download(erasure, _("Receipt"), page, "html", "text/html")
            _download(erasure, _("For programs (JSON)"), receipt_file.as_json(receipt), "json", "application/json")
        _models(house, erasure)


def _download(erasure: Erasure, label: str, content: str, ending: str, kind: str) -> None:
    st.download_button(
        label,
        content,
        file_name=f"erasure-{erasure.id}.{ending}",
        mime=kind,
        key=f"receipt-{ending}-{erasure.id}",
        icon=":material/download:",
        on_click="ignore",
    )


def _models(house: Appliance, erasure: Erasure) -> None:
    """The versions to train again, and the button for it, or the answer to an earlier request."""
    models = erasure.receipt["models"]
    if not models:
        st.caption(_("No model has learnt from this person."))
        return
    versions = ", ".join(f"{model['version']} ({erasure_words.role(model['role'])})" for model in models)
    st.markdown(_("To be trained again: version {versions}.").format(versions=formats.plain(versions)))
    if request := erasure.retrain:
        text = _("{who} asked for a training without this person.").format(who=formats.plain(request["by"]))
        answer = request["said"] or _("Callwise starts the training within seconds.")
        st.caption(f"{text} {formats.plain(answer)}")
    else:
        st.button(
            _("Train without this person"),
            key=f"retrain-{erasure.id}",
            icon=":material/model_training:",
            on_click=_train,
            args=(house, erasure.id),
        )


@guarded_action()
def _train(house: Appliance, id: str) -> None:
    request_training(house.db, id, by=identity.require(Role.MANAGER).shown)
    stays = _("The model in use stays until a new one has passed its gates and its trial.")
    leave_notice(Notice("success", _("You have asked for a training without this person."), stays))
