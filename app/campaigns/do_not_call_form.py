"""The tab of the do-not-call list: its size, its export, and the forms for people, numbers and files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st

from app.access import identity
from app.access.boundary import boundary, guarded_action
from app.campaigns import number_files, wish_terms
from app.campaigns.number_file_form import draw_number_file_form
from app.campaigns.number_files import draw_number_files
from app.campaigns.number_form import draw_number_form
from app.language import _, formats, plural
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.do_not_call import do_not_call_list, number_wishes, wish_export
from core.do_not_call.do_not_call_list import Hits, preview
from core.imports import run_import
from core.imports.column_mapping import normal
from core.values.keys import shown_key
from core.wishes import registers
from core.wishes.number_keys import NumberKeys

_TIMES = "do_not_call_times"


def draw_do_not_call_form(house: Appliance) -> None:
    """Draw the list's size, and the forms for people, numbers and files. Raises Unavailable."""
    by_person = house.schema.reference is not None
    people = do_not_call_list.size(house.db) if by_person else 0
    with st.container(key="do-not-call-size", horizontal=True, vertical_alignment="center"):
        st.markdown(number_files.size_line(people, number_wishes.size(house.db), len(registers.of(house.db))))
        _export(house)
    _people(house, by_person=by_person)
    if house.erasure_key is None:
        st.info(_("CALLWISE_ERASURE_KEY is not set, so no wish by number can be kept."), icon=":material/key_off:")
        return
    left, right = st.columns(2, gap="large")
    with left, st.container(key="do-not-call-number", border=True), boundary():
        draw_number_form(house, NumberKeys(house.erasure_key))
    with right, st.container(key="do-not-call-numbers", border=True), boundary():
        draw_number_file_form(house)
    with st.container(key="do-not-call-files"):
        draw_number_files(house)


def _export(house: Appliance) -> None:
    st.download_button(
        _("Export"),
        lambda: wish_export.export(house.db, by=identity.require(Role.MANAGER).shown),
        file_name="do-not-call.csv",
        mime="text/csv",
        key="do-not-call-export",
        icon=":material/download:",
        on_click="ignore",
        help=_("People by their reference. Numbers cannot be read back: the list keeps a keyed hash of each."),
    )


def _people(house: Appliance, *, by_person: bool) -> None:
    if not by_person:
        st.info(
            _(
                "**A do-not-call list by person needs a key for each person.** This appliance's schema names none, so "
                "only a row's number identifies a person, and another file numbers its rows differently. Name the "
                "column of your key as `reference` in the schema. Until then *do not call* applies only in the "
                "campaign of the call, and to numbers."
            ),
            icon=":material/block:",
        )
        return
    left, right = st.columns(2, gap="large")
    with left, st.container(key="do-not-call-one", border=True):
        _one(house)
    with right, st.container(key="do-not-call-many", border=True):
        _many(house)


def _one(house: Appliance) -> None:
    st.markdown("**" + _("One person") + "**")
    ref = st.text_input(_("Key ({column})").format(column=house.schema.reference), key="barred_ref").strip()
    if not ref:
        st.caption(_("Type a key to see whether this person is on the list."))
        return
    where = wish_terms.ask_where(house.db, "barred_where")
    wish = do_not_call_list.wish_of_person(house.db, ref, campaign=where)
    st.markdown(wish_terms.wish_line(wish, where) if wish else _("Not on the list."))
    until = None if wish else wish_terms.ask_until(_("Until (empty: without an end)"), "barred_until")
    st.text_input(_("Reason"), key="barred_why", max_chars=200)
    st.button(
        _("Take off the list") if wish else _("Put on the list"),
        key="barred_go",
        icon=":material/remove_circle:" if wish else ":material/block:",
        on_click=_change,
        args=(house, ref, bool(wish), where, until),
    )


