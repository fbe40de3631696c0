"""The page Models, run by Streamlit's own test runner on a real database; MLflow and MLServer are stand-ins."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.clock import now
from core.models import upkeep
from core.models.decisions import DecisionKind, decisions, state_of
from core.models.succession import Succession
from core.stores.mongo import Db
from tests.fake_services import answering
from tests.screens import Draw, drawn, tables, texts
from tests.weeks_of_models import MODEL

pytestmark = pytest.mark.mongo


@pytest.fixture
def screen(db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[Draw]:
    with answering() as (url, _):
        pages = {
            f"CALLWISE_{name}_PAGE": f"http://{name[0].lower()}.example" for name in ("MLFLOW", "PREFECT", "EVIDENTLY")
        }
        with drawn(db, monkeypatch, "models", MLFLOW_TRACKING_URI=url, **pages) as draw:
            yield draw


def decide(page: AppTest, what: str, why: str) -> AppTest:
    page.radio(key="decide-what").set_value(what).run()
    page.text_input(key="rollback_reason").input(why)
    return page.button(key="decide-now").click().run()


def test_before_there_is_a_model_it_says_what_is_waited_for(screen: Draw) -> None:
    page = screen()
    assert not page.exception
    assert "No model is in service yet." in texts(page)
    assert not page.button


@pytest.mark.usefixtures("weeks")
def test_who_was_what_when_and_why_is_told_with_its_cause(screen: Draw) -> None:
    page = screen()
    assert not page.exception
    assert not page.error, texts(page)
    assert {m.label: m.value for m in page.metric}["Champion"] == "Version 3"
    shown = tables(page)
    incident = "an incident: the people to call or the economy have changed"
    for words in ("the schedule", incident, "new outcomes", "it failed 9 of 100"):
        assert words in shown
    assert "+0.0123 (between +0.0011 and +0.0235)" in shown
    assert "Demonstrably worse for these groups: job student." in texts(page)


@pytest.mark.usefixtures("weeks")
def test_where_a_version_comes_from_is_read_from_the_registry_and_linked(screen: Draw) -> None:
    page = screen()
    shown = tables(page)
    for words in ("snapshot-20261102T090000Z-0a1b2c3d", "d" * 12, "10c410c410c4", "enough new outcomes: 540"):
        assert words in shown
    links = {link.label: link.url for link in page.get("link_button")}
    assert links == {
        "Version in MLflow": "http://m.example/#/models/prospect-scorer/versions/3",
        "Run in MLflow": f"http://m.example/#/experiments/1/runs/{'a1' * 16}",
        "Training in Prefect": "http://p.example/runs/flow-run/00000000-0000-0000-0000-000000000003",
        "Drift in Evidently": next(url for label, url in links.items() if label.startswith("Drift")),
        "Quality in Evidently": next(url for label, url in links.items() if label.startswith("Quality")),
    }
    assert links["Drift in Evidently"].startswith("http://e.example/projects/p/reports/s-drift:3:")


def test_a_refresh_that_waits_and_one_that_is_mixed_are_shown(screen: Draw, db: Db) -> None:
    line = Succession(db, MODEL, None, by="trainer")
    line.promote("1", why="the first")
    upkeep.hand_in(line, "2", why="it has the recipe in use, so it is a refresh")
    assert "Version 2, a refresh, waits for the next list." in texts(screen()).replace("\\", "")
    upkeep.mix(line, "1", "2", 0.8, why="weight 0.80 after 0 outcomes")
    page = screen()
    assert not page.exception
    assert "80.0% of the say in each score" in texts(page)
    shown = tables(page)
    for words in ("refresh, for the next list", "mixed with the champion", "weight 0.80 after 0 outcomes"):
        assert words in shown
    page = decide(page, "back", "odd scores")
    assert state_of(decisions(db, MODEL)).refresh is None


@pytest.mark.usefixtures("weeks")
def test_a_registry_that_is_away_takes_nothing_else_down(screen: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    page = screen()
    assert "A part of the appliance does not answer at the moment." in texts(page)
    assert "512 outcomes, 61 sales" in tables(page)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert "The app has no address of MLflow" in texts(screen())


@pytest.mark.usefixtures("weeks")
def test_incidents_are_told_from_start_to_end(screen: Draw) -> None:
    page = screen()
    heads = [fold.label.replace("\\", "") for fold in page.expander]
    assert any(head.startswith("The economic figure euribor3m is out of date · A person is needed") for head in heads)
    assert any(head.startswith("The people to call or the economy have changed · Solved") for head in heads)
    shown = tables(page)
    assert "Training a new model" in shown
    assert "5 days" in shown, "how long the trial lasted"
    assert "Mia *K* has looked after it since" in texts(page)


@pytest.mark.usefixtures("weeks")
def test_fairness_stands_side_by_side_for_the_schemas_segments(screen: Draw) -> None:
    page = screen()
    said, shown = texts(page), tables(page)
    for words in ("**Job**", "**Marital status**", "**Age**", "From 60 people drawn"):
        assert words in said
    for words in ("Blue-collar", "Married", "30 to under 40", "(few)", "To largest"):
        assert words in shown


@pytest.mark.usefixtures("weeks")
def test_a_person_ends_a_trial_by_promoting_with_the_figures_they_saw(screen: Draw, db: Db) -> None:
    page = screen()
    page.radio(key="decide-what").set_value("promote").run()
    assert "The trial ends before the outcomes have decided" in texts(page)
    page = decide(page, "promote", "the board wants it")
    assert not page.exception
    assert "Version 5 is champion now." in texts(page)
    last = decisions(db, MODEL)[-1]
    assert (last.what, last.version, last.by, last.why) == (DecisionKind.PROMOTED, "5", "Ann", "the board wants it")
    assert (last.evidence["approved"], last.evidence["outcomes"]) == (True, 512)
    assert "a person" in tables(page)


@pytest.mark.usefixtures("weeks")
def test_a_person_holds_the_champion_and_releases_it(screen: Draw, db: Db) -> None:
    page = decide(screen(), "hold", "audit *this* week")
    assert "Version 3 stays until the hold is released." in texts(page)
    assert "On hold: no version is promoted" in texts(page)
    assert "Ann, since" in texts(page)
    assert page.radio(key="decide-what").options == ["Release the hold", "Go back to version 2"]
    page = decide(page, "release", "it is over")
    assert "The hold is released." in texts(page)
    assert state_of(decisions(db, MODEL)).hold is None
    assert [(one.what, one.by) for one in decisions(db, MODEL)[-2:]] == [
        (DecisionKind.HELD, "Ann"),
        (DecisionKind.RELEASED, "Ann"),
    ]


@pytest.mark.usefixtures("weeks")
def test_a_person_goes_back(screen: Draw, db: Db) -> None:
    page = decide(screen(), "back", "agents complain")
    assert "Version 2 is champion again instead of 3." in texts(page)
    assert state_of(decisions(db, MODEL)).champion == "2"


@pytest.mark.usefixtures("weeks")
@pytest.mark.parametrize("what", ["promote", "hold", "back"])
def test_nobody_decides_without_a_reason(screen: Draw, db: Db, what: str) -> None:
    before = len(decisions(db, MODEL))
    page = decide(screen(), what, "  ")
    assert "a reason is needed." in texts(page)
    assert len(decisions(db, MODEL)) == before


@pytest.mark.usefixtures("weeks")
@pytest.mark.parametrize("what", ["promote", "hold", "back"])
def test_whose_role_was_taken_while_they_looked_decides_nothing(screen: Draw, db: Db, what: str) -> None:
    page = screen()
    page.radio(key="decide-what").set_value(what).run()
    db.users.update_one({"_id": "ann"}, {"$set": {"role": "agent"}})
    before = len(decisions(db, MODEL))
    page.text_input(key="rollback_reason").input("sure")
    page = page.button(key="decide-now").click().run()
    assert "Your account may not do that." in texts(page)
    assert len(decisions(db, MODEL)) == before


@pytest.mark.usefixtures("weeks")
def test_whoever_presses_too_late_is_told_so(screen: Draw, db: Db) -> None:
    page = screen()
    page.radio(key="decide-what").set_value("promote").run()
    Succession(db, MODEL, None, by="monitor", clock=lambda: now() - timedelta(seconds=1)).end_trial("5", why="worse")
    page.text_input(key="rollback_reason").input("sure")
    page = page.button(key="decide-now").click().run()
    assert "Version 5 is not on trial any more." in texts(page)
    assert state_of(decisions(db, MODEL)).champion == "3"
    assert not page.exception
