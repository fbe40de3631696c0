from __future__ import annotations

from datetime import UTC, datetime

from app.calls.result_words import CHOICES, offers
from core.accounts.shortcuts import STANDARD, TAKEN
from core.calls.lifecycle import Result


def test_every_result_has_a_button_and_a_key_of_its_own() -> None:
    assert [choice.result for choice in CHOICES] == list(Result)
    keys = list(STANDARD.values())
    assert {choice.result.value for choice in CHOICES} <= STANDARD.keys()
    assert len(set(keys)) == len(keys)
    assert not TAKEN & set(keys), "Streamlit keeps C and R for itself"
    assert [choice.key for choice in CHOICES][-2:] == ["outcome-wrong-number", "outcome-do-not-call"]


def test_tomorrow_is_the_callers_and_not_the_servers() -> None:
    late = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)  # in Berlin it is Sunday already, and the clocks go forward
    assert [(one.label, one.at.astimezone(UTC)) for one in offers(late, "Europe/Berlin")] == [
        ("In 1 hour", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
        ("In 3 hours", datetime(2026, 3, 29, 2, 30, tzinfo=UTC)),
        ("Tomorrow, 10:00", datetime(2026, 3, 30, 8, 0, tzinfo=UTC)),
    ]
