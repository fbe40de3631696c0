"""The campaigns from which the person at the screen may take calls, and the message if there are none."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app.access import identity
from app.language import _
from app.shell import notices
from app.shell.appliance import Appliance
from core.accounts.account import Role
from core.calls import campaigns
from core.calls.held import campaigns_held
from core.clock import now
from core.stores.mongo import reachable


def may_call_all() -> bool:
    """Whether the person may call in every open campaign: managers, who assign the campaigns, may."""
    return identity.may(Role.MANAGER)


def campaign_titles(house: Appliance) -> dict[str, str]:
    """The titles of these campaigns by key, the newest first. Raises Unavailable."""
    return campaigns.campaigns_for(house.db, identity.current_agent(), all_of_them=may_call_all())


@dataclass(frozen=True)
class Place:
    """A campaign to call in: of which kind, its key there, and its title."""

    house: Appliance
    campaign: str
    title: str


def places(house: Appliance) -> dict[str, Place]:
    """The campaigns of all kinds, by a key for the screen; first those of `house`. Raises Unavailable."""
    found: dict[str, Place] = {}
    for one in (house, *house.others()):
        for campaign, title in campaign_titles(one).items():
            shown = f"{title} · {one.title}" if one.kind else title
            found[f"{one.kind}/{campaign}" if one.kind else campaign] = Place(one, campaign, shown)
    return found


def held_elsewhere(house: Appliance, campaign: str, agent: str) -> tuple[Appliance, str] | None:
    """The kind and the campaign, another than this `campaign` of `house`, in which `agent` holds a person; or None.

    Nobody calls two people at once: one who is held in this campaign comes first, then one of this kind. Raises
    Unavailable.
    """
    here = campaigns_held(house.db, agent, now())
    if campaign in here:
        return None
    found = [(house, one) for one in here]
    return next(iter(found), None) or next(
        ((other, one) for other in house.others() for one in campaigns_held(other.db, agent, now())), None
    )


def draw_no_campaign(house: Appliance) -> None:
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
