"""An open incident: its cause, what to do, and who looks after it."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.access.boundary import guarded_action
from app.language import _, formats
from app.overview import verdict_notices
from app.shell import notices
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.oversight import incidents
from core.stores.mongo import Document

FOR_PEOPLE = ("open", "escalated")  # in the other states a training or a trial is running, and decides what follows


def draw_incident(house: Appliance, incident: Document) -> None:
    """Draw `incident`, a document of `incidents`."""
    notices.show(verdict_notices.incident_notice(incident, st.context.timezone))
    key = str(incident["_id"])
    if acknowledged := incident["acknowledged"]:
        since, who = formats.moment(acknowledged["at"], st.context.timezone), formats.plain(str(acknowledged["by"]))
        st.caption(_("{who} has looked after it since {when}.").format(who=who, when=since))
    elif incident["status"] in FOR_PEOPLE:
        with st.popover(_("I look after it"), icon=":material/front_hand:", key=f"look-after-{key}"):
            st.markdown(_("Your colleagues see your name, so they need not check as well. Nothing else changes."))
            button = f"look-after-now-{key}"
            st.button(_("I look after it"), type="primary", key=button, on_click=acknowledge, args=(house, key))


@guarded_action()
def acknowledge(house: Appliance, incident: str) -> None:
    """Record that the person at this screen looks after `incident`, unless a colleague already does."""
    who = identity.require(Role.MANAGER).shown
    by = incidents.acknowledge(house.db, incident, who)
    if by == who:
        leave_notice(Notice("success", _("{who} looks after it.").format(who=who), _("Your colleagues see that here.")))
    else:
        leave_notice(Notice("warning", _("{who} looks after it already.").format(who=by), _("Nothing was changed.")))
