"""The report of a finished import: its figures, the rejected rows, and a table to mend them in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st

from app.access import identity
from app.access.boundary import boundary
from app.imports.rejected_rows import MOST, Rejected
from app.language import _, formats, plural
from app.lists.import_bar import draw_import_bar
from app.lists.undo_form import draw_undo_button, draw_undo_question
from app.ranked_list import cached
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice
from core.accounts.account import Role
from core.imports import column_mapping, run_import
from core.imports.column_mapping import ColumnMapping
from core.imports.reject_file import COLUMN, LINE, ROW, RULE
from core.imports.run_import import ImportJob
from core.lists.logged_import import Entry, Kind, State
from core.schema import Schema

SHOWN = 20


def draw_import_report(house: Appliance, entry: Entry, *, mending: Callable[[Entry], None]) -> None:
    """Draw the report of a finished import; `mending` is called with the import of rows mended on the screen."""
    report: Mapping[str, Any] = entry.document["report"]
    with st.container(key="import-report", border=True):
        name = formats.plain(str(entry.document["file"]))
        st.markdown(_("**{file}** into **{campaign}**").format(file=name, campaign=formats.plain(entry.campaign)))
        if entry.state is State.UNDONE:
            who = formats.plain(entry.document["undo"]["by"])
            st.info(_("{who} has undone this import.").format(who=who), icon=":material/undo:")
            return
        if entry.kind is Kind.WITHDRAWAL:
            _withdrawal(report)
        else:
            _people(house, entry, report, mending)
        draw_undo_button(entry, "report")
        draw_undo_question(house, entry, "report")


def _people(house: Appliance, entry: Entry, report: Mapping[str, Any], mending: Callable[[Entry], None]) -> None:
    with st.container(horizontal=True, gap="medium"):
        st.metric(_("Rows read"), formats.count(report["rows"]), width="content")
        st.metric(_("New"), formats.count(report["inserted"]), width="content")
        if report.get("changed"):
            st.metric(_("Changed"), formats.count(report["changed"]), width="content")
        st.metric(_("Already imported"), formats.count(report["unchanged"]), width="content")
        st.metric(_("Rejected"), formats.count(report["rejected"]), width="content")
        if report.get("kept_out"):
            st.metric(_("Erased before, and kept out"), formats.count(report["kept_out"]), width="content")
    draw_import_bar(report)
    _lines(report)
    notices.show(_notice(report))
    for sentence in (
        _changes(house.schema, report),
        _older(report),
        _undated(report),
        _wrong_numbers(house.schema, report),
    ):
        if sentence:
            st.markdown(sentence)
    if report["rejected"]:
        _rejected(house, entry, report, mending)


def _withdrawal(report: Mapping[str, Any]) -> None:
    with st.container(horizontal=True, gap="medium"):
        st.metric(_("Rows read"), formats.count(report["rows"]), width="content")
        st.metric(_("Withdrawn"), formats.count(report["withdrawn"]), width="content")
        st.metric(_("Off the list already"), formats.count(report["closed"] + report["already"]), width="content")
        st.metric(_("Not in this campaign"), formats.count(report["unknown"]), width="content")
        if report["empty"]:
            st.metric(_("Without a reference"), formats.count(report["empty"]), width="content")
    st.caption(_("Reason: {why}").format(why=formats.plain(report["why"])))


def _changes(schema: Schema, report: Mapping[str, Any]) -> str:
    """Which columns changed, for how many people: "120 people changed: Age 3, Job 117"."""
    if not report.get("changed"):
        return ""
    text = plural("{n} person changed: {columns}.", "{n} people changed: {columns}.", report["changed"])
    columns = ", ".join(
        f"{formats.plain(_label(schema, change['column']))} {formats.count(change['rows'])}"
        for change in report["changes"][:SHOWN]
    )
    parts = [text.format(n=formats.count(report["changed"]), columns=columns)]
    parts.append(_("Their old values are kept on their cards, and they are ranked again."))
    if closed := report.get("closed"):
        off = plural("{n} of them is off the list and stays so.", "{n} of them are off the list and stay so.", closed)
        parts.append(off.format(n=formats.count(closed)))
    return " ".join(parts)


def _older(report: Mapping[str, Any]) -> str:
    """That an older file was imported over newer ones."""
    if not report.get("before"):
        return ""
    text = _(
        "This file was imported before, on {when}, and newer files came after it: the values are those of this file."
    )
    return text.format(when=formats.moment(report["before"]["at"], st.context.timezone))


def _undated(report: Mapping[str, Any]) -> str:
    """That results without the time of their call count less."""
    if not (undated := report.get("undated")):
        return ""
    text = plural(
        "{n} result has no time of its call: models learn from it, but it decides no trial and moves no report.",
        "{n} results have no time of their call: models learn from them, but they decide no trial and move no report.",
        undated,
    )
    return text.format(n=formats.count(undated))


def _wrong_numbers(schema: Schema, report: Mapping[str, Any]) -> str:
    """That some people cannot be called, as far as the file knows."""
    if not (columns := report.get("wrong_numbers")):
        return ""
    many = sum(one["rows"] for one in columns)
    text = plural(
        "{n} number cannot be called as it is written ({columns}). The person is on the list; the card says so.",
        "{n} numbers cannot be called as they are written ({columns}). The people are on the list; their cards say so.",
        many,
    )
    named = ", ".join(formats.plain(_label(schema, one["column"])) for one in columns)
    return text.format(n=formats.count(many), columns=named)


def _label(schema: Schema, name: str) -> str:
    column = schema.in_files.get(name)
    return formats.label(column) if column else name


def _lines(report: Mapping[str, Any]) -> None:
    """The account of the file's lines, where some hold no row."""
    lines = report.get("lines") or {}
    parts = {
        _("headings"): lines.get("headings", 0),
        _("titles"): lines.get("titles", 0),
        _("empty"): lines.get("empty", 0),
        _("totals"): lines.get("totals", 0),
    }
    if sum(parts.values()) > 1:
        other = ", ".join(f"{what}: {formats.count(number)}" for what, number in parts.items() if number)
        text = _("The file has {lines} lines: {rows} with a row, and others ({other}).")
        total = formats.count(sum(lines.values()))
        st.caption(text.format(lines=total, rows=formats.count(lines["rows"]), other=other))


