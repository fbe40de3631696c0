"""The first training of a kind: asked for once there are enough outcomes, never in the middle of a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.lists import import_log
from core.stores.mongo import Db
from monitor.flows.first_training import QUIET
from monitor.flows.triggers import RetrainLimits, Triggers
from tests.fake_prefect import FakePrefect

pytestmark = pytest.mark.mongo
START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Kind:
    """A kind without a champion, whose first training needs ten outcomes, and a clock moved by hand."""

    def __init__(self, db: Db) -> None:
        self.db, self.at, self.prefect = db, START, FakePrefect()

    def outcomes(self, many: int, positive: Callable[[int], bool] = lambda n: n % 3 == 0) -> None:
        known = self.db.outcomes.count_documents({})
        self.db.outcomes.insert_many(
            {"_id": f"p{n}:1", "at": START, "positive": positive(n)} for n in range(known, known + many)
        )

    def look(self) -> str:
        limits = RetrainLimits(outcomes=5)
        flows = self.prefect.client()
        return Triggers(self.db, flows, "prospect-scorer", limits, minimum=10, clock=lambda: self.at).run()

    def asked(self) -> list[str]:
        return [str(run["parameters"]["reason"]) for run in self.prefect.runs.values()]

    def ends(self, **state: Any) -> None:
        for run in self.prefect.runs:
            self.prefect.ends(run, **state)


@pytest.fixture
def kind(db: Db) -> Kind:
    return Kind(db)


def test_until_there_are_enough_outcomes_it_says_how_many_are_missing(kind: Kind) -> None:
    kind.outcomes(7)
    assert kind.look().endswith("7 of the 10 outcomes that it needs are known; 3 are missing")
    kind.outcomes(3)
    assert "asked for flow run" in kind.look()
    assert kind.asked() == ["enough outcomes for the first model"]
    assert "waits for the flow run" in kind.look()
    assert len(kind.asked()) == 1


@pytest.mark.parametrize(("positive", "only"), [(True, "a sale"), (False, "a refusal")])
def test_outcomes_that_are_all_alike_teach_nothing(kind: Kind, positive: bool, only: str) -> None:
    kind.outcomes(20, lambda _n: positive)
    assert f"all 20 outcomes are {only}" in kind.look()
    assert kind.asked() == []


def test_it_waits_while_a_file_comes_in_and_a_moment_longer(kind: Kind) -> None:
    kind.outcomes(10)
    clock = lambda: kind.at  # noqa: E731
    place = import_log.begin(kind.db, "spring", "may.csv", "f" * 64, by="Mia", run="r", clock=clock)
    assert "a file is coming in (may.csv)" in kind.look()
    import_log.done(kind.db, place, "r", {"rows": 10}, clock)
    assert "a file is coming in (may.csv)" in kind.look(), "the next file may follow at once"
    kind.at += QUIET + timedelta(seconds=1)
    assert "asked for flow run" in kind.look()


def test_one_that_a_gate_refused_is_asked_for_again_with_more_outcomes(kind: Kind) -> None:
    kind.outcomes(10)
    kind.look()
    kind.ends(type="FAILED", name="Refused", message="it guesses")
    kind.outcomes(4)
    assert "that was asked for and has ended" in kind.look()
    kind.outcomes(1)
    assert "asked for flow run" in kind.look()
    assert len(kind.asked()) == 2


def test_one_that_was_lost_is_asked_for_again(kind: Kind) -> None:
    kind.outcomes(10)
    kind.look()
    kind.ends(type="CRASHED")
    assert "asked for flow run" in kind.look()
    assert len(kind.asked()) == 2
