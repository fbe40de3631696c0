"""Which campaigns whoever is at the screen may take calls from, and what is said where there is none."""

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
    """Whether every open campaign is theirs, whoever it is assigned to: who assigns them may call in each."""
    return identity.may(Role.MANAGER)


def titles(house: Appliance) -> dict[str, str]:
    """The titles of the campaigns on offer, by key, the newest first. Raises Unavailable."""
    return campaigns.offered(house.db, identity.current_agent(), all_of_them=all_of_them())


def none_there(house: Appliance) -> None:
    """Draw what stands in place of the list: no campaign at all, or none for this person. Raises Unavailable."""
    with reachable():
        some = house.db.campaigns.find_one({}, {"_id": 1}) is not None
    notices.show_waiting()
    imports = st.session_state["campaigns_page"]  # of those who may import
    with st.container(key="empty-campaigns"):
        if some:
            st.info(_("No campaign is on your call list at the moment: they are paused, closed, or with colleagues."))
        elif imports:
            st.info(_("There is no campaign yet. Import a file of people to call, and the list appears here."))
        else:
            st.info(_("There is no campaign yet. When a manager has imported one, the list appears here."))
    if imports and not some:
        st.page_link(imports, label=_("Import a campaign"), icon=":material/upload_file:")
