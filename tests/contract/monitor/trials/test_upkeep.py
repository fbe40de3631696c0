"""The champion's refreshes on a real store: when one gets its say, how outcomes move it, and who is champion then."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from core.models import mixture_in_force, trials, upkeep
from core.models.decisions import CHAMPION, REFRESH, Decision, DecisionKind
from core.models.mixture_in_force import Mixture
from core.models.succession import Succession
from core.stores.mongo import Db
from monitor.reports import parity
from monitor.trials.refresh import RefreshRules
from monitor.trials.upkeep import UpkeepJob
from tests.aliases import Aliases

pytestmark = pytest.mark.mongo
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass
class House:
    """An appliance whose champion is version 1, with a clock moved by hand."""

    db: Db
    rules: RefreshRules = field(default_factory=lambda: RefreshRules(limit=60))
    at: datetime = START
    names: Aliases = field(default_factory=Aliases)
    serving: dict[str, str | int | float] = field(
        default_factory=lambda: {
            "refused_versions": "", "refused": "", "refresh": "", "refresh_requests": 0, "refresh_errors": 0,
        }
    )  # fmt: skip
    calls: int = 0

    def __post_init__(self) -> None:
        self.line = Succession(self.db, "scorer", self.names, by="monitor", clock=lambda: self.at)
        self.line.promote("1", why="the first")

    def hand_in(self, version: str) -> None:
        upkeep.hand_in(self.line, version, why="newer outcomes", incident="drift:7")

    def look(self, hours: float = 24.0) -> str:
        return UpkeepJob(self.db, self.line, lambda: self.serving, self.rules, hours, clock=lambda: self.at).advance()

    def call(self, outcomes: int, *, champion: float, refresh: float, sold: bool, version: str = "2") -> None:
        """Score and call people whose scores by both versions are these."""
        for _ in range(outcomes):
            self.calls += 1
            self.at += MINUTE
            who = f"p{self.calls:04d}"
            mixed = {"version": version, "weight": 0.8, "score": refresh, "level": 0.0, "champion": "1",
                     "champion_score": champion, "champion_level": 0.0}  # fmt: skip
            self.db.predictions.insert_one(
                {"_id": f"{who}:0", "prospect": who, "at": self.at, "version": "1", "route": "champion",
                 "score": (champion + refresh) / 2, "features": {}, "mixed": mixed}
            )  # fmt: skip
            self.db.outcomes.insert_one(
                {"_id": f"{who}:1", "prospect": who, "at": self.at + MINUTE / 2, "positive": sold}
            )

    @property
    def in_force(self) -> Mixture:
        return mixture_in_force.in_force(self.db)

    @property
    def taken(self) -> list[Decision]:
        return [one for one in self.line.decisions() if one.what is not DecisionKind.PROMOTED]


@pytest.fixture
def house(db: Db) -> House:
    return House(db)


def test_a_refresh_waits_until_the_list_of_the_next_day(house: House) -> None:
    assert house.look() == "version 1 is champion, without a refresh"
    house.hand_in("2")
    house.at += 8 * timedelta(hours=1)
    assert house.look() == "version 2, a refresh, waits for the next list"
    house.at = START.replace(hour=0) + DAY
    assert house.look().startswith("version 2 is mixed with 1: weight 0.80 after 0 outcomes")
    assert house.names == {CHAMPION: "1", REFRESH: "2"}
    assert house.line.state().weight == pytest.approx(0.8)
    assert (house.in_force.champion, house.in_force.refresh) == ("1", "2")
    assert house.in_force.weight == pytest.approx(0.8)
    [mixed] = [one for one in house.taken if one.what is DecisionKind.MIXED]
    assert mixed.incident == "drift:7"


def test_the_weight_moves_with_outcomes_and_only_from_list_to_list(house: House) -> None:
    house.hand_in("2")
    house.at += DAY
    house.look()
    house.call(20, champion=0.4, refresh=0.35, sold=False)
    said = house.look()
    assert "after 20 outcomes" in said
    assert house.line.state().weight == pytest.approx(0.8), "the list of today keeps its weight"
    house.at += DAY
    house.look()
    assert 0.85 < house.line.state().weight < 1
    before = house.line.decisions()
    house.look()
    assert house.line.decisions() == before, "the same list, so nothing is decided"


def test_a_newer_refresh_takes_over_the_weight_and_the_evidence(house: House) -> None:
    house.hand_in("2")
    house.at += DAY
    house.look()
    house.call(20, champion=0.4, refresh=0.35, sold=False)
    house.hand_in("3")
    assert "version 3 waits for the next list" in house.look()
    house.at += DAY
    house.look()
    assert (house.line.state().refresh, house.line.state().weight > 0.8) == ("3", True)
    house.call(10, champion=0.4, refresh=0.35, sold=False, version="3")
    house.look()
    found = trials.latest_evidence(house.db, "3", trials.REFRESH)
    assert found is not None
    assert found.evidence["outcomes"] == 30


def test_after_enough_outcomes_the_one_with_more_say_is_champion(house: House) -> None:
    house.hand_in("2")
    house.at += DAY
    house.look()
    house.call(60, champion=0.4, refresh=0.35, sold=False)
    assert "is mixed with 1" in house.look(), "the list of today keeps its champion"
    house.at += DAY
    assert house.look().startswith("version 2 is champion")
    assert house.names == {CHAMPION: "2", "previous": "1"}
    assert not house.in_force.refresh


def test_one_that_loses_slowly_is_left_out_at_the_end(house: House) -> None:
    house.hand_in("2")
    house.at += DAY
    house.look()
    house.call(60, champion=0.33, refresh=0.36, sold=False)
    assert "is mixed with 1" in house.look()
    house.at += DAY
    assert "left out" in house.look()
    assert (house.line.state().champion, house.line.state().refresh) == ("1", None)


def test_one_that_is_shown_worse_goes_at_once_and_no_other_comes_at_once(house: House) -> None:
    house.hand_in("2")
    house.at += DAY
    house.look()
    house.call(30, champion=0.1, refresh=0.6, sold=False)
    assert "shown to be worse" in house.look()
    assert house.names == {CHAMPION: "1"}
    assert not house.in_force.refresh


def test_without_its_guard_the_worse_one_would_stay_until_the_next_list(house: House) -> None:
    house.rules = RefreshRules(limit=60, worse=0.0)
    house.hand_in("2")
    house.at += DAY
    house.look()
    house.call(30, champion=0.1, refresh=0.6, sold=False)
    house.look()
    assert house.line.state().refresh == "2"


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"refused_versions": "2", "refused": "version 2: proof"}, "serving refuses it: version 2: proof"),
        ({"refresh": "2", "refresh_requests": 9, "refresh_errors": 3}, "it failed 3 of 9 requests"),
    ],
)
def test_one_that_serving_cannot_score_with_is_left_out(house: House, told: dict[str, str | int], why: str) -> None:
    house.hand_in("2")
    house.at += DAY
    house.look()
    house.serving |= told
    assert why in house.look()
    assert house.line.state().refresh is None


def test_one_whose_logged_scores_differ_is_left_out(house: House) -> None:
    house.hand_in("2")
    house.at += DAY
    house.look()
    bad = {"version": "2", "different": 3, "sentence": "3 of 9 logged scores differ"}
    house.db.reports.insert_one(
        {"_id": "parity:1", "kind": parity.KIND, "made": {"at": house.at + MINUTE}, "verdict": {"versions": [bad]}}
    )
    assert "3 of 9 logged scores differ" in house.look()


def test_during_a_hold_it_keeps_its_weight_and_does_not_win(house: House) -> None:
    house.hand_in("2")
    house.at += DAY
    house.look()
    house.line.hold(why="the audit")
    house.call(60, champion=0.4, refresh=0.35, sold=False)
    house.at += DAY
    assert "until the hold" in house.look()
    assert house.line.state().champion == "1"
    assert house.line.state().weight == pytest.approx(0.8)
    held = house.line.state().hold
    assert held is not None
    house.line.release(held.place, why="done")
    house.look()
    assert house.line.state().champion == "1", "the hold ended in the middle of this list"
    house.at += DAY
    assert house.look().startswith("version 2 is champion")


def test_a_list_keeps_what_it_began_with_whenever_a_change_comes_in_its_middle(house: House) -> None:
    """Kind: what is decided at work and not when a list begins. An idle night, a hand-in, a hold that ends."""
    house.hand_in("2")
    house.at = START.replace(hour=0) + DAY
    house.look()
    house.at += 2 * DAY + 9 * timedelta(hours=1)  # after two nights in which nothing moved
    house.call(20, champion=0.4, refresh=0.35, sold=False)
    house.hand_in("3")
    house.look()
    state = house.line.state()
    assert (state.refresh, round(state.weight, 6)) == ("2", 0.8)
    house.line.hold(why="the audit")
    house.at += DAY
    held = house.line.state().hold
    assert held is not None
    house.line.release(held.place, why="done")
    house.look()
    assert house.line.state().refresh == "2", "the hold ended in the middle of this list"
    house.at = house.at.replace(hour=0, minute=0) + DAY
    house.look()
    assert house.line.state().refresh == "3"
    assert house.line.state().weight > 0.8


def test_a_comparison_ends_after_some_weeks_however_few_the_outcomes(house: House) -> None:
    house.hand_in("2")
    house.at += DAY
    house.look()
    house.call(20, champion=0.4, refresh=0.35, sold=False)
    house.at += 29 * DAY
    assert house.look().startswith("version 2 is champion")


def test_a_mixture_document_that_was_removed_is_written_anew(house: House) -> None:
    house.hand_in("2")
    house.at += DAY
    house.look()
    house.db.appliance.delete_one({"_id": mixture_in_force.KEY})
    house.look()
    assert house.in_force.refresh == "2"


def test_lists_may_be_shorter_than_a_day_or_none(house: House) -> None:
    house.hand_in("2")
    house.at += 2 * timedelta(hours=1)
    assert "waits" in house.look(hours=6.0)
    house.at += timedelta(hours=1)  # 12:00
    assert "mixed" in house.look(hours=6.0)
    house.hand_in("3")
    house.at += MINUTE
    house.look(hours=0.0)
    assert house.line.state().refresh == "3"
