"""The files of numbers that are being taken in or were taken in, and the registers in force."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from app.access import identity
from app.access.boundary import boundary, guarded_action
from app.language import _, formats, plural
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.clock import now
from core.imports.number_file import remove_register, taken
from core.lists import import_log
from core.lists.logged_import import Entry, Kind, State
from core.wishes import registers

EVERY = timedelta(seconds=2)
LINES_SHOWN = 20


def draw_number_files(house: Appliance) -> None:
    """Draw the files, and the registers. Running ones are drawn again every two seconds. Raises Unavailable."""
    entries = taken(house.db)
    running = tuple(entry.key for entry in entries if entry.state is State.RUNNING)
    if running:
        st.fragment(_running, run_every=EVERY)(house, running)
    for entry in entries[:1]:
        _ended(entry)
    _registers(house)


@boundary()
def _running(house: Appliance, drawn: tuple[str, ...]) -> None:
    running = [entry for entry in taken(house.db) if entry.state is State.RUNNING]
    if tuple(entry.key for entry in running) != drawn:
        st.rerun()
    with st.container(key="numbers-running"):
        for entry in running:
            done, file = formats.count(entry.document["progress"]["done"]), formats.plain(str(entry.document["file"]))
            text = _("{file}: {done} lines read. It continues if you leave this page.")
            st.caption(":material/hourglass_top: " + text.format(file=file, done=done))
            st.button(
                _("End this import"),
                key=f"cancel-{entry.key}",
                icon=":material/cancel:",
                disabled=bool(entry.document["cancel"]),
                on_click=_cancel,
                args=(house, entry),
            )


@guarded_action()
def _cancel(house: Appliance, entry: Entry) -> None:
    identity.require(Role.MANAGER)
    import_log.cancel(house.db, entry.key)
    leave_notice(
        Notice("info", _("The import of {file} ends after its next rows.").format(file=entry.document["file"]))
    )


def _ended(entry: Entry) -> None:
    """What came of the last file."""
    file = str(entry.document["file"])
    kept = (
        _("The register is as it was before.")
        if entry.kind is Kind.REGISTER
        else _("The numbers that were read are on the list.")
    )
    again = _("To take in the rest, choose the same file again.")
    if entry.state is State.STOPPED:
        what = _("Taking in {file} stopped half way: its process was ended.").format(file=file)
        notices.show(Notice("warning", what, kept, again))
    elif entry.state is State.CANCELLED:
        notices.show(Notice("info", _("Taking in {file} was ended by hand.").format(file=file), kept, again))
    elif entry.state is State.FAILED:
        error = entry.document["error"]
        what = _("{file} could not be taken in.").format(file=file)
        notices.show(Notice("error", what, f"{error['what']} {error['kept']}", str(error["next"])))
    elif entry.document["report"] and entry.is_fresh:
        _report(entry)


def _report(entry: Entry) -> None:
    report, file = entry.document["report"], formats.plain(str(entry.document["file"]))
    with st.container(key="numbers-report", border=True):
        st.markdown(_("**{file} is taken in.**").format(file=file))
        with st.container(horizontal=True, gap="medium"):
            st.metric(_("Lines"), formats.count(report["rows"]), width="content")
            st.metric(_("Different numbers"), formats.count(report["new"]), width="content") if entry.kind is (
                Kind.REGISTER
            ) else st.metric(_("New on the list"), formats.count(report["new"]), width="content")
            st.metric(_("Lines without a number"), formats.count(report["unreadable"]), width="content")
        if report["lines"]:
            lines = ", ".join(str(line) for line in report["lines"][:LINES_SHOWN])
            more = ", …" if report["unreadable"] > LINES_SHOWN else ""
            st.caption(_("No phone number with its country is in lines {lines}.").format(lines=lines + more))


def _registers(house: Appliance) -> None:
    found = registers.of(house.db)
    if not found:
        st.caption(_("No public register was taken in."))
        return
    st.markdown("**" + _("Public registers") + "**")
    at, zone = now(), st.context.timezone
    st.table(
        [
            {
                _("Register"): formats.plain(str(one["_id"])),
                _("Numbers"): formats.count(one["many"]),
                _("Taken in"): formats.moment(one["delivered"]["at"], zone),
                _("By"): formats.plain(one["delivered"]["by"]),
                _("File"): formats.plain(one["delivered"]["file"]),
                _("Next delivery"): _due(one["stale"], zone),
            }
            for one in found
        ],
        border="horizontal",
        hide_index=True,
    )
    for one in found:
        if registers.is_stale(one, at):
            text = _("The register {name} is out of date. It still counts; take in the next delivery.")
            st.warning(text.format(name=formats.plain(str(one["_id"]))), icon=":material/update:")
    with st.expander(_("Remove a register")):
        name = st.selectbox(_("Register"), [str(one["_id"]) for one in found], key="register_gone")
        st.text_input(_("Reason"), key="register_why", max_chars=200)
        st.button(
            _("Remove"), key="register_remove", icon=":material/delete:", on_click=_remove, args=(house, str(name))
        )


def _due(stale: int | None, zone: str | None) -> str:
    return formats.moment(datetime.fromtimestamp(stale / 1000, UTC), zone) if stale else formats.NOT_YET


@guarded_action()
def _remove(house: Appliance, name: str) -> None:
    who, why = identity.require(Role.MANAGER).shown, str(st.session_state.get("register_why", ""))
    remove_register(house.db, name, by=who, why=why)
    st.session_state["register_why"] = ""
    next_ = _("People whom it had taken off come back to their lists within a minute.")
    leave_notice(Notice("success", _("The register {name} counts no more.").format(name=name), next=next_))


def size_line(people: int, numbers: int, found: int) -> str:
    """How much is on the list, in a line."""
    parts = [
        plural("{n} person", "{n} people", people).format(n=formats.count(people)),
        plural("{n} single number", "{n} single numbers", numbers).format(n=formats.count(numbers)),
        plural("{n} public register", "{n} public registers", found).format(n=formats.count(found)),
    ]
    return _("On the list: {what}.").format(what=", ".join(parts))