def _notice(report: Mapping[str, Any]) -> Notice:
    accepted = report["inserted"] + report.get("changed", 0) + report["unchanged"]
    rejected, rows = report["rejected"], report["rows"]
    if report["mended"]:
        text = plural(
            "{n} of {rows} rejected row is imported now.", "{n} of {rows} rejected rows are imported now.", rows
        ).format(n=formats.count(accepted), rows=formats.count(rows))
        if not rejected:
            return Notice("success", text)
        still = plural("{n} is still rejected.", "{n} are still rejected.", rejected)
        return Notice("warning", text, still.format(n=formats.count(rejected)), _how())
    if not rejected:
        return Notice("success", _("Every row fits the schema."))
    broke = plural(
        "{n} row broke a rule and was not imported.", "{n} rows broke a rule and were not imported.", rejected
    )
    kept = plural("The other {n} row is in the campaign.", "The other {n} rows are in the campaign.", accepted)
    kept = kept.format(n=formats.count(accepted)) if accepted else ""
    return Notice("warning", broke.format(n=formats.count(rejected)), kept, _how())


def _how() -> str:
    return _(
        "Mend the rows below. Or download the rejected rows, mend them, and import that file into the same campaign: "
        "the mended rows fill the gaps."
    )


def _rejected(house: Appliance, entry: Entry, report: Mapping[str, Any], mending: Callable[[Entry], None]) -> None:
    with st.container(key="reject-rules"):
        rules = [
            {
                _("Column"): formats.plain(rule["column"]),
                _("Rule"): formats.plain(rule["rule"]),
                _("Rows"): formats.count(rule["rows"]),
            }
            for rule in report["rules"]
        ]
        st.table(rules, border="horizontal", hide_index=True)
    stored = str(report["rejects"])
    with boundary():
        rejected = Rejected.from_file(house.store.get(stored), MOST + 1)
        with st.container(key="reject-rows"):
            first = rejected.rows[:SHOWN]
            text = plural("The first {n} rejected row", "The first {n} rejected rows", len(first))
            st.caption(text.format(n=formats.count(len(first))))
            rows = [
                {
                    _("Line"): formats.count(int(row.get(LINE) or row[ROW])),
                    _("Column"): formats.plain(row[COLUMN]),
                    _("Rule"): formats.plain(row[RULE]),
                }
                for row in first
            ]
            st.table(rows, border="horizontal", hide_index=True)
        if len(rejected.rows) <= MOST:
            _mend(house, entry, rejected, mending)
    download(house, stored, entry.campaign, "rejects-now")


def _mend(house: Appliance, entry: Entry, rejected: Rejected, mending: Callable[[Entry], None]) -> None:
    """The rejected rows as a table in which the manager mends them, and imports them at once."""
    # The rows have the column names of their first file, so they are read with its mapping.
    before = column_mapping.stored_mapping(house.db, house.schema, rejected.columns)
    mapping = before[0] if before else ColumnMapping.by_name(house.schema, rejected.columns)
    with st.expander(_("Mend them here"), expanded=True, icon=":material/edit:"), st.container(key="mend"):
        st.caption(_("Change the cells that are wrong, then import. Rows that you do not mend stay rejected."))
        table = rejected.table(list(mapping.columns.values()))
        config = {
            ROW: st.column_config.TextColumn(_("Row"), disabled=True, width="small"),
            RULE: st.column_config.TextColumn(_("What is wrong"), disabled=True, width="large"),
        }
        edited = st.data_editor(
            table,
            key=f"mend-{entry.key}-{entry.document['run'][:8]}",
            hide_index=True,
            num_rows="fixed",
            column_config=config,
        )
        changed = not edited.equals(table)
        if st.button(
            _("Import the mended rows"), key="mend_go", type="primary", icon=":material/done_all:", disabled=not changed
        ):
            mending(_again(house, entry, rejected.mended(edited), mapping))


def _again(house: Appliance, entry: Entry, content: bytes, mapping: ColumnMapping) -> Entry:
    name = PurePath(str(entry.document["file"])).stem.removesuffix(" mended") + " mended.csv"
    with TemporaryDirectory(prefix="mended-") as folder:
        file = run_import.save_upload(Path(folder), name, BytesIO(content))
        who = identity.require(Role.MANAGER).shown
        mended = run_import.import_file(house, ImportJob(entry.campaign, file, who, mapping))
    cached.forget_progress(house.db, entry.campaign)
    return mended


def download(house: Appliance, stored: str, campaign: str, key: str) -> None:
    """Draw the button that downloads a reject file, to mend it in a spreadsheet."""
    content: Callable[[], bytes] = partial(house.store.get, stored)
    st.download_button(
        _("Download the rejected rows"),
        content,
        file_name=f"{campaign}-{stored.rsplit('/', 1)[-1]}",
        mime="text/csv",
        key=key,
        icon=":material/download:",
        on_click="ignore",
    )
