"""Takes a kind without campaigns out of use, one that was made by mistake or whose work is done; and brings it back."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.access.boundary import guarded_action
from app.kinds.opening import open_kind
from app.language import _, formats
from app.shell import kind_choice
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts.account import Role
from core.kinds import registry
from core.kinds.kind import Kind


def draw_retiring(house: Appliance) -> None:
    """Draw the button; nothing for the shipped kind. The page draws it where the kind has no campaign."""
    if not house.kind:
        return
    with st.container(key="retire-kind"):
        st.caption(
            _(
                "A kind that is no longer needed can be taken out of use. Its models, datasets and reports stay, and "
                "it can be brought back under *A new kind of campaign*."
            )
        )
        st.button(
            _("Take {title} out of use").format(title=house.title),
            key="retire-kind-go",
            icon=":material/inventory_2:",
            on_click=_retire,
            args=(house,),
        )


@guarded_action()
def _retire(house: Appliance) -> None:
    home, shipped = house.home, house.shipped
    if home is None or shipped is None:
        raise ValueError("this appliance was not wired by app.main")
    kind = registry.retire(home, shipped, house.kind, by=identity.require(Role.MANAGER).shown)
    kind_choice.turn_to(next(iter(house.others())))
    leave_notice(
        Notice(
            "success",
            _("{title} is out of use.").format(title=formats.plain(kind.title)),
            next=_("It can be brought back under A new kind of campaign."),
        )
    )


def draw_retired(house: Appliance) -> None:
    """Draw the kinds that are out of use, each with a button that brings it back. Raises SchemaError, Unavailable."""
    if house.home is None or not (retired := registry.retired(house.home)):
        return
    with st.container(key="retired-kinds"):
        st.markdown("**" + _("Kinds out of use") + "**")
        for kind in retired:
            st.button(
                _("Bring {title} back").format(title=kind.title),
                key=f"bring-back-{kind.name}",
                icon=":material/unarchive:",
                on_click=_bring_back,
                args=(house, kind),
            )


@guarded_action()
def _bring_back(house: Appliance, kind: Kind) -> None:
    opened = open_kind(house, kind.versions[-1].content, by=identity.require(Role.MANAGER).shown)
    kind_choice.turn_to(opened)
    leave_notice(Notice("success", _("{title} is in use again.").format(title=formats.plain(kind.title))))
