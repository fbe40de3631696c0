"""The form for the address that a click on a number opens, per campaign."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.access.boundary import boundary, guarded_action
from app.language import _, formats
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.desk import dialling
from core.stores.mongo import Document

EXAMPLE = {"number": "+491515550002", "claim": "", "ref": "1042"}


def draw_dialling_form(house: Appliance, campaign: Document) -> None:
    """Draw the form for `campaign`, and what the address becomes for an example. Raises Unavailable."""
    key, name = str(campaign["_id"]), f"dialling-{campaign['_id']}"
    with st.container(key="dialling-form", border=True):
        text = st.text_input(
            _("Address for dialling"),
            value=dialling.template_of(campaign),
            key=name,
            max_chars=dialling.LONGEST,
            help=_(
                "A click on a number opens this address: the telephone's (tel:), a softphone's (sip:), or a page of "
                "your dialler. Places in braces are filled in: {places}."
            ).format(places=formats.plain(", ".join(f"{{{place}}}" for place in dialling.PLACES))),
        )
        with boundary():
            template = dialling.check(text or dialling.STANDARD)
            shown = dialling.address(template, campaign=key, **{**EXAMPLE, "claim": f"{key}:1042:1"})
            st.caption(_("For example: {address}").format(address=f"`{shown}`"))
        st.button(
            _("Save the address"),
            key="dialling-save",
            icon=":material/save:",
            on_click=_save,
            args=(house, key, name),
        )


@guarded_action()
def _save(house: Appliance, campaign: str, name: str) -> None:
    who = identity.require(Role.MANAGER).shown
    template = dialling.write_template(house.db, campaign, str(st.session_state.get(name) or ""), by=who)
    leave_notice(
        Notice("success", _("Numbers of {campaign} open {address}.").format(campaign=campaign, address=template))
    )
