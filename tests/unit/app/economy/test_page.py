"""The page Economy, run by Streamlit's own test runner on a real database; the model is a stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.clock import now
from core.stores.mongo import Db
from tests.fake_services import answering, by_euribor
from tests.screens import Draw, drawn, tables, texts

pytestmark = pytest.mark.mongo


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    with answering(by_euribor) as (url, bodies):
        monkeypatch.setenv("MLSERVER_URL", url)
        yield bodies


@pytest.fixture
def screen(db: Db, monkeypatch: pytest.MonkeyPatch, asked: list[dict[str, Any]]) -> Iterator[Draw]:
    with drawn(db, monkeypatch, "economy") as draw:
        yield draw


def figures(test: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in test.metric}


def pick(page: AppTest, column: str) -> AppTest:
    return page.selectbox(key="what-if-figure").select(column).run()


def test_while_it_is_off_it_says_what_that_means_and_how_to_switch_it_on(screen: Draw) -> None:
    page = screen()
    assert not page.exception
    said = texts(page)
    assert "The economy is off." in said
    assert "CALLWISE_ECONOMY=live" in said
    assert "came with Callwise" not in said
    assert "This needs a model in service" in said


def test_figures_that_came_along_are_shown_and_called_so(screen: Draw, db: Db) -> None:
    vintage = {"value": 4.8, "known": {"at": now()}, "source": "doi:10.1016/j.dss.2014.03.001"}
    db.indicators.insert_one(
        {"_id": "euribor3m:2008-05", "series": "euribor3m", "period": "2008-05", "unit": "percent",
         "vintages": [vintage], "revision": 1, "seen": {"at": now()}}
    )  # fmt: skip
    page = screen()
    assert not page.exception
    said = texts(page)
    assert "The figures below came with Callwise and are not updated." in said
    assert "This figure has no values yet." in said, "of the others"
    assert figures(page)["2008-05"] == "4.8%"


@pytest.mark.usefixtures("weeks")
def test_each_figure_has_its_period_age_source_and_vintages(screen: Draw) -> None:
    page = screen()
    assert not page.exception
    assert not page.error, texts(page)
    said, shown = texts(page), tables(page)
    assert "The economy is off." not in said
    assert "Out of date. Euribor 3 months: the newest value is 60 days after its end" in said
    assert "Source: ECB FM/M.U2.EUR. Last fetched: " in said
    assert said.count("2 periods were revised") == 5
    assert " from " in shown, "what was known before, and from when on"


@pytest.mark.usefixtures("weeks")
def test_a_figure_is_moved_and_the_change_is_that_of_the_model(
    screen: Draw, db: Db, asked: list[dict[str, Any]]
) -> None:
    before = db.predictions.estimated_document_count()
    page = pick(screen(), "euribor3m")
    assert not page.exception
    slider = page.select_slider(key="what-if-value:euribor3m")
    assert (slider.value, figures(page)["Now"]) == (2.5, "2.5%")
    count = len(asked)
    lowest = min(float(option.rstrip("%")) for option in slider.options)
    page = slider.set_value(lowest).run()
    expected = 30 * (0.05 + 0.1 / (1 + lowest))
    assert figures(page)["Expected then"] == str(round(expected))
    assert figures(page)["Expected sales now"] == str(round(30 * (0.05 + 0.1 / 3.5)))
    assert len(asked) == count, "a move of the slider asks nobody"
    assert "All 30 people still on the list were scored by version" in texts(page)
    page = page.button(key="what-if-reset").click().run()
    assert page.select_slider(key="what-if-value:euribor3m").value == 2.5
    assert all(body["parameters"] == {"what_if": True} for body in asked)
    assert db.predictions.estimated_document_count() == before


@pytest.mark.usefixtures("weeks")
def test_beyond_what_was_learnt_it_says_that_the_model_extrapolates(screen: Draw) -> None:
    page = pick(screen(), "euribor3m")
    assert "The model extrapolates" not in texts(page)
    slider = page.select_slider(key="what-if-value:euribor3m")
    page = slider.set_value(max(float(option.rstrip("%")) for option in slider.options)).run()
    assert "is outside the range that the model has learnt from (2.4167% to 2.5833%). The model extrapolates" in texts(
        page
    )


@pytest.mark.usefixtures("weeks")
def test_a_figure_that_the_model_does_not_use_changes_nothing_and_that_is_said(screen: Draw) -> None:
    page = pick(screen(), "nr.employed")
    assert "The model expects the same at every value of this figure" in texts(page)
    assert figures(page)["Expected then"] == figures(page)["Expected sales now"]


@pytest.mark.usefixtures("weeks")
def test_a_model_that_does_not_answer_takes_only_its_card_down(screen: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLSERVER_URL", "http://127.0.0.1:9")
    page = screen()
    assert not page.exception
    assert "A part of the appliance does not answer at the moment." in texts(page)
    assert "Source: ECB" in texts(page)
    monkeypatch.delenv("MLSERVER_URL")
    assert "The app has no address of the scoring service" in texts(screen())
