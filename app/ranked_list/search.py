"""Finds the person who is on the phone: by name, number, e-mail address or reference."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import streamlit as st

from app.language import _, formats, translate
from app.shell.appliance import Appliance
from core.calls import contacts
from core.calls.lifecycle import LIVE, Status
from core.errors import SettingsError
from core.schema.column import Contact
from core.schema.person import Person
from core.sentences import Sentence
from core.stores.mongo import Document, reachable

MOST = 8
STATES = {
    Status.OPEN: Sentence("still to be called"),
    Status.CALLBACK: Sentence("a call is promised"),
    Status.PAUSED: Sentence("to be called again later"),
    Status.DONE: Sentence("called"),
    Status.OFF: Sentence("off the list"),
    Status.WITHDRAWN: Sentence("withdrawn"),
}


@dataclass(frozen=True)
class Match:
    """A prospect that fits, in `house`, and the person's name if it is known."""

    house: Appliance
    prospect: Document
    name: str

    @property
    def may_be_taken(self) -> bool:
        """Whether an agent may still call this person."""
        return Status(self.prospect["status"]) in LIVE


def find(house: Appliance, campaigns: Collection[str], text: str) -> list[Match]:
    """At most `MOST` people of these `campaigns` whom `text` names. Raises SettingsError, Unavailable."""
    if not text.strip():
        return []
    known = contacts.find(house.db, house.contact_keys, text, MOST) if house.schema.contacts else []
    keys = [*Person(text.strip()).keys(campaigns), *known]
    with reachable():
        found = {one["_id"]: one for one in house.db.prospects.find({"_id": {"$in": keys}})}
    people = [found[key] for key in dict.fromkeys(keys) if key in found and found[key]["campaign"] in campaigns]
    return [Match(house, one, _name(house, one)) for one in people[:MOST]]


def draw_search(look: Callable[[str], Sequence[Match]], take: Callable[[Match], None]) -> None:
    """Draw the field and the people whom `look` finds; the button of one calls `take`. Raises Unavailable."""
    with st.expander(_("Somebody calls you? Find them"), icon=":material/search:"), st.container(key="search"):
        text = st.text_input(_("Name, phone number, e-mail address or reference"), key="search-text")
        if not text.strip():
            return
        matches = look(text)
        if not matches:
            st.caption(_("Nobody in your campaigns is found by that."))
        for number, match in enumerate(matches):
            _draw(match, number, take)


def _draw(match: Match, number: int, take: Callable[[Match], None]) -> None:
    prospect = match.prospect
    left, right = st.columns([4, 1], vertical_alignment="center")
    with left:
        ref = formats.plain(prospect.get("written") or prospect["ref"])
        who = f"**{formats.plain(match.name)}** · {ref}" if match.name else f"**{ref}**"
        state = translate(STATES[Status(prospect["status"])])
        st.markdown(f"{who} · {formats.plain(prospect['campaign'])} · {state}")
    with right:
        st.button(_("Take"), key=f"search-take-{number}", disabled=not match.may_be_taken, on_click=take, args=(match,))


def _name(house: Appliance, prospect: Document) -> str:
    try:
        ways = contacts.ways(house.db, house.contact_keys, prospect["_id"]) if house.schema.contacts else []
    except SettingsError:  # the reference stays; the set-up tells engineers of the key
        return ""
    return " ".join(way.text for way in ways if way.kind is Contact.NAME)
