"""The keys of the person at this screen: for buttons, and the form that changes them."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.access.boundary import guarded_action
from app.language import _, translate
from app.shell.notices import Notice, leave_notice
from core.accounts.shortcuts import STANDARD, Shortcuts, read_shortcuts, write_shortcuts
from core.sentences import Sentence

_KEYS = "shortcuts"
_ACTIONS = {
    "take": Sentence("Next call"),
    "dialling": Sentence("Call the first number"),
    "sold": Sentence("Sold"),
    "refused": Sentence("Refused"),
    "callback": Sentence("Call back at…"),
    "no answer": Sentence("No answer"),
    "wrong number": Sentence("Wrong number"),
    "do not call": Sentence("Do not call"),
    "give back": Sentence("Give back"),
    "take back": Sentence("Take back the last result"),
}


def own_keys() -> Shortcuts:
    """The keys of the person at this screen, read once a session. Raises SignedOut, Unavailable."""
    account = identity.signed_in()
    kept: tuple[str, Shortcuts] | None = st.session_state.get(_KEYS)
    if kept is None or kept[0] != account.name:
        kept = (account.name, read_shortcuts(identity.appliance().db, account))
        st.session_state[_KEYS] = kept
    return kept[1]


def key_for(action: str) -> str | None:
    """The key of `action`; None if the person has switched keys off. Raises SignedOut, Unavailable."""
    return own_keys().key(action)


def draw_keys_form() -> None:
    """Draw the switch and a field for each action. Raises SignedOut, Unavailable."""
    keys = own_keys()
    with st.form("own-keys", border=True):
        on = st.toggle(
            _("Keys on the call list"),
            value=not keys.off,
            key="keys-on",
            help=_("One key does what a button does. Switch keys off if you dictate, or press them by accident."),
        )
        with st.container(horizontal=True):
            for action, words in _ACTIONS.items():
                st.text_input(
                    translate(words), value=keys.keys.get(action, STANDARD[action]), max_chars=1, key=_field(action),
                    width=150,
                )  # fmt: skip
        st.caption(_("The keys 1, 2 and 3 choose the time of a callback. C and R cannot be used."))
        st.form_submit_button(_("Save the keys"), key="keys-save", icon=":material/save:", on_click=_save)
    if not on:
        st.caption(_("Keys are switched off: use the buttons."))


@guarded_action()
def _save() -> None:
    account, db = identity.check(), identity.appliance().db
    chosen = {action: str(st.session_state.get(_field(action)) or "") for action in STANDARD}
    write_shortcuts(db, account, chosen, off=not st.session_state.get("keys-on"))
    st.session_state.pop(_KEYS, None)
    leave_notice(Notice("success", _("Your keys are saved.")))


def _field(action: str) -> str:
    return f"key-{action.replace(' ', '-')}"
