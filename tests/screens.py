"""A page as Streamlit's own test runner draws it: what its settings are, and what a person reads on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.stores.mongo import Db
from tests.customers import CONTACT_KEY
from tests.people import cookies_from_tests, sit_down

# The object store is away, which no page but the campaigns' may mind.
SETTINGS = {
    "S3_ENDPOINT_URL": "http://127.0.0.1:9",
    "S3_ACCESS_KEY": "nobody",
    "S3_SECRET_KEY": "not-a-real-one",
    "CALLWISE_CONTACT_KEY": CONTACT_KEY,
}

Draw = Callable[..., AppTest]
"""Draws the page for somebody who is signed in, a manager called Ann unless another name is given."""


@contextmanager
def drawn(db: Db, monkeypatch: pytest.MonkeyPatch, *rooms: str, **settings: str) -> Iterator[Draw]:
    """What draws the pages of these `rooms` of the app, one under the other, with nothing left of another test.

    A room with two pages is named with the second page's module: `accounts.my_account`.
    The database is the test's own, and so are these `settings`.
    """
    for name, value in {"MONGODB_DATABASE": db.name, **SETTINGS, **settings}.items():
        monkeypatch.setenv(name, value)
    cookies_from_tests(monkeypatch)
    st.cache_data.clear()
    st.cache_resource.clear()
    yield lambda who="Ann": sit_down(AppTest.from_function(_draw, default_timeout=60, args=rooms), db, who).run()
    st.cache_data.clear()
    st.cache_resource.clear()


def texts(test: AppTest) -> str:
    """All sentences."""
    shown = [*test.markdown, *test.caption, *test.error, *test.warning, *test.success, *test.info]
    return "\n".join(str(element.value) for element in shown).replace("\\", "")


def tables(test: AppTest) -> str:
    """All tables."""
    return "\n".join(table.value.to_string() for table in test.table).replace("\\", "")


def _draw(*rooms: str) -> None:
    """Runs as a script of its own, so it imports what it needs."""
    from importlib import import_module

    from app import main
    from app.access import identity
    from app.access.boundary import boundary

    house = main.wire()
    identity.begin(house)
    for room in rooms:
        with boundary():
            import_module(f"app.{room}" if "." in room else f"app.{room}.page").page(house)
