"""The form for a file of numbers that nobody may call: a list of one's own, or the delivery of a public register."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st

from app.access import identity
from app.campaigns import number_process, wish_terms
from app.imports import upload
from app.language import _
from app.shell.appliance import Appliance
from core.accounts.account import Role
from core.imports import run_import
from core.imports.number_file import STALE_AFTER, NumberJob, number_column
from core.wishes import registers

_FILE = "numbers_file"
LIST, REGISTER = "list", "register"


def draw_number_file_form(house: Appliance) -> None:
    """Draw the form. Raises InputError for a file that is no table, and Unavailable."""
    st.markdown("**" + _("A file of numbers") + "**")
    uploaded = upload.ask_for_file(_("File with a column of phone numbers"), _FILE)
    if uploaded is None:
        st.caption(_("A list of your own, or a public register of up to five million numbers, in any spelling."))
        return
    what = st.segmented_control(
        _("What it is"),
        [LIST, REGISTER],
        default=LIST,
        key="numbers_what",
        format_func=lambda one: _("A list of ours") if one == LIST else _("A public register"),
    )
    is_register = what == REGISTER
    region = wish_terms.ask_region(house.schema, "numbers_region")
    with TemporaryDirectory(prefix="numbers-") as folder:
        file = run_import.save_upload(Path(folder), uploaded.name, uploaded)
        proposed = number_column(file, region)
        place = file.header.index(proposed) if proposed else 0
        column = str(st.selectbox(_("Column with the numbers"), file.header, index=place, key="numbers_column"))
    name, where = "", ""
    if is_register:
        name = _register_name(house)
        until = wish_terms.ask_until(_("Next delivery is due by"), "numbers_stale", days=STALE_AFTER.days)
    else:
        where = wish_terms.ask_where(house.db, "numbers_where")
        until = wish_terms.ask_until(_("Until (empty: without an end)"), "numbers_until")
    example = _("for example: public register, May")
    why = st.text_input(_("Reason"), key="numbers_why", max_chars=200, placeholder=example)
    ready = bool(why.strip()) and (bool(name) or not is_register)
    if st.button(_("Take in"), key="numbers_go", type="primary", icon=":material/upload_file:", disabled=not ready):
        _start(house, uploaded, column, region=region, register=name, why=why, where=where, until=until)


def _register_name(house: Appliance) -> str:
    known = [str(one["_id"]) for one in registers.of(house.db)]
    chosen = st.selectbox(
        _("Register"),
        known,
        index=0 if known else None,
        key="numbers_register",
        accept_new_options=True,
        help=_("A new delivery of a register takes the place of the one before. Type a name for another register."),
    )
    return str(chosen or "").strip()


def _start(house: Appliance, uploaded: Any, column: str, *, register: str, **how: Any) -> None:
    who = identity.require(Role.MANAGER).shown
    with TemporaryDirectory(prefix="numbers-") as folder:
        uploaded.seek(0)
        file = run_import.save_upload(Path(folder), uploaded.name, uploaded)
        job = NumberJob(
            file,
            column,
            who,
            how["why"],
            how["region"],
            register,
            how["until"],
            how["where"],
        )
        number_process.start(house.db, job)
    upload.empty(_FILE)
    st.rerun()
