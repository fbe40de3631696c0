"""The campaigns from which the person at the screen may take calls, and the message if there are none."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.language import _
from app.shell import notices
from app.shell.appliance import Appliance
from core.accounts.account import Role
from core.calls import campaigns
from core.stores.mongo import reachable


def all_of_them() -> bool:
    """Whether the person may call in every open campaign: managers, who assign the campaigns, may."""
    return identity.may(Role.MANAGER)


def titles(house: Appliance) -> dict[str, str]:
    """The titles of these campaigns by key, the newest first. Raises Unavailable."""
    return campaigns.offered(house.db, identity.current_agent(), all_of_them=all_of_them())


def none_there(house: Appliance) -> None:
    """Draw the message: there is no campaign, or none for this person. Raises Unavailable."""
    with reachable():
        some = house.db.campaigns.find_one({}, {"_id": 1}) is not None
    notices.show_waiting()
    imports = st.session_state["campaigns_page"]  # None for people who may not import
    with st.container(key="empty-campaigns"):
        if some:
            st.info(_("You have no campaign to call at the moment: all are paused, closed or assigned to colleagues."))
        elif imports:
            st.info(_("There is no campaign yet. Import a file of people to call, and the list appears here."))
        else:
            st.info(_("There is no campaign yet. When a manager has imported one, the list appears here."))
    if imports and not some:
        st.page_link(imports, label=_("Import a campaign"), icon=":material/upload_file:")
