"""The overview, on a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.clock import now
from core.mongo import Db

pytestmark = pytest.mark.mongo

Draw = Callable[[], AppTest]
EARLY, HOUR = datetime(2026, 11, 3, 8, tzinfo=UTC), timedelta(hours=1)


@pytest.fixture
def overview(db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[Draw]:
    for name, value in {
        "MONGODB_DATABASE": db.name,
        "S3_ENDPOINT_URL": "http://127.0.0.1:9",
        "S3_ACCESS_KEY": "nobody",
        "S3_SECRET_KEY": "not-a-real-one",
        "CALLWISE_MLFLOW_PAGE": "http://models.example:5000",
    }.items():
        monkeypatch.setenv(name, value)

    def script() -> None:
        from app import main, overview

        overview.page(main.wire())

    st.cache_data.clear()
    yield lambda: AppTest.from_function(script, default_timeout=30).run()
    st.cache_data.clear()


def texts(test: AppTest) -> str:
    return "\n".join(e.value for e in [*test.markdown, *test.caption, *test.error, *test.warning, *test.success])


@pytest.fixture
def campaign(db: Db) -> None:
    db.campaigns.insert_one({"_id": "spring", "title": "spring", "created_at": now(), "schema": "x"})


def test_an_appliance_at_rest_says_what_it_waits_for(overview: Draw) -> None:
    said = texts(overview())
    assert "There is no campaign yet" in said
    assert "No model is in service yet" in said
    assert "No report yet" in said


def promoted(place: int, version: str, at: datetime) -> dict[str, object]:
    decision = {"model": "prospect-scorer", "place": place, "what": "promoted", "version": version, "at": at}
    said: dict[str, object] = {"by": "trainer", "why": "better", "incident": None, "evidence": {}}
    return {"_id": f"prospect-scorer:{place:06d}", **decision, **said}


def test_the_champion_is_the_one_that_reigns(overview: Draw, campaign: None, db: Db) -> None:
    since = datetime(2026, 11, 3, 16, 5, tzinfo=UTC)
    for place, version in enumerate(("9", "10"), 1):
        db.models.insert_one(promoted(place, version, since))
    metrics = {m.label: m.value for m in overview().metric}
    assert metrics["Champion"] == "Version 10"
    assert metrics["Since"].startswith("3 Nov 2026")


def test_a_part_that_fails_takes_only_its_own_card_down(overview: Draw, campaign: None, db: Db) -> None:
    db.models.insert_one({"_id": "x", "model": "prospect-scorer", "version": "1"})
    test = overview()
    assert not test.exception
    assert "Something went wrong" in texts(test)
    assert {m.label for m in test.metric} >= {"To call", "Called", "Sold"}
    assert "No report yet" in texts(test)


def test_only_screens_with_an_address_are_linked(overview: Draw, campaign: None) -> None:
    assert [(link.label, link.url) for link in overview().link_button] == [("MLflow", "http://models.example:5000")]


def test_reports_and_open_incidents_are_told(overview: Draw, campaign: None, db: Db) -> None:
    for place, drifted in enumerate((["age"], ["euribor3m", "job"])):
        verdict = {"drift": len(drifted) > 1, "drifted": drifted, "columns": [{}] * 20}
        db.reports.insert_one(
            {"_id": f"drift:{place}", "kind": "drift", "verdict": verdict, "made": {"at": EARLY + place * HOUR}}
        )
    found = {"size": 500, "conversion": 0.123, "top_half_capture": 0.78, "auc": 0.7}
    verdict = {"quality": found, "degraded": False, "broken": []}
    db.reports.insert_one({"_id": "p:0", "kind": "performance", "verdict": verdict, "made": {"at": EARLY}})
    db.incidents.insert_one({"_id": "drift:1", "cause": "drift of euribor3m", "status": "retraining"})
    db.incidents.insert_one({"_id": "drift:0", "cause": "drift of age", "status": "resolved"})
    said = texts(overview()).replace("\\", "")
    assert "2 of 20 columns moved: Euribor 3 months, Job." in said
    assert "Of the last 500 calls, 12.3% were sales; the better half of the ranking held 78.0% of them." in said
    assert "drift of euribor3m (retraining)" in said
    assert "drift of age" not in said


def test_old_figures_of_the_economy_are_told_with_their_age(overview: Draw, campaign: None, db: Db) -> None:
    period = (now() - timedelta(days=200)).date().isoformat()
    vintage = {"value": 2.0, "known": {"at": EARLY}, "source": "test"}
    db.indicators.insert_one(
        {"_id": f"euribor3m:{period}", "series": "euribor3m", "period": period, "vintages": [vintage]}
    )
    for column, state in (("euribor3m", "stale"), ("nr.employed", "stale"), ("cons.conf.idx", "well")):
        db.appliance.insert_one({"_id": f"monitor:economy:{column}", "state": state, "report": "x"})
    said = texts(overview()).replace("\\", "")
    assert f"Euribor 3 months is of {period}, 199 days after its end; People employed is not known." in said
    assert "Consumer confidence" not in said


def test_the_newest_prediction_is_told(overview: Draw, campaign: None, db: Db) -> None:
    db.models.insert_one(promoted(1, "1", EARLY))
    for number in range(3):
        record = {"_id": f"r{number}:0", "at": EARLY + number * HOUR, "version": "1", "route": "champion"}
        db.predictions.insert_one({**record, "features": {"emp.var.rate": 1.1}, "score": 0.25})
    page = overview()
    assert not page.error, texts(page)
    assert "3 Nov 2026, 10:00" in texts(page)
