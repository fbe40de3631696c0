"""The overview, on a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.overview import verdict_notices
from core.clock import now
from core.models import trials
from core.models.decisions import DecisionKind, decisions, state_of
from core.models.succession import Succession
from core.oversight.incidents import acknowledge
from core.schema import Schema
from core.stores.mongo import Db
from tests.drift_reports import drift_verdict

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
        from app import main
        from app.overview import page as overview_page

        overview_page.page(main.wire())

    st.cache_data.clear()
    yield lambda: AppTest.from_function(script, default_timeout=30).run()
    st.cache_data.clear()


def texts(test: AppTest) -> str:
    return "\n".join(
        e.value for e in [*test.markdown, *test.caption, *test.error, *test.warning, *test.success, *test.info]
    )


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
    assert {m.label for m in test.metric} >= {"To call", "Sold or refused", "Sold"}
    assert "No report yet" in texts(test)


def test_only_screens_with_an_address_are_linked(overview: Draw, campaign: None) -> None:
    assert [(link.label, link.url) for link in overview().link_button] == [("MLflow", "http://models.example:5000")]


def test_reports_and_open_incidents_are_told(overview: Draw, campaign: None, db: Db) -> None:
    for place, distances in enumerate(({"age": 0.02, "job": 0.03}, {"age": 0.3, "job": 0.2, "marital": 0.01})):
        verdict = drift_verdict("1", distances)
        db.reports.insert_one(
            {"_id": f"drift:{place}", "kind": "drift", "verdict": verdict, "made": {"at": EARLY + place * HOUR}}
        )
    found = {"size": 1000, "sales": 123, "top_half_capture": 0.78, "auc": 0.7}
    verdict = {"quality": found, "degraded": False, "broken": []}
    db.reports.insert_one({"_id": "p:0", "kind": "performance", "verdict": verdict, "made": {"at": EARLY}})
    db.incidents.insert_one(incident("drift", "open", "retraining"))
    db.incidents.insert_one(incident("quality", "open", "resolved"))
    said = texts(overview()).replace("\\", "")
    assert "2 of 3 columns moved: Age, Job." in said
    assert "Of the last 1,000 calls, 12.3% were sales; the better half of the ranking held 78.0% of them." in said
    assert "The people to call or the economy have changed. Training a new model." in said
    assert "The model does not keep" not in said


@pytest.mark.parametrize(
    ("found", "head"),
    [
        (drift_verdict(distances={"age": 0.3}), "The people who arrive are no longer like those before them."),
        (drift_verdict(distances={"age": 0.01}), "The people who arrive are like those before them."),
        (
            drift_verdict(distances={"age": 0.01}, economy=[{"column": "euribor3m", "moved": True}], drift=True),
            "The economy is outside the range that the model has learnt from.",
        ),
        (
            drift_verdict(distances={"age": 0.3}, against="training", drift=False),
            "Too few people have arrived to say whether they have changed.",
        ),
    ],
    ids=["other people", "the same", "the economy alone", "too few"],
)
def test_a_drift_report_says_what_has_changed(schema: Schema, found: dict[str, Any], head: str) -> None:
    assert verdict_notices.drift_notice(schema, found).what == head


def incident(cause: str, *statuses: str, why: str = "3 of 20 columns moved") -> dict[str, Any]:
    """An incident as monitoring keeps it, with the states it went through."""
    history = [{"status": status, "at": EARLY + n * HOUR, "why": why} for n, status in enumerate(statuses)]
    opened = {"at": EARLY, "report": "r", "why": why}
    state = {"status": statuses[-1], "acknowledged": None, "revision": 1}
    return {"_id": f"{cause}:r", "cause": cause, **state, "opened": opened, "history": history}


def look_after(page: AppTest, incident: str) -> AppTest:
    """Say at `incident` that Ann looks after it."""
    return page.button(key=f"look-after-now-{incident}").click().run()


def test_a_person_says_that_they_look_after_an_incident(overview: Draw, campaign: None, db: Db) -> None:
    db.incidents.insert_many([incident("drift", "open", "escalated"), incident("skew", "open")])
    page = look_after(overview(), "drift:r")
    assert not page.exception
    said = texts(page).replace("\\", "")
    assert "Ann looks after it. Your colleagues see that here." in said.replace("**", "").replace("  \n", " ")
    assert "Ann has looked after it since " in said
    kept = db.incidents.find_one({"_id": "drift:r"})
    assert kept is not None
    assert kept["acknowledged"]["by"] == "Ann"
    assert isinstance(kept["acknowledged"]["at"], datetime)
    assert kept["status"] == "escalated"
    assert [event["who"] for event in db.events.find({"what": "incident acknowledged"})] == ["Ann"]
    assert [button.key for button in page.button if "look-after" in str(button.key)] == ["look-after-now-skew:r"]


def test_of_two_who_press_at_once_the_first_looks_after_it(overview: Draw, campaign: None, db: Db) -> None:
    db.incidents.insert_one(incident("skew", "open"))
    page = overview()
    acknowledge(db, "skew:r", "Bob")
    said = texts(look_after(page, "skew:r"))
    assert "Bob looks after it already" in said
    assert "Bob has looked after it since" in said


def test_what_the_appliance_is_busy_with_asks_nobody(overview: Draw, campaign: None, db: Db) -> None:
    db.incidents.insert_many([incident("drift", "retraining"), incident("quality", "canary")])
    assert not overview().button


@pytest.mark.parametrize(
    ("found", "kind", "said"),
    [
        (incident("drift", "open"), "warning", "The people to call or the economy have changed. Noticed."),
        (incident("drift", "open", "retraining", "open"), "warning", "Waiting for outcomes."),
        (incident("quality", "open", "retraining"), "info", "does not keep what it promised. Training a new model."),
        (incident("drift", "open", "retraining", "canary"), "info", "Trying a new model."),
        (incident("drift", "open", "escalated"), "error", "A person is needed."),
        (incident("skew", "open"), "warning", "go back to the model before"),
        (incident("economy:euribor3m", "open"), "warning", "The economic figure euribor3m is out of date."),
        (incident("economy:euribor3m", "open", "escalated"), "error", "See what its source answers"),
        (incident("data", "open", "escalated"), "error", "correct the data, then start a training"),
        (incident("new", "open"), "warning", "Look at the log of the monitor."),
    ],
    ids=lambda value: value["_id"] if isinstance(value, dict) else None,
)
def test_an_incident_says_what_it_is_since_when_and_what_is_to_be_done(
    overview: Draw, campaign: None, db: Db, found: dict[str, Any], kind: str, said: str
) -> None:
    db.incidents.insert_one(found)
    page = overview()
    [shown] = getattr(page, kind)
    text = shown.value.replace("\\", "")
    assert said in text
    assert "Open since 3 Nov 2026, 08:00" in text
    assert "3 of 20 columns moved. What to do: " in text


def decided(db: Db, *whats: tuple[str, str]) -> None:
    for place, (what, version) in enumerate(whats, 1):
        db.models.insert_one({**promoted(place, version, EARLY + place * HOUR), "what": what})


def asked(page: AppTest, reason: str) -> AppTest:
    """Go back, for `reason`."""
    page.text_input(key="rollback_reason").input(reason)
    return page.button(key="go-back-now").click().run()


def test_a_trial_is_shown_with_its_latest_evidence_and_who_was_champion_before(
    overview: Draw, campaign: None, db: Db
) -> None:
    decided(db, ("promoted", "1"), ("promoted", "2"), ("on trial", "3"))
    said = texts(overview()).replace("\\", "")
    assert "Version 3 is on trial** since 3 Nov 2026, 11:00" in said
    assert "No outcomes have been judged yet." in said
    assert "Before it: version 1, champion from 3 Nov 2026, 09:00" in said
    trials.store_evidence(db, trials.TrialEvidence("3", "go on: neither is shown yet; 150 outcomes", EARLY + 4 * HOUR))
    said = texts(overview()).replace("\\", "")
    assert "Neither is shown yet; 150 outcomes. Looked at 3 Nov 2026, 12:00" in said
    trials.store_evidence(db, trials.TrialEvidence("2", "go on: of a trial that is over", EARLY + 5 * HOUR))
    assert "of a trial that is over" not in texts(overview())


def test_the_first_champion_has_nobody_to_go_back_to(overview: Draw, campaign: None, db: Db) -> None:
    decided(db, ("promoted", "1"))
    page = overview()
    assert "Before it" not in texts(page)
    assert not page.button


def test_a_person_goes_back_in_one_step_with_name_and_reason(overview: Draw, campaign: None, db: Db) -> None:
    decided(db, ("promoted", "1"), ("promoted", "2"), ("on trial", "3"))
    page = overview()
    assert "The trial of version 3 ends, too." in texts(page).replace("\\", "")
    page = asked(page, "  agents   complain ")
    assert not page.exception
    [decision] = decisions(db, "prospect-scorer")[3:]
    assert (decision.what, decision.version, decision.by) == (DecisionKind.ROLLED_BACK, "1", "Ann")
    assert (decision.why, decision.evidence) == ("agents complain", {"from": "2"})
    said = texts(page).replace("\\", "")
    assert "Version 1 is champion again instead of 2." in said
    assert {m.label: m.value for m in page.metric}["Champion"] == "Version 1"
    assert not page.button, "there is nobody to go back to now"
    assert [event["who"] for event in db.events.find({"what": "model rolled back"})] == ["Ann"]


def test_a_refresh_is_shown_with_its_say_and_is_what_a_person_leaves_out(
    overview: Draw, campaign: None, db: Db
) -> None:
    decided(db, ("promoted", "1"), ("promoted", "2"), ("mixed in", "3"))
    db.models.update_one({"what": "mixed in"}, {"$set": {"evidence": {"weight": 0.83}}})
    page = overview()
    said = texts(page).replace("\\", "")
    assert "Version 3 is mixed with it** since 3 Nov 2026, 11:00" in said
    assert "83.0% of the say in each score" in said
    assert "No outcomes have been judged yet." in said
    assert "Version 3 goes out of use, and version 2 ranks the calls alone." in said
    trials.store_evidence(
        db, trials.TrialEvidence("3", "weight 0.83 after 40 outcomes", EARLY + 4 * HOUR), trials.REFRESH
    )
    assert "Weight 0.83 after 40 outcomes. Looked at 3 Nov 2026, 12:00" in texts(overview()).replace("\\", "")
    page = asked(page, "odd scores")
    assert "Version 3 is out of use; the champion ranks the calls alone." in texts(page).replace("\\", "")
    state = state_of(decisions(db, "prospect-scorer"))
    assert (state.champion, state.refresh) == ("2", None)


@pytest.mark.parametrize("reason", ["", "   "])
def test_nobody_goes_back_without_a_reason(overview: Draw, campaign: None, db: Db, reason: str) -> None:
    decided(db, ("promoted", "1"), ("promoted", "2"))
    page = asked(overview(), reason)
    assert "To go back to another model, a reason is needed." in texts(page).replace("\\", "")
    assert len(decisions(db, "prospect-scorer")) == 2
    assert {m.label: m.value for m in page.metric}["Champion"] == "Version 2"


def test_two_people_who_press_at_once_go_back_once(overview: Draw, campaign: None, db: Db) -> None:
    decided(db, ("promoted", "0"), ("promoted", "1"), ("promoted", "2"))
    page = overview()
    Succession(db, "prospect-scorer", None, by="Bob").roll_back("2", why="he was quicker")
    said = texts(asked(page, "agents complain")).replace("\\", "")
    assert "Version 2 is not the champion; version 1 is." in said
    assert "Nothing was changed." in said
    assert state_of(decisions(db, "prospect-scorer")).champion == "1"


def test_a_hold_is_told(overview: Draw, campaign: None, db: Db) -> None:
    decided(db, ("promoted", "1"))
    hold = Succession(db, "prospect-scorer", None, by="Mia *K*").hold(why="audit this week.")
    said = texts(overview()).replace("\\", "")
    assert "On hold: no version is promoted and no automatic training starts." in said
    assert "Mia *K*, since " in said
    assert ": audit this week. A manager ends the hold" in said
    Succession(db, "prospect-scorer", None, by="Bob").release(hold.place, why="over")
    assert "On hold" not in texts(overview())


def test_old_figures_of_the_economy_are_told_with_their_age(overview: Draw, campaign: None, db: Db) -> None:
    period = (now() - timedelta(days=200)).date().isoformat()
    vintage = {"value": 2.0, "known": {"at": EARLY}, "source": "test"}
    db.indicators.insert_one(
        {"_id": f"euribor3m:{period}", "series": "euribor3m", "period": period, "vintages": [vintage]}
    )
    for column, found in (("euribor3m", "stale"), ("nr.employed", "stale"), ("cons.conf.idx", "well")):
        db.appliance.insert_one({"_id": f"monitor:economy:{column}", "state": found, "report": "x"})
    said = texts(overview()).replace("\\", "")
    assert f"Euribor 3 months is of {period}, which ended 199 days ago; People employed is not known." in said
    assert "Consumer confidence" not in said


def test_the_newest_prediction_is_told(overview: Draw, campaign: None, db: Db) -> None:
    db.models.insert_one(promoted(1, "1", EARLY))
    for number in range(3):
        record = {"_id": f"r{number}:0", "at": EARLY + number * HOUR, "version": "1", "route": "champion"}
        db.predictions.insert_one({**record, "features": {"emp.var.rate": 1.1}, "score": 0.25})
    page = overview()
    assert not page.error, texts(page)
    assert "3 Nov 2026, 10:00" in texts(page)