@guarded_action()
def _change(house: Appliance, ref: str, listed: bool, where: str, until: datetime | None) -> None:
    who, why = identity.require(Role.MANAGER).shown, str(st.session_state.get("barred_why", ""))
    if listed:
        back = do_not_call_list.remove_person(house.db, ref, by=who, why=why, campaign=where)
        where = _("They can be called again in {campaigns}.").format(campaigns=", ".join(back)) if back else ""
        leave_notice(Notice("success", _("{ref} is off the do-not-call list.").format(ref=ref), where))
    else:
        hits = do_not_call_list.add_people(house.db, [ref], by=who, why=why, until=until, campaign=where)
        leave_notice(Notice("success", _("{ref} is on the do-not-call list.").format(ref=ref), _taken_off(hits)))
    st.session_state["barred_why"] = ""


def _many(house: Appliance) -> None:
    st.markdown("**" + _("A whole list") + "**")
    times = st.session_state.get(_TIMES, 0)
    uploaded = st.file_uploader(
        _("File with a column of keys"), type=list(run_import.KINDS), key=f"barred_file_{times}"
    )
    pasted = st.text_area(_("Or paste keys, one a line"), key=f"barred_text_{times}", height=100)
    refs = pasted.splitlines()
    if uploaded is not None:
        refs += _column(str(house.schema.reference), uploaded)
    refs = list(dict.fromkeys(ref.strip() for ref in refs if ref.strip()))
    if not refs:
        return
    hits = preview(house.db, refs)
    known = _("{n} of them are on the list already.").format(n=formats.count(hits.known)) if hits.known else ""
    people = plural("{n} person", "{n} people", len(refs)).format(n=formats.count(len(refs)))
    st.markdown(formats.plain(" ".join(part for part in (f"{people}: {', '.join(refs[:3])} …", known) if part)))
    if hits.campaigns:
        rows = [
            {_("Campaign"): formats.plain(name), _("Would be taken off"): formats.count(n)}
            for name, n in hits.campaigns.most_common()
        ]
        st.table(rows, border="horizontal", hide_index=True)
    else:
        st.caption(_("None of these people is still to be called in any campaign."))
    st.text_input(_("Reason"), key="barred_many_why", max_chars=200, placeholder=_("for example: public register, May"))
    st.button(
        _("Put all on the list"), key="barred_many_go", icon=":material/block:", on_click=_put_all, args=(house, refs)
    )


def _column(reference: str, uploaded: Any) -> Sequence[str]:
    """The keys in a file: from the column named like the schema's, else the only column, else the chosen one."""
    with TemporaryDirectory(prefix="keys-") as folder:
        file = run_import.save_upload(Path(folder), uploaded.name, uploaded)
        names = {normal(name): name for name in file.header}
        named = names.get(normal(reference))
        if named is None and len(file.header) == 1:
            name = file.header[0]  # such a list has no header: its first line is a key, too
            with file.records() as records:
                return [*([name] if file.reading.header_line else []), *(shown_key(record[name]) for record in records)]
        if named is None:
            named = st.selectbox(_("Column with the keys"), file.header, key="barred_column")
        with file.records() as records:
            return [shown_key(record[named]) for record in records]


@guarded_action()
def _put_all(house: Appliance, refs: Sequence[str]) -> None:
    who, why = identity.require(Role.MANAGER).shown, str(st.session_state.get("barred_many_why", ""))
    hits = do_not_call_list.add_people(house.db, refs, by=who, why=why)
    st.session_state[_TIMES] = st.session_state.get(_TIMES, 0) + 1
    text = plural(
        "{n} person was put on the do-not-call list.", "{n} people were put on the do-not-call list.", hits.new
    )
    leave_notice(Notice("success", text.format(n=formats.count(hits.new)), _taken_off(hits)))


def _taken_off(hits: Hits) -> str:
    if not hits.campaigns:
        return _("None of these people was still to be called in any campaign.")
    each = ", ".join(f"{name} ({formats.count(n)})" for name, n in hits.campaigns.most_common())
    return _("Taken off the call lists at once: {campaigns}.").format(campaigns=each)
