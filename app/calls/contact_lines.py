"""Who is on the phone: the person's name, numbers to click, addresses, and what is kept for people alone."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import streamlit as st

from app.language import _, formats
from app.shell.appliance import Appliance
from core.calls import contacts
from core.calls.contacts import Way
from core.errors import SettingsError
from core.schema import Schema
from core.schema.column import Contact
from core.stores.mongo import Document

_ICONS = {Contact.PHONE: ":material/call:", Contact.EMAIL: ":material/mail:"}


def known_ways(house: Appliance, prospect: Document) -> list[Way] | None:
    """How the person is reached; None where the appliance's key does not open it: the call goes on without.

    Raises Unavailable.
    """
    if not house.schema.contacts:
        return []
    try:
        return contacts.ways(house.db, house.contact_keys, prospect["_id"])
    except SettingsError:
        return None


def unreadable() -> str:
    """What to say of names and numbers that no key opens."""
    return _("The name and the numbers cannot be read: their key is another one. Tell an engineer.")


def title(prospect: Document, ways: Sequence[Way]) -> str:
    """The person's name, or else their key, escaped for Markdown."""
    names = " ".join(way.text for way in ways if way.kind is Contact.NAME)
    return (
        formats.plain(names)
        if names
        else _("Person {ref}").format(ref=formats.plain(prospect.get("written") or prospect["ref"]))
    )


def draw_contact_lines(prospect: Document, ways: Sequence[Way]) -> None:
    """Draw the numbers and addresses as links, and the key below a name."""
    if any(way.kind is Contact.NAME for way in ways):
        st.caption(_("Reference {ref}").format(ref=formats.plain(prospect.get("written") or prospect["ref"])))
    for way in ways:
        if way.kind in _ICONS:
            with st.container(key=f"contact-{way.column}"):
                st.markdown(f"{_ICONS[way.kind]} {_link(way)}")


def details(schema: Schema, prospect: Document) -> list[tuple[str, str]]:
    """Label and text of what is kept for people alone, without blanks."""
    kept = prospect.get("details") or {}
    return [
        (formats.label(column), formats.value(column, kept[column.name]))
        for column in schema.details
        if kept.get(column.name) is not None
    ]


def _link(way: Way) -> str:
    if way.kind is Contact.EMAIL:
        return f"[{formats.plain(way.text)}](mailto:{quote(way.text, safe='@')})"
    if way.is_wrong:
        return f"{formats.plain(way.text)} :small[{_('cannot be called as it is written')}]"
    return f"[{formats.plain(way.text)}](tel:{way.number})" if way.number else formats.plain(way.text)


def draw_numbers_box(house: Appliance, prospect: Document) -> None:
    """Draw the box beside *Do not call*, if the person has a number: ticked, the result bars the numbers, too."""
    if hashes(house, prospect):
        key = _box(prospect)
        st.session_state.setdefault(key, True)
        st.checkbox(
            _("Do not call: these numbers, too"),
            key=key,
            help=_("Nobody with one of this person's numbers is called any more, in any campaign."),
        )


def numbers_to_bar(house: Appliance, prospect: Document) -> tuple[str, ...]:
    """The hashes of the person's numbers, unless the box is not ticked. Raises Unavailable."""
    return hashes(house, prospect) if st.session_state.get(_box(prospect), True) else ()


def hashes(house: Appliance, prospect: Document) -> tuple[str, ...]:
    """The hashes of the numbers that the person has now (`core.wishes.number_keys`). Raises Unavailable."""
    keys = house.contact_keys.numbers if house.contact_keys else None
    if keys is None:
        return ()
    return tuple(sorted({keys.hash(way.e164) for way in known_ways(house, prospect) or () if way.e164 and way.number}))


def _box(prospect: Document) -> str:
    return f"bar-numbers-{prospect['_id']}"
