"""The field for a note on a call: beside the buttons for the result, and for a minute after it."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.access.boundary import guarded_action
from app.language import _, formats
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.clock import now
from core.desk import notes
from core.desk.notes import LONGEST, Note
from core.stores.mongo import Document


def draw_note_field(house: Appliance, prospect: str) -> None:
    """Draw the field for a note on the call to `prospect`; without a key, the reason why there is none."""
    if house.contact_keys is None:
        with st.container(key="note-off"):
            st.caption(_("Notes are off: CALLWISE_CONTACT_KEY is not set, and they are kept encrypted with it."))
        return
    st.text_area(
        _("Note for whoever calls next"),
        key=_field(prospect),
        max_chars=LONGEST,
        height=68,
        placeholder=_("Prefers mornings; asked for the price list"),
    )


def taken_note(house: Appliance, prospect: str, agent: str) -> Document | None:
    """The note in the field as a call stores it, or None. Raises InputError."""
    return notes.sealed(house.contact_keys, str(st.session_state.get(_field(prospect)) or ""), agent, now())


def clear_note(prospect: str) -> None:
    """Empty the field."""
    st.session_state.pop(_field(prospect), None)


def draw_later_note(house: Appliance, call: Document) -> None:
    """Draw the field for a note on the `call` that was just recorded."""
    if house.contact_keys is None:
        return
    before, field = notes.of_call(house.contact_keys, call), f"later-note-{call['_id']}"
    label = _("Change the note") if before else _("Add a note")
    with st.popover(label, key="later-note", icon=":material/edit_note:", type="tertiary"):
        text = before.text if before and before.text else ""
        st.text_area(_("Note for whoever calls next"), value=text, key=field, max_chars=LONGEST)
        st.button(_("Save the note"), key="later-note-save", on_click=_save, args=(house, call["_id"], field))


@guarded_action()
def _save(house: Appliance, call: str, field: str) -> None:
    text = str(st.session_state.get(field) or "")
    notes.write(house.db, house.contact_keys, call, text, by=identity.current_agent(), rules=house.rules)
    leave_notice(Notice("success", _("The note is saved.") if text.strip() else _("The call has no note.")))


def note_words(note: Note) -> str:
    """The text of a note, or why it cannot be shown. Plain text."""
    return _("cannot be read: its key is another one") if note.text is None else note.text


def draw_last_note(house: Appliance, calls: list[Document]) -> None:
    """Draw the newest note of these `calls`, the newest call first; nothing if there is none."""
    note = next((found for call in calls if (found := notes.of_call(house.contact_keys, call))), None)
    if note is not None:
        when = formats.moment(note.at, st.context.timezone)
        head = _("Note of {name}, {when}:").format(name=note.by, when=when)
        with st.container(key="last-note"):
            text = "  \n".join(formats.plain(line) for line in note_words(note).splitlines())
            st.info(f"**{formats.plain(head)}**  \n{text}", icon=":material/sticky_note_2:")


def _field(prospect: str) -> str:
    return f"note-{prospect}"
