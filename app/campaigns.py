"""Campaigns: what there is, and bringing in a file of people to call."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from app import cached, formats, identity, imports, notices
from app.appliance import Appliance
from app.imports import Imported
from app.notices import Notice
from core.errors import InputError
from core.mongo import Document, reachable

NEW = "A new campaign"
_LAST, _DONE = "last_import", "imported_into"
_INTO, _FILES = "import_into", "import_files"


def page(house: Appliance) -> None:
    """Draw the page."""
    st.title("Campaigns")
    with reachable():
        campaigns = list(house.db.campaigns.find().sort([("created_at", -1)]))
    if campaigns:
        with st.container(key="campaign-list"):
            _listing(house, campaigns)
    else:
        with st.container(key="empty-campaigns"):
            st.info(
                "**There is no campaign yet.** Bring in the file of people to call: give it a name below, choose the "
                "file, and press Import. The call list ranks them by itself.",
                icon=":material/campaign:",
            )
    st.subheader("Import a file")
    _form(house, [str(c["_id"]) for c in campaigns])
    if last := st.session_state.get(_LAST):
        _report(house, last)
    _columns(house)
    if campaigns:
        st.subheader("Files so far")
        _files(house, campaigns)


def _listing(house: Appliance, campaigns: list[Document]) -> None:
    rows = []
    for campaign in campaigns:
        state = cached.progress(house.db, campaign["_id"])
        rows.append(
            {
                "Campaign": formats.plain(campaign["_id"]),
                "People": formats.count(state.total),
                "To call": formats.count(state.to_call),
                "Called": formats.count(state.called),
                "Sold": formats.count(state.sold),
                "Rate": formats.percent(state.sold / state.done) if state.done else formats.NOT_YET,
                "Since": formats.moment(campaign["created_at"], st.context.timezone),
            }
        )
    st.table(rows, border="horizontal", hide_index=True)


def _form(house: Appliance, campaigns: list[str]) -> None:
    if campaign := st.session_state.pop(_DONE, None):  # the next file most likely goes to the same campaign
        st.session_state[_INTO] = campaign
        st.session_state[_FILES] = st.session_state.get(_FILES, 0) + 1
    with st.container(key="import", border=True):
        left, right = st.columns([2, 3], gap="large")
        with left:
            chosen = st.selectbox("Into", [NEW, *campaigns], key=_INTO)
            title = st.text_input("Name", key="import_name", max_chars=60) if chosen == NEW else chosen
        with right:
            file = st.file_uploader(
                "Campaign file",
                type=list(imports.KINDS),
                key=f"import_file_{st.session_state.get(_FILES, 0)}",
                help="CSV, Parquet, or a zip of one.",
            )
        if st.button("Import", type="primary", icon=":material/upload_file:", disabled=file is None, key="import_go"):
            st.session_state.pop(_LAST, None)
            with notices.boundary():
                _import(house, str(title or ""), file, is_new=chosen == NEW, taken=campaigns)


def _import(house: Appliance, title: str, file: Any, *, is_new: bool, taken: list[str]) -> None:
    campaign = imports.campaign_key(title) if is_new else title
    if is_new and campaign in taken:
        raise InputError(
            f"There is a campaign '{campaign}' already",
            kept="Nothing was imported.",
            next="Choose it from the list to add to it, or give the new one another name.",
        )
    bar = st.progress(0.0, text=f"Looking through {formats.plain(file.name)}")

    def progress(done: int, rows: int) -> None:
        text = f"{formats.count(done)} of {formats.plural(rows, 'row')}. Stay on this page until it is done."
        bar.progress(min(1.0, done / rows) if rows else 1.0, text=text)

    who = identity.current_agent()
    done = imports.bring_in(house, campaign, file.name, file.getvalue(), who=who, progress=progress)
    cached.forget_progress(house.db, campaign)
    st.session_state[_LAST], st.session_state[_DONE] = done, campaign
    st.rerun()


def _report(house: Appliance, done: Imported) -> None:
    report = done.report
    with st.container(key="import-report", border=True):
        st.markdown(f"**{formats.plain(done.name)}** into **{formats.plain(report.campaign)}**")
        with st.container(horizontal=True, gap="medium"):
            st.metric("Rows read", formats.count(report.rows), width="content")
            st.metric("New", formats.count(report.inserted), width="content")
            st.metric("Were there already", formats.count(report.unchanged), width="content")
            st.metric("Rejected", formats.count(report.rejected), width="content")
        if not report.rejected:
            notices.show(Notice("success", "Every row fits the schema."))
            return
        people = formats.plural(report.inserted + report.unchanged, "row is", "rows are")
        notices.show(
            Notice(
                "warning",
                f"{formats.plural(report.rejected, 'row')} broke a rule and did not go in.",
                f"The other {people} in the campaign.",
                "Download the rejected rows, mend them, and import that file into the same campaign: "
                "the mended rows fill the gaps.",
            )
        )
        with st.container(key="reject-rules"):
            rules = [
                {"Column": formats.plain(column), "Rule": formats.plain(rule), "Rows": formats.count(times)}
                for column, rule, times in imports.broken_rules(house.schema, report)
            ]
            st.table(rules, border="horizontal", hide_index=True)
        with st.container(key="reject-rows"):
            st.caption(f"The first {formats.plural(len(report.examples), 'rejected row')}")
            rows = [
                {"Row": formats.count(r.row), "Column": formats.plain(r.column), "Rule": formats.plain(r.rule)}
                for r in report.examples
            ]
            st.table(rows, border="horizontal", hide_index=True)
        if done.rejects:
            _download(house, done.rejects, report.campaign, "rejects-now")


def _columns(house: Appliance) -> None:
    with st.expander("Which columns a file needs"):
        outcome = house.schema.outcome
        rows = [
            {"Column": formats.plain(c.name), "Meaning": formats.plain(c.label), "Values": formats.plain(c.rule)}
            for c in house.schema.features
        ]
        st.table(rows, border="horizontal", hide_index=True)
        st.caption(
            f"A column {formats.plain(outcome.column)} may say what came of a call ({formats.plain(outcome.positive)} "
            f"or {formats.plain(outcome.negative)}); people without it are still to be called."
        )


def _files(house: Appliance, campaigns: list[Document]) -> None:
    for campaign in campaigns:
        files: dict[str, Document] = campaign.get("files", {})
        with st.container(key=f"files-{campaign['_id']}"):
            for sha256, seen in sorted(files.items(), key=lambda item: item[1]["imported_at"], reverse=True):
                at = formats.moment(seen["imported_at"], st.context.timezone)
                with st.container(horizontal=True, vertical_alignment="center"):
                    st.markdown(
                        f"**{formats.plain(campaign['_id'])}** · {formats.plain(seen['path'])} · {at} · "
                        f"{formats.plural(seen['rows'], 'row')}, {formats.count(seen['rejected'])} rejected"
                    )
                    if seen["rejected"]:
                        key = imports.rejects_key(campaign["_id"], sha256)
                        _download(house, key, campaign["_id"], f"rejects-{campaign['_id']}-{sha256[:8]}")


def _download(house: Appliance, stored: str, campaign: str, key: str) -> None:
    content: Callable[[], bytes] = partial(house.store.get, stored)
    st.download_button(
        "Download the rejected rows",
        content,
        file_name=f"{campaign}-{stored.rsplit('/', 1)[-1]}",
        mime="text/csv",
        key=key,
        icon=":material/download:",
        on_click="ignore",
    )
