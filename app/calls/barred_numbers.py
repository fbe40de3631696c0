"""The box beside *Do not call*: whether the person's numbers are not called either, whoever else has them."""

from __future__ import annotations

import streamlit as st

from app.calls import contact_lines
from app.language import _
from app.shell.appliance import Appliance
from core.stores.mongo import Document


def draw_box(house: Appliance, prospect: Document) -> None:
    """Draw the box if the person has a number; it is ticked at first. Raises Unavailable."""
    if _hashes(house, prospect):
        key = _key(prospect)
        st.session_state.setdefault(key, True)
        st.checkbox(
            _("Do not call: these numbers, too"),
            key=key,
            help=_("Nobody with one of this person's numbers is called any more, in any campaign."),
        )


def chosen(house: Appliance, prospect: Document) -> tuple[str, ...]:
    """The hashes of the person's numbers, unless the box is not ticked. Raises Unavailable."""
    return _hashes(house, prospect) if st.session_state.get(_key(prospect), True) else ()


def _hashes(house: Appliance, prospect: Document) -> tuple[str, ...]:
    keys = house.contact_keys.numbers if house.contact_keys else None
    if keys is None:
        return ()
    ways = contact_lines.known_ways(house, prospect) or ()
    return tuple(sorted({keys.hash(way.e164) for way in ways if way.e164 and way.number}))


def _key(prospect: Document) -> str:
    return f"bar-numbers-{prospect['_id']}"
