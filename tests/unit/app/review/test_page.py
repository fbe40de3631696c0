"""The page Review, run by Streamlit's own test runner on a real database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from app.review.figures import figures_of_week
from core.clock import now
from core.models.succession import Succession
from core.oversight import reviews, week
from core.stores.mongo import Db
from tests.screens import Draw, drawn, tables, texts
from tests.weeks_of_models import DAY, MODEL, measured, monday, report

pytestmark = pytest.mark.mongo


@pytest.fixture
def screen(db: Db, monkeypatch: pytest.MonkeyPatch) -> Iterator[Draw]:
    with drawn(db, monkeypatch, "review", CALLWISE_EVIDENTLY_PAGE="http://e.example") as draw:
        yield draw


def sign(page: AppTest, note: str = "") -> AppTest:
    page.text_area(key="review_note").input(note)
    return page.button(key="review-sign-now").click().run()


def test_before_there_is_a_model_there_is_nothing_to_review(screen: Draw) -> None:
    page = screen()
    assert not page.exception
    assert "There is nothing to review yet." in texts(page)
    assert not page.button


def test_the_week_under_way_is_shown_and_not_signed(screen: Draw, db: Db) -> None:
    Succession(db, MODEL, None, by="trainer").promote("1", why="the first")
    page = screen()
    said = texts(page)
    assert not page.exception
    assert "This week is not over" in said
    assert "There is no quality report for this week" in said
    assert "There is no drift report for this week" in said
    assert "There was no incident." in said
    assert "Nothing." in said
    assert not page.button


@pytest.mark.usefixtures("weeks")
def test_the_last_week_is_shown_first_and_says_all(screen: Draw) -> None:
    page = screen()
    assert not page.exception
    assert not page.error, texts(page)
    said, shown = texts(page), tables(page)
    last = week.week_name(monday(now()) - DAY)
    assert page.selectbox(key="review-week").value == last
    assert "5 weeks are not signed" in said
    assert "The economic figure euribor3m is out of date: It has lasted for 14 days" in said
    assert "of 14 columns moved; the score by 0.080 (limit 0.150)." in said
    assert "The newest 1,000 people against the 2,000 before them, by version 3. 7 reports in" in said
    assert "Trainings: 1 put on trial." in said
    for words in ("0.740", "0.760", "it failed 9 of 100 requests", "A person is needed"):
        assert words in shown
    assert page.get("link_button")[0].url.startswith("http://e.example/projects/p/reports/s-")


@pytest.mark.usefixtures("weeks")
def test_a_week_that_was_bad_says_how(screen: Draw) -> None:
    page = screen()
    page.selectbox(key="review-week").select(week.week_name(monday(now()) - 15 * DAY)).run()
    said = texts(page)
    assert "The model does not keep what it promised: the ranking is worse than promised." in said
    assert "3 of 14 columns moved" in said


@pytest.mark.usefixtures("weeks")
def test_who_signs_freezes_what_they_saw(screen: Draw, db: Db) -> None:
    page = screen("Ann B")
    name = page.selectbox(key="review-week").value
    page = sign(page, "watch the *economy*")
    assert not page.exception
    assert f"The review of {name} is signed." in texts(page)
    assert "4 weeks are not signed" in texts(page)
    report(db, "performance", "performance:3:late", monday(now()) - DAY, measured("3", auc=0.5))
    page = screen("Bob")
    assert "Signed by Ann B" in texts(page)
    assert "watch the *economy*" in texts(page)
    assert "0.740" in tables(page), "what came in later does not change what was signed"
    page = sign(page)
    assert "Also signed by Bob" in texts(page)
    assert reviews.signers_by_week(db, MODEL) == {name: ["Ann B", "Bob"]}


@pytest.mark.usefixtures("weeks")
def test_nobody_signs_twice_or_without_the_role(screen: Draw, db: Db) -> None:
    page = sign(sign(screen()))
    assert "Ann has signed this week already." in texts(page)
    db.users.update_one({"_id": "ann"}, {"$set": {"role": "agent"}})
    page.selectbox(key="review-week").select(reviews.unsigned(db, MODEL, now())[0]).run()
    assert "Your account may not do that." in texts(sign(page))
    assert len(list(db.reviews.find())) == 1


@pytest.mark.usefixtures("weeks")
def test_figures_that_are_not_those_that_were_signed_meanwhile_are_not_signed(screen: Draw, db: Db) -> None:
    page = screen()
    name = page.selectbox(key="review-week").value
    reviews.sign(db, MODEL, name, {**reviews_of(db, name), "calls": 1}, by="Bob", note="")
    page = sign(page)
    assert "Bob signed this week meanwhile, with other figures than were shown here." in texts(page)
    assert reviews.signers_by_week(db, MODEL) == {name: ["Bob"]}


def reviews_of(db: Db, name: str) -> dict[str, object]:

    return figures_of_week(db, MODEL, name)
