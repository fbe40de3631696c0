"""Pages that a test draws alone, without `app.main` around them, are at Ann's screen, who may do everything."""

from __future__ import annotations

import pytest
import streamlit as st

from app.access import identity
from core.accounts.account import Account, Role

ANN = Account("ann", "Ann", Role.ENGINEER)


@pytest.fixture(autouse=True)
def at_anns_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    checked = identity.check

    def check(*, active: bool = True) -> Account:
        if identity._HOUSE in st.session_state:  # `begin` was asked who it is: the real thing
            return checked(active=active)
        st.session_state[identity._ACCOUNT] = ANN
        return ANN

    monkeypatch.setattr(identity, "check", check)
