"""The values of a person that later files changed, for the card."""

from __future__ import annotations

import streamlit as st

from app.language import _, formats
from app.shell.appliance import Appliance
from core.lists import contact_changes
from core.lists.changes import ValueChange, value_changes
from core.schema import Schema
from core.stores.mongo import Document

SHOWN = 10


def draw_value_history(house: Appliance, prospect: Document) -> None:
    """Draw the newest changes of `prospect`; nothing for a person whom no file changed.

    Raises SettingsError, Unavailable.
    """
    schema = house.schema
    reached = contact_changes.value_changes(house.db, house.contact_keys, prospect["_id"]) if schema.contacts else ()
    changes = sorted((*value_changes(prospect), *reached), key=lambda change: change.at, reverse=True)[:SHOWN]
    if not changes:
        return
    with st.container(key="value-history"), st.expander(_("Changed by later files"), icon=":material/history:"):
        st.table([_row(schema, change) for change in changes], border="horizontal", hide_index=True)


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
