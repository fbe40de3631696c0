"""The times of a callback on the screen: none that the rules forbid, and those of a clock change are asked about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from app.calling_rules import promise_form
from app.calling_rules.promise_form import Offer, allowed_offers
from core.calling_rules import stored
from core.calling_rules.person import Person
from core.calling_rules.presets import preset

BERLIN = ZoneInfo("Europe/Berlin")
FRIDAY = datetime(2026, 10, 23, 17, 30, tzinfo=BERLIN)
UNDER_RULES = Person(preset("DE"), ("Europe/Berlin",))
CARD = {"_id": "spring:2", "campaign": "spring", "zone": "Europe/Berlin"}


def card() -> None:
    from datetime import timedelta

    import streamlit as st

    from app.calling_rules import promise_form
    from tests.unit.app.calling_rules.test_promise_form import CARD, FRIDAY

    def promise(again: object) -> None:
        st.session_state["promised"] = again

    offers = [promise_form.Offer("In 3 hours", FRIDAY + timedelta(hours=3))]
    promise_form.draw_promise_form(None, CARD, offers, timedelta(days=400), promise)  # type: ignore[arg-type]


@pytest.fixture
def person() -> Person | None:
    return UNDER_RULES


@pytest.fixture
def form(monkeypatch: pytest.MonkeyPatch, person: Person | None) -> AppTest:
    monkeypatch.setattr(promise_form, "now", lambda: FRIDAY.astimezone(UTC))
    monkeypatch.setattr(promise_form, "zone", lambda _name: BERLIN)
    monkeypatch.setattr("app.calling_rules.figures.zone", lambda _name: BERLIN)
    monkeypatch.setattr(stored, "person_under_rules", lambda _db, _prospect: person)
    return AppTest.from_function(card, default_timeout=60).run()


def choose(form: AppTest, text: str) -> AppTest:
    return form.datetime_input(key="promise-at-spring:2").set_value(datetime.fromisoformat(text)).run()


def promised(form: AppTest, key: str) -> datetime:
    form = form.button(key=key).click().run()
    found: datetime = form.session_state["promised"]
    return found


def texts(form: AppTest) -> str:
    return " ".join(one.value for one in (*form.warning, *form.info, *form.caption))


def test_an_offer_that_the_rules_forbid_gives_way_to_the_next_time(form: AppTest) -> None:
    assert "24 Oct" in form.button(key="promise-1").label, "20:30 on a Friday is too late"
    assert promised(form, "promise-1") == datetime(2026, 10, 24, 9, tzinfo=BERLIN)


def test_a_forbidden_time_is_refused_with_the_reason_and_the_next_time_as_a_button(form: AppTest) -> None:
    form = choose(form, "2026-10-25 10:00")
    assert "On a Sunday nobody is called" in texts(form)
    assert not [one for one in form.button if one.key == "promise-other"]
    assert promised(form, "promise-allowed") == datetime(2026, 10, 26, 8, tzinfo=BERLIN)


def test_an_allowed_time_is_promised(form: AppTest) -> None:
    assert promised(choose(form, "2026-10-26 10:15"), "promise-other") == datetime(2026, 10, 26, 10, 15, tzinfo=BERLIN)


@pytest.mark.parametrize("person", [None])
def test_half_past_two_twice_is_asked_about(form: AppTest) -> None:
    form = choose(form, "2026-10-25 02:30")
    assert "this time comes twice" in texts(form)
    assert promised(form, "promise-first") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert promised(form, "promise-second") == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize("person", [None])
def test_half_past_two_never_is_refused_with_the_next_time(form: AppTest) -> None:
    form = choose(form, "2027-03-28 02:30")
    assert "On 2027-03-28 no clock shows 02:30" in texts(form)
    assert promised(form, "promise-allowed") == datetime(2027, 3, 28, 1, tzinfo=UTC)


def test_two_offers_that_become_one_are_offered_once() -> None:
    late = datetime(2026, 10, 23, 20, 30, tzinfo=BERLIN)
    offers = [Offer("In 1 hour", late), Offer("In 3 hours", late + timedelta(hours=2))]
    assert [again for _, again in allowed_offers(offers, UNDER_RULES)] == [datetime(2026, 10, 24, 9, tzinfo=BERLIN)]
    assert [label for label, _ in allowed_offers(offers, None)] == ["In 1 hour", "In 3 hours"]
