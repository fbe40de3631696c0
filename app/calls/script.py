"""The script on the card of the person whom an agent is calling."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from app.language import _, formats
from app.shell.adaptive_cache import SHARED
from app.shell.appliance import Appliance
from core.calls import script as call_script
from core.calls.script import REF, read_script
from core.schema import Schema
from core.stores.mongo import Db, Document

OPEN, _KEPT = "script", "script_open"
_script = st.cache_data(ttl=timedelta(seconds=30), **SHARED)(read_script)


def draw_script(house: Appliance, prospect: Document) -> None:
    """Draw the campaign's script, filled in for `prospect`. The next call remembers whether it was open."""
    script = _script(house.db, prospect["campaign"])
    # Streamlit forgets the state of a widget that is not drawn, as between two calls.
    st.session_state.setdefault(OPEN, st.session_state.get(_KEPT, True))
    with st.container(key="script-card"), st.expander(
        _("What to say"), key=OPEN, icon=":material/chat:", on_change=_remember, bind="query-params"
    ):  # fmt: skip
        if script is None or not script.text:
            st.caption(_("There is no script yet. A manager can write one on the page Campaigns."))
            return
        st.markdown(as_markdown(filled_in(house.schema, script.text, prospect)))
        when = formats.moment(script.at, st.context.timezone)
        st.caption(formats.plain(_("Written by {name}, {when}").format(name=script.by, when=when)))


def forget_script(db: Db, campaign: str) -> None:
    """Drop the cached script of `campaign`, which would otherwise last for 30 seconds."""
    _script.clear(db, campaign)


def filled_in(schema: Schema, text: str, prospect: Document) -> str:
    """`text` with its places filled from `prospect`. Plain text."""

    def value(place: str) -> str:
        if place == REF:
            return str(prospect["ref"])
        column = schema.by_name.get(place)
        if column is None:  # the schema has changed since
            return f"{{{place}}}"
        return formats.value(column, prospect["features"].get(place))

    return call_script.fill_in(text, value)


def as_markdown(text: str) -> str:
    """`text` as Markdown that shows it as typed, line by line."""
    return "  \n".join(formats.plain(line.strip()).replace("&", "&amp;") or "&nbsp;" for line in text.splitlines())


def _remember() -> None:
    st.session_state[_KEPT] = st.session_state[OPEN]
