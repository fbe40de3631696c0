"""The choice of a campaign kind, at the head of the pages that are about one; not drawn where there is only one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.language import _
from app.shell.appliance import Appliance

_WIDGET, _CHOSEN = "kind", "kind_chosen"
_NEXT = "kind_next"
_FORMS = "kind_forms"
"""Session values that are there before any page of a kind has written its own."""


def draw(houses: Sequence[Appliance]) -> None:
    """Draw the select box. The address names the kind, so that it can be shared."""
    if len(houses) < 2:
        return
    by_name = {house.schema.name: house for house in houses}
    st.session_state.setdefault(_FORMS, sorted(map(str, st.session_state)))
    if (turned := st.session_state.pop(_NEXT, None)) in by_name:
        st.session_state[_WIDGET] = turned
    if st.session_state.get(_WIDGET, next(iter(by_name))) not in by_name:
        del st.session_state[_WIDGET]  # the kind was taken out of use meanwhile
    if _WIDGET not in st.session_state and st.session_state.get(_CHOSEN) in by_name and _WIDGET not in st.query_params:
        st.session_state[_WIDGET] = st.session_state[_CHOSEN]  # a page without the box was shown meanwhile
    with st.container(key="kind-choice"):
        name = st.selectbox(
            _("Campaign kind"),
            list(by_name),
            key=_WIDGET,
            bind="query-params",
            format_func=lambda name: by_name[name].title,
            on_change=_forget_forms,
        )
    st.session_state[_CHOSEN] = name


def turn_to(house: Appliance) -> None:
    """Let the next run of the page be about the kind of `house`."""
    st.session_state[_NEXT] = st.session_state[_CHOSEN] = house.schema.name


def chosen(houses: Sequence[Appliance]) -> Appliance:
    """The appliance of the chosen kind; without a choice, of the shipped one, which is the first."""
    name = st.session_state.get(_CHOSEN)
    return next((house for house in houses if house.schema.name == name), houses[0])


def _forget_forms() -> None:
    """Empty half-filled forms: a file that was looked at with one kind's columns must not be imported into another."""
    kept = {*st.session_state[_FORMS], _FORMS, _WIDGET, _CHOSEN}
    for key in [key for key in st.session_state if key not in kept]:
        del st.session_state[key]
