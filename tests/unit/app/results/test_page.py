"""The results page, run by Streamlit's own test runner on a real database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from app.results import page as page_of_results
from core.clock import now
from core.models import trials
from core.stores.mongo import Db

pytestmark = pytest.mark.mongo

Draw = Callable[[], AppTest]
NOON = now().astimezone(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def screen(db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[Draw]:
    for name, value in {
        "MONGODB_DATABASE": db.name,
        "S3_ENDPOINT_URL": "http://127.0.0.1:9",
        "S3_ACCESS_KEY": "nobody",
        "S3_SECRET_KEY": "not-a-real-one",
    }.items():
        monkeypatch.setenv(name, value)

    def script() -> None:
        import streamlit as st

        from app import main
        from app.access import identity
        from app.access.boundary import boundary
        from app.results import page as results_page

        with boundary():
            wired = main.wiring()
            st.navigation(main._pages(wired, identity.signed_in()))
            results_page.page(wired.shipped)

    st.cache_data.clear()
    st.cache_resource.clear()
    yield lambda: AppTest.from_function(script, default_timeout=30).run()
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def campaign(db: Db) -> None:
    db.campaigns.insert_one({"_id": "spring", "title": "spring", "created_at": now(), "schema": "x"})


def calls(
    db: Db, sold: str, *, at: datetime = NOON, agents: str = "ann", version: str | None = "1", **more: Any
) -> None:
    """One call for each letter of `sold` (`+` a sale), an hour after the other, by descending score."""
    start = db.outcomes.estimated_document_count()
    people = [f"spring:{start + number:05d}" for number in range(len(sold))]
    outcomes, predictions = [], []
    for number, (person, letter) in enumerate(zip(people, sold, strict=True)):
        outcome = {
            "prospect": person,
            "campaign": "spring",
            "call": 1,
            "result": "sold" if letter == "+" else "refused",
        }
        agent = agents.split()[number % len(agents.split())]
        when = at + timedelta(seconds=number)
        outcomes.append(
            {**outcome, "_id": f"{person}:1", "positive": letter == "+", "agent": agent, "at": when},
        )
        features = {"job": "student" if number % 2 else "admin.", "marital": "single", "age": 20 + number}
        record = {"prospect": person, "features": features, "score": 0.9 - number / 1e5, "at": at - DAY}
        shadow = {"shadow_version": None, "shadow_score": None, "level": 0.0, "shadow_level": None}
        key = {"_id": f"{version}:{person}", "request": "r", "version": version, "route": "champion"}
        predictions.append({**key, **record, **shadow, **more})
    db.outcomes.insert_many(outcomes)
    if version:
        db.predictions.insert_many(predictions)


def decided(db: Db, *whats: tuple[str, str, datetime]) -> None:
    for place, (what, version, at) in enumerate(whats, 1):
        key = {"_id": f"prospect-scorer:{place:06d}", "model": "prospect-scorer", "place": place}
        why: dict[str, Any] = {"by": "trainer", "why": "better in training", "incident": None, "evidence": {}}
        db.models.insert_one({**key, "what": what, "version": version, "at": at, **why})


def said(test: AppTest) -> str:
    told = [*test.markdown, *test.caption, *test.error, *test.warning, *test.success, *test.info]
    return "\n".join(element.value for element in told).replace("\\", "")


def metrics(test: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in test.metric}


def table(test: AppTest, first: str) -> list[list[str]]:
    """The rows of the table whose first column is so called."""
    [found] = [shown.value for shown in test.table if shown.value.columns[0] == first]
    return [[str(cell).replace("\\", "") for cell in row] for row in found.to_numpy()]


def test_without_a_campaign_it_says_what_to_do_first(screen: Draw) -> None:
    test = screen()
    assert "There is no campaign yet" in said(test)
    assert not test.error, said(test)
    assert not test.exception


def test_without_an_outcome_it_says_what_it_waits_for(screen: Draw, campaign: None) -> None:
    test = screen()
    assert "No call has a result yet" in said(test)
    assert not metrics(test)
    assert not test.exception


def test_calls_are_shown_with_how_sure_their_rate_is(screen: Draw, campaign: None, db: Db) -> None:
    calls(db, "+-+-------", agents="ann bob")
    test = screen()
    assert not test.exception
    assert not test.error, said(test)
    found = metrics(test)
    assert (found["Sold or refused"], found["Sold"], found["Conversion"]) == ("10", "2", "20.0%")
    assert "With a confidence of 95% it is between 5.7% and 51.0%" in said(test)
    assert table(test, "Agent") == [
        ["ann", "5", "2", "40.0%", "between 11.8% and 76.9%"],
        ["bob", "5", "0", "0.0%", "between 0.0% and 43.4%"],
    ]
    [day] = table(test, "Day")
    assert day[1:4] == ["10", "2", "20.0%"]


def test_bands_and_segments_are_shown(screen: Draw, campaign: None, db: Db) -> None:
    calls(db, "+-+-------")
    test = screen()
    assert [row[:3] for row in table(test, "Place")] == [
        ["Best 10% of these calls", "1", "1"],
        ["Up to the best 25%", "2", "1"],
        ["Up to the better half", "2", "0"],
        ["The other half", "5", "0"],
    ]
    assert [row[:3] for row in table(test, "Job")] == [["Admin", "5", "2"], ["Student", "5", "0"]]
    test.selectbox(key="results-segment").set_value("age").run()
    assert [row[:3] for row in table(test, "Age")] == [
        ["20 to 22 years", "3", "2"],
        ["23 to 24 years", "2", "0"],
        ["25 to 27 years", "3", "0"],
        ["28 to 29 years", "2", "0"],
    ]


def test_the_calls_saved_are_stated_with_their_formula(screen: Draw, campaign: None, db: Db) -> None:
    calls(db, "++++-+" + "-" * 34)
    test = screen()
    # Of 5 sales in 40 calls the third came at call 3; in random order at 3 * 41 / 6 = 20.5 on average.
    assert metrics(test)["Calls saved"] == "17"
    text = said(test)
    assert "The first 3 of 5 sales took 3 calls: 17 fewer than the 20 that random order" in text
    assert "k (N + 1) / (S + 1)" in text
    orders = table(test, "Order")
    assert [row[:2] for row in orders] == [["As called", "3"], ["By score", "3"], ["Random order", "20"]]
    assert table(test, "Calls made")[0] == ["10%", "80.0%", "80.0%", "10.0%"]


def test_what_chance_would_do_as_well_is_said_to_be_chance(screen: Draw, campaign: None, db: Db) -> None:
    calls(db, "-+--+-")
    assert "no more than chance" in said(screen())


def test_without_a_sale_no_order_is_praised(screen: Draw, campaign: None, db: Db) -> None:
    calls(db, "-----")
    test = screen()
    assert "No sale yet among people who had a score" in said(test)
    assert "Calls saved" not in metrics(test)
    assert not test.error


def test_calls_without_a_score_are_counted_all_the_same(screen: Draw, campaign: None, db: Db) -> None:
    calls(db, "+-", version=None)
    test = screen()
    assert metrics(test)["Sold or refused"] == "2"
    assert "None of these people had a score" in said(test)
    assert table(test, "Job") == [["Not known", "2", "1", "50.0%", "between 9.5% and 90.5%"]]


def test_the_champion_of_a_month_before_is_what_it_is_compared_with(screen: Draw, campaign: None, db: Db) -> None:
    decided(
        db, ("promoted", "1", NOON - 90 * DAY), ("promoted", "2", NOON - 9 * DAY), ("promoted", "3", NOON - 5 * DAY)
    )
    calls(db, "++--", version="3")
    for place, person in enumerate(sorted(db.predictions.distinct("prospect"))):
        record = {"prospect": person, "features": {}, "at": NOON - 20 * DAY, "route": "champion"}
        for version, score in (("1", place / 10), ("2", 0.5)):
            db.predictions.insert_one({**record, "_id": f"old{version}:{person}", "version": version, "score": score})
    test = screen()
    assert not test.error, said(test)
    rival = test.selectbox(key="results-rival")
    assert rival.options == ["Version 1, champion a month before", "Version 2, champion before"]
    both = [row for shown in test.table if shown.value.columns[0] == "Order" for row in shown.value.to_numpy().tolist()]
    assert [row[:2] for row in both[3:]] == [
        ["Version 3, in use", "1"],
        ["Version 1", "3"],
        ["Random order", "2"],
    ]
    assert "That favours the other model" in said(test)


def test_a_model_that_was_chosen_and_is_no_longer_there_gives_way(screen: Draw, campaign: None, db: Db) -> None:
    calls(db, "+-", at=NOON - 20 * DAY, shadow_version="7", shadow_score=0.1)
    calls(db, "++-", shadow_version="8", shadow_score=0.2)
    test = screen()
    test.selectbox(key="results-rival").set_value("7").run()
    assert "2 calls to people whom both versions scored before: 1" in said(test)
    test.selectbox(key="results-period").set_value("Last 7 days").run()
    assert not test.exception
    assert not test.error, said(test)
    assert test.selectbox(key="results-rival").value == "8"


def test_with_one_model_alone_there_is_none_to_compare(screen: Draw, campaign: None, db: Db) -> None:
    calls(db, "+-")
    assert "so there is no comparison" in said(screen())


def test_a_trial_is_shown_while_it_runs(screen: Draw, campaign: None, db: Db) -> None:
    decided(db, ("promoted", "1", NOON - 90 * DAY), ("on trial", "2", NOON - 2 * DAY))
    calls(db, "-" * 5, at=NOON - 3 * DAY)
    calls(db, "+---", version="1", shadow_version="2", shadow_score=0.4)
    calls(db, "+-", version="2", shadow_version="1", shadow_score=0.4, at=NOON + HOUR)
    trials.store_evidence(db, trials.TrialEvidence("2", "go on: neither is shown yet; 6 outcomes", NOON))
    test = screen()
    assert not test.error, said(test)
    text = said(test)
    assert "On trial: version 2** beside version 1" in text
    assert "Neither is shown yet; 6 outcomes." in text
    assert "Why it is tried: Better in training." in text
    assert [row[:3] for row in table(test, "Score used")] == [
        ["Version 1, champion", "4", "1"],
        ["Version 2, canary", "2", "1"],
    ]


def test_no_trial_is_not_mentioned(screen: Draw, campaign: None, db: Db) -> None:
    decided(db, ("promoted", "1", NOON - 90 * DAY))
    calls(db, "+-")
    assert "rial" not in said(screen())


def test_a_period_leaves_the_others_out(screen: Draw, campaign: None, db: Db) -> None:
    calls(db, "+---", at=NOON - 20 * DAY)
    calls(db, "+-")
    test = screen()
    assert metrics(test)["Sold or refused"] == "6"
    test.selectbox(key="results-period").set_value("Last 7 days").run()
    assert metrics(test)["Sold or refused"] == "2"
    assert sum(int(row[1]) for row in table(test, "Place")) == 2
    test.selectbox(key="results-period").set_value("Choose days").run()
    test.date_input[0].set_value(((NOON - 20 * DAY).date(), (NOON - 19 * DAY).date())).run()
    assert metrics(test)["Sold or refused"] == "4"


def test_days_chosen_in_one_campaign_are_not_asked_of_another(screen: Draw, campaign: None, db: Db) -> None:
    later = {"_id": "summer", "title": "summer", "created_at": now() - DAY, "schema": "x"}
    db.campaigns.insert_one(later)
    calls(db, "+---", at=NOON - 20 * DAY)
    outcome = {"prospect": "summer:1", "campaign": "summer", "result": "sold", "positive": True, "agent": "ann"}
    db.outcomes.insert_one({**outcome, "_id": "summer:1:1", "at": NOON})
    test = screen()
    test.selectbox(key="results-period").set_value("Choose days").run()
    test.date_input[0].set_value(((NOON - 20 * DAY).date(), (NOON - 19 * DAY).date())).run()
    test.selectbox(key="campaign").set_value("summer").run()
    assert not test.error, said(test)
    assert metrics(test)["Sold or refused"] == "1"


def test_a_period_without_calls_says_when_the_last_were(screen: Draw, campaign: None, db: Db) -> None:
    calls(db, "+-", at=datetime(2026, 3, 2, 9, tzinfo=UTC))
    test = screen()
    test.selectbox(key="results-period").set_value("Last 7 days").run()
    assert "The last day with calls is 2 Mar 2026" in said(test)


def test_results_of_files_are_apart_and_may_be_added(screen: Draw, campaign: None, db: Db) -> None:
    calls(db, "+-", version=None, agents="import", at=datetime(2008, 5, 1, tzinfo=UTC))
    test = screen()
    assert metrics(test)["Sold or refused"] == "2", "there is nothing else to show"
    calls(db, "+---")
    st.cache_data.clear()
    test = screen()
    assert metrics(test)["Sold or refused"] == "4"
    test.toggle(key="results-imported").set_value(True).run()
    assert metrics(test)["Sold or refused"] == "6"
    assert ["From files", "2", "1"] in [row[:3] for row in table(test, "Agent")]


def test_of_many_calls_the_newest_are_looked_up_and_all_when_asked(
    screen: Draw, campaign: None, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_of_results, "NEWEST", 1_000)
    calls(db, "+---------" * 150, agents=" ".join(f"agent{n:02d}" for n in range(30)))
    test = screen()
    assert not test.error, said(test)
    assert metrics(test)["Sold or refused"] == "1,500"
    assert len(table(test, "Agent")) == 30
    assert "The chart shows the 20 agents with the most calls" in said(test)
    assert "the newest 1,000 of 1,500 calls" in said(test)
    assert sum(int(row[1].replace(",", "")) for row in table(test, "Place")) == 1_000
    assert "Calls saved, newest 1,000" in metrics(test)
    test.button(key="results-read-all").click().run()
    assert "the newest" not in said(test)
    assert sum(int(row[1].replace(",", "")) for row in table(test, "Place")) == 1_500


def test_a_database_that_is_away_is_told_to_a_person(
    screen: Draw, campaign: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200")
    test = screen()
    assert "part of the appliance does not answer" in said(test)
    assert "127.0.0.1" not in said(test)
    assert not test.exception


def test_a_part_that_fails_takes_only_itself_down(screen: Draw, campaign: None, db: Db) -> None:
    calls(db, "+-")
    db.models.insert_one({"_id": "x", "model": "prospect-scorer", "version": "1"})
    test = screen()
    assert "Something went wrong" in said(test)
    assert metrics(test)["Sold or refused"] == "2"
    assert [row[0] for row in table(test, "Agent")] == ["ann"]
    assert [row[0] for row in table(test, "Place")] == ["Best 10% of these calls", "The other half"]
    assert not test.exception
