"""The values of a person that later files changed, for the card."""

from __future__ import annotations

from contextlib import suppress

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
    schema = house.schema
    changes = sorted((*value_changes(prospect), *_reached(house, prospect)), key=lambda one: one.at, reverse=True)[
        :SHOWN
    ]
    if not changes:
        return
    with st.container(key="value-history"), st.expander(_("Changed by later files"), icon=":material/history:"):
        st.table([_row(schema, change) for change in changes], border="horizontal", hide_index=True)


def _reached(house: Appliance, prospect: Document) -> list[ValueChange]:
    """The changes of how the person is reached, as far as the appliance's keys open them."""
    found: list[ValueChange] = []
    if house.schema.contacts:
        with suppress(SettingsError):
            found.extend(contact_changes.value_changes(house.db, house.contact_keys, prospect["_id"]))
    return found


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
