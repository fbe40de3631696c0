"""The values of a person that later files changed, for the card."""

from __future__ import annotations

import streamlit as st

from app.language import _, formats
from app.shell.appliance import Appliance
from core.errors import SettingsError
from core.lists import contact_changes
from core.lists.changes import ValueChange, value_changes
from core.schema import Schema
from core.stores.mongo import Document

SHOWN = 10


def draw_value_history(house: Appliance, prospect: Document) -> None:
    """Draw the newest changes of `prospect`; nothing for a person whom no file changed.

    Raises Unavailable.
    """
    reached, all_read = _reached(house, prospect)
    changes = sorted((*value_changes(prospect), *reached), key=lambda one: one.at, reverse=True)[:SHOWN]
    if not changes:
        return  # if no key opens the person's present name, the card says so
    with st.container(key="value-history"), st.expander(_("Changed by later files"), icon=":material/history:"):
        st.table([_row(house.schema, change) for change in changes], border="horizontal", hide_index=True)
        if not all_read:
            st.caption(_("Earlier names and numbers cannot be read: their key is another one. Tell an engineer."))


def _reached(house: Appliance, prospect: Document) -> tuple[list[ValueChange], bool]:
    """The changes of how the person is reached, as far as the appliance's keys open them, and whether they open all."""
    found: list[ValueChange] = []
    if house.schema.contacts:
        try:
            found.extend(contact_changes.value_changes(house.db, house.contact_keys, prospect["_id"]))
        except SettingsError:
            return found, False
    return found, True


def _row(schema: Schema, change: ValueChange) -> dict[str, str]:
    column = schema.by_name.get(change.column)
    label = formats.label(column) if column else change.column
    old, new = (
        formats.value(column, value) if column and value is not None else str(value or _("empty"))
        for value in (change.old, change.new)
    )
    return {
        _("When"): formats.plain(formats.moment(change.at, st.context.timezone)),
        _("What"): formats.plain(f"{label}: {old} → {new}"),
        _("File"): formats.plain(change.file),
    }
