"""An open incident: what it is, what to do, and who looks after it."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.access.boundary import kept_for_next_run
from app.language import _, formats
from app.overview import verdict_notices
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave
from core.accounts.account import Role
from core.oversight import incidents
from core.stores.mongo import Document

FOR_PEOPLE = ("open", "escalated")  # in the other states a training or a trial is under way, and it says what follows


def draw_incident(house: Appliance, incident: Document) -> None:
    """Draw the incident, a document of `incidents`."""
    notices.show(verdict_notices.incident(incident, st.context.timezone))
    seen, key = incident["acknowledged"], str(incident["_id"])
    if seen:
        since = formats.moment(seen["at"], st.context.timezone)
        who = formats.plain(str(seen["by"]))
        st.caption(_("{who} has looked after it since {when}.").format(who=who, when=since))
    elif incident["status"] in FOR_PEOPLE:
        with st.popover(_("I look after it"), icon=":material/front_hand:", key=f"look-after-{key}"):
            _form(house, key)


def _form(house: Appliance, incident: str) -> None:
    st.markdown(_("Others see your name, and need not look as well. Nothing else changes."))
    st.button(
        _("I look after it"),
        type="primary",
        key=f"look-after-now-{incident}",
        on_click=look_after,
        args=(house, incident),
    )


@kept_for_next_run()
def look_after(house: Appliance, incident: str) -> None:
    """Note that the person at this screen looks after `incident`, unless somebody does already."""
    who = identity.require(Role.MANAGER).shown
    by = incidents.acknowledge(house.db, incident, who)
    if by == who:
        leave(Notice("success", _("{who} looks after it.").format(who=who), _("The others see that here.")))
    else:
        leave(Notice("warning", _("{who} looks after it already.").format(who=by), _("Nothing was changed.")))
