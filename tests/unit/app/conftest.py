"""The app on a real database, opened as somebody, and a campaign of three people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.accounts.account import Role
from core.clock import now
from core.schema import Schema
from core.settings.group import ROOT
from core.stores.mongo import Db
from tests.people import cookies_from_tests, sit_down
from tests.unit.app.call_list import PEOPLE, Screen
from tests.weeks_of_models import fill


@pytest.fixture
def screen(db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """Opens the app as somebody; the object store is away, which the call list must not mind."""
    cookies_from_tests(monkeypatch)
    for name, value in {
        "MONGODB_DATABASE": db.name,
        "S3_ENDPOINT_URL": "http://127.0.0.1:9",
        "S3_ACCESS_KEY": "nobody",
        "S3_SECRET_KEY": "not-a-real-one",
    }.items():
        monkeypatch.setenv(name, value)

    def opened(agent: str | None = "Ann", role: Role = Role.AGENT) -> AppTest:
        test = AppTest.from_file(str(ROOT / "app" / "main.py"), default_timeout=30)
        if agent:
            sit_down(test, db, agent, role)
        return test.run()

    st.cache_resource.clear()
    st.cache_data.clear()
    yield opened
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def campaign(db: Db, person: dict[str, Any]) -> str:
    """Three people, ranked."""
    features = {**person, "age": 41, "pdays": 999, "previous": 0, "campaign": 1}
    db.campaigns.insert_one({"_id": "spring", "title": "spring", "created_at": now(), "schema": "x"})
    for ref, score in PEOPLE.items():
        db.prospects.insert_one(
            {
                "_id": f"spring:{ref}",
                "campaign": "spring",
                "ref": ref,
                "features": features,
                "status": "open",
                "score": score,
                "score_version": "3",
                "score_route": "champion",
                "prediction": f"req:{ref}",
                "claim": None,
            }
        )
    return "spring"


@pytest.fixture
def weeks(db: Db, schema: Schema) -> None:
    """Some weeks of a campaign, with champions, reports and incidents."""
    fill(db, schema, now(), people=60)
