"""Who is on the phone: the person's name, numbers to click, addresses, and what is kept for people alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import streamlit as st

from app.language import _, formats
from app.shell.appliance import Appliance
from core.calls import contacts
from core.calls.contacts import Way
from core.calls.lifecycle import next_call
from core.desk import dialling
from core.errors import SettingsError
from core.schema import Schema
from core.schema.column import Contact
from core.stores.mongo import Document


@dataclass(frozen=True)
class Dialling:
    """How numbers are dialled: the campaign's template, the key of the first number, and what a click runs."""

    template: str = dialling.STANDARD
    key: str | None = None
    dialled: Callable[[], object] | None = None


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


def draw_contact_lines(prospect: Document, ways: Sequence[Way], how: Dialling) -> None:
    """Draw the numbers and addresses as links, each number with a button that copies it, and the key below a name."""
    if any(way.kind is Contact.NAME for way in ways):
        st.caption(_("Reference {ref}").format(ref=formats.plain(prospect.get("written") or prospect["ref"])))
    first = next((way for way in ways if way.number), None)
    for way in ways:
        if way.kind is Contact.EMAIL:
            with st.container(key=f"contact-{way.column}"):
                st.markdown(f":material/mail: [{formats.plain(way.text)}](mailto:{quote(way.text, safe='@')})")
        elif way.kind is Contact.PHONE:
            with st.container(key=f"contact-{way.column}", horizontal=True, vertical_alignment="center", gap="small"):
                _number(prospect, way, how, how.key if way is first else None)


def details(schema: Schema, prospect: Document) -> list[tuple[str, str]]:
    """Label and text of what is kept for people alone, without blanks."""
    kept = prospect.get("details") or {}
    return [
        (formats.label(column), formats.value(column, kept[column.name]))
        for column in schema.details
        if kept.get(column.name) is not None
    ]


def _number(prospect: Document, way: Way, how: Dialling, key: str | None) -> None:
    if not way.number:
        wrong = f" :small[{_('cannot be called as it is written')}]" if way.is_wrong else ""
        st.markdown(f":material/phone_disabled: {formats.plain(way.text)}{wrong}")
        return
    campaign, ref = str(prospect["campaign"]), str(prospect.get("written") or prospect["ref"])
    claim = f"{prospect['_id']}:{next_call(prospect)}"
    st.link_button(
        formats.plain(way.text),
        dialling.address(how.template, number=way.number, campaign=campaign, claim=claim, ref=ref),
        key=f"dialling-{way.column}",
        icon=":material/call:",
        type="primary" if key else "secondary",
        shortcut=key,
        on_click=how.dialled or "ignore",
    )
    # app/language/page.js copies the label.
    st.button(way.number, key=f"copy-{way.column}", icon=":material/content_copy:", type="tertiary", help=_("Copy"))


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
    """The hashes of the numbers that the person has now. Raises Unavailable."""
    return contacts.number_hashes(house.contact_keys, known_ways(house, prospect) or ())


def _box(prospect: Document) -> str:
    return f"bar-numbers-{prospect['_id']}"
