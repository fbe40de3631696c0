"""Tokens of programs that use the API: engineers make and revoke them on the page Accounts."""

from __future__ import annotations

import streamlit as st

from app.access import identity
from app.access.boundary import guarded_action
from app.language import _, formats, translate
from app.shell.appliance import Appliance
from app.shell.notices import Notice, leave_notice
from core.accounts import tokens
from core.accounts.account import Role
from core.accounts.tokens import Scope, Token
from core.clock import now
from core.stores.mongo import Db

DAYS = (30, 90, 180, 365)
_NAME, _SCOPES, _DAYS = "token_name", "token_scopes", "token_days"
_ONCE = "token_once"


def draw_tokens(house: Appliance) -> None:
    """Draw the tokens, the form for a new one, and how to revoke one. Raises Unavailable."""
    st.subheader(_("Access for programs"))
    st.markdown(
        _(
            "A dialler, a CRM or another program uses the API with a token. It opens only what you choose, and ends on "
            "the day that you choose. Calls are recorded under its name and the agent's."
        )
    )
    _draw_secret()
    known = tokens.all_tokens(_home(house))
    with st.container(key="token-list"):
        if known:
            st.table([_row(token) for token in known], border="horizontal", hide_index=True)
    left, right = st.columns(2, gap="large")
    with left:
        _new()
    with right:
        _revoking([token for token in known if token.opens(now())])


def _home(house: Appliance) -> Db:
    return house.home if house.home is not None else house.db


def _row(token: Token) -> dict[str, str]:
    zone = st.context.timezone
    return {
        _("Token"): formats.plain(token.name),
        _("Rights"): formats.plain(", ".join(sorted(str(scope) for scope in token.scopes))),
        _("State"): _state(token),
        _("Ends"): formats.moment(token.expires, zone),
        _("Last used"): formats.moment(token.used, zone) if token.used else translate(formats.NOT_YET),
        _("Made by"): formats.plain(token.made_by),
    }


def _state(token: Token) -> str:
    if token.revoked:
        return _("revoked")
    return _("in force") if token.opens(now()) else _("expired")


def _draw_secret() -> None:
    """Draw a new token: only here, and only until the next page or click."""
    if once := st.session_state.pop(_ONCE, None):
        name, secret = once
        with st.container(key="token-once", border=True):
            st.markdown(
                _("Token **{name}**. Copy it now: it is shown only once and stored nowhere.").format(
                    name=formats.plain(name)
                )
            )
            st.code(secret, language=None)


def _new() -> None:
    with st.form("token-new", clear_on_submit=False):
        st.text_input(
            _("Name of the program"),
            key=_NAME,
            max_chars=32,
            autocomplete="off",
            help=_("Lower-case letters, digits and hyphens. It cannot be given twice."),
        )
        st.multiselect(
            _("What it may do"),
            list(Scope),
            key=_SCOPES,
            format_func=lambda scope: f"{scope}: {translate(Scope(scope).words)}",
        )
        st.selectbox(_("Days until it ends"), DAYS, key=_DAYS)
        st.form_submit_button(_("Make token"), icon=":material/key:", key="token-make", on_click=_make)


def _revoking(open_now: list[Token]) -> None:
    if not open_now:
        return
    name = st.selectbox(_("Token to revoke"), [token.name for token in open_now], key="token_chosen")
    with st.popover(_("Revoke"), icon=":material/block:", key="token-revoke"):
        st.markdown(_("The program is refused from its next request on. What it recorded is kept."))
        st.button(_("Revoke the token"), key="token-revoke-go", type="primary", on_click=_revoke, args=(name,))


@guarded_action()
def _make() -> None:
    me = identity.require(Role.ENGINEER)
    name, scopes = str(st.session_state[_NAME]), [Scope(scope) for scope in st.session_state[_SCOPES]]
    days = int(st.session_state[_DAYS])
    secret, token = tokens.make(_home(identity.appliance()), name, scopes, days=days, by=me.shown)
    st.session_state[_NAME], st.session_state[_SCOPES] = "", []
    st.session_state[_ONCE] = (token.name, secret)


@guarded_action()
def _revoke(name: str) -> None:
    me = identity.require(Role.ENGINEER)
    tokens.revoke(_home(identity.appliance()), name, by=me.shown)
    leave_notice(Notice("success", _("The token {name} is revoked.").format(name=name)))
