"""The receipts of the erasures that are done, and the way to a training without whom they are about."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import streamlit as st

from app.access import identity
from app.access.boundary import kept_for_next_run
from app.language import _, formats, plural
from app.privacy import receipt_file
from app.privacy import words as erasure_words
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave
from core.accounts.account import Role
from core.privacy.requests import Erasure, Status, ask_for_training, newest

SHOWN = 200


def draw_receipts(house: Appliance) -> None:
    """Draw the newest. Raises Unavailable."""
    st.subheader(_("Receipts"))
    done = [one for one in newest(house.db, SHOWN) if one.status is Status.DONE]
    if not done:
        st.caption(_("Nobody was erased so far."))
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
    removed = sum(receipt["removed"].values())
    records = plural("{count} record removed", "{count} records removed", removed).format(count=formats.count(removed))
    datasets = plural("{count} dataset", "{count} datasets", len(receipt["datasets"]))
    with st.container(key=f"receipt-{erasure.id}", border=True):
        st.markdown(
            f"**{formats.plain(erasure.id)}** · {at} · {formats.plain(erasure.by)} · {records} · "
            + datasets.format(count=formats.count(len(receipt["datasets"])))
        )
        with st.container(horizontal=True):
            page = partial(receipt_file.as_page, receipt, st.context.timezone)
            _download(erasure, _("Receipt"), page(), "html", "text/html")
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
    """The versions to be trained anew, and where that is."""
    models = erasure.receipt["models"]
    if not models:
        st.caption(_("No model has learnt from this person."))
        return
    named = ", ".join(f"{one['version']} ({erasure_words.role(one['role'])})" for one in models)
    st.markdown(_("To be trained anew: version {versions}.").format(versions=formats.plain(named)))
    wanted = erasure.retrain
    if wanted:
        said = wanted["said"] or _("It is asked for within seconds.")
        asked = _("{who} asked for a training without this person.").format(who=formats.plain(wanted["by"]))
        st.caption(f"{asked} {formats.plain(said)}")
    else:
        st.button(
            _("Train without this person"),
            key=f"retrain-{erasure.id}",
            icon=":material/model_training:",
            on_click=_train,
            args=(house, erasure.id),
        )


@kept_for_next_run()
def _train(house: Appliance, id: str) -> None:
    ask_for_training(house.db, id, by=identity.require(Role.MANAGER).shown)
    leave(
        Notice(
            "success",
            _("A training without this person is asked for."),
            _("The model in use stays until a new one has passed its gates and its trial."),
        )
    )
