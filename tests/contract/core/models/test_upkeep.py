"""Decisions about refreshes on a real store: who has a say in the list, and what ends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from core.errors import Conflict, InputError
from core.models import mixture_in_force, upkeep
from core.models.decisions import CANARY, CHAMPION, PREVIOUS, REFRESH, Decision, DecisionKind
from core.models.mixture_in_force import Mixture
from core.models.succession import Succession
from core.stores.mongo import Db
from tests.aliases import Aliases

pytestmark = pytest.mark.mongo
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def names() -> Aliases:
    return Aliases()


@pytest.fixture
def line(db: Db, names: Aliases) -> Succession:
    made = Succession(db, "scorer", names, by="a test", clock=lambda: AT)
    made.promote("1", why="the first")
    return made


def mixed(line: Succession, version: str = "2", weight: float = 0.8) -> None:
    upkeep.hand_in(line, version, why="newer outcomes")
    upkeep.mix(line, str(line.state().champion), version, weight, why="the next list")


def test_a_refresh_waits_for_the_next_list_and_then_has_its_say(line: Succession, names: Aliases) -> None:
    upkeep.hand_in(line, "2", why="newer outcomes")
    assert line.state().refresh is None
    upkeep.mix(line, "1", "2", 0.8, why="the next list")
    state = line.state()
    assert (state.champion, state.refresh, state.weight, state.waiting) == ("1", "2", 0.8, None)
    assert names == {CHAMPION: "1", REFRESH: "2"}
    assert Mixture.of_state(state) == Mixture("1", "2", 0.8, 3)


def test_a_newer_refresh_takes_the_place_of_the_one_before_in_the_same_comparison(line: Succession) -> None:
    mixed(line)
    begun = line.state().compared
    mixed(line, "3", 0.7)
    state = line.state()
    assert (state.refresh, state.weight) == ("3", 0.7)
    assert state.compared == begun


def test_the_winner_is_champion_and_a_canary_stays_on_trial(line: Succession, names: Aliases) -> None:
    line.start_trial("5", why="a new recipe")
    mixed(line)
    upkeep.renew(line, "1", "2", why="more than half of the say")
    state = line.state()
    assert (state.champion, state.previous, state.refresh, state.canary) == ("2", "1", None, "5")
    assert names == {CHAMPION: "2", PREVIOUS: "1", CANARY: "5"}
    assert not Mixture.of_state(state).refresh


def test_what_is_shown_worse_is_left_out_with_whatever_waits_behind_it(line: Succession, names: Aliases) -> None:
    mixed(line)
    upkeep.hand_in(line, "3", why="newer outcomes")
    upkeep.leave_out(line, "1", "2", why="shown to be worse")
    assert (line.state().refresh, line.state().waiting) == (None, None)
    assert names == {CHAMPION: "1"}


def test_a_promoted_canary_ends_the_upkeep_of_the_champion_before(line: Succession, names: Aliases) -> None:
    line.start_trial("5", why="a new recipe")
    mixed(line)
    upkeep.hand_in(line, "3", why="newer outcomes")
    line.promote_canary("5", why="better")
    state = line.state()
    assert (state.champion, state.refresh, state.waiting) == ("5", None, None)
    assert names == {CHAMPION: "5", PREVIOUS: "1"}


def test_a_canary_that_becomes_a_refresh_is_on_trial_no_longer(line: Succession, names: Aliases) -> None:
    line.start_trial("5", why="new code", evidence={"same_recipe": True})
    for canary, champion in (("4", "1"), ("5", "2")):
        with pytest.raises(Conflict, match="no refresh of version"):
            upkeep.take_canary(line, canary, champion, why="somebody decided otherwise")
    decision = upkeep.take_canary(line, "5", "1", why="no difference", evidence={"what": "inconclusive"})
    state = line.state()
    assert (state.canary, state.waiting, decision.evidence) == (None, decision, {"what": "inconclusive"})
    assert names == {CHAMPION: "1"}, "the list of today keeps its models"
    with pytest.raises(Conflict, match="no refresh of version"):
        upkeep.take_canary(line, "5", "1", why="again")
    assert line.state() == state
    line.start_trial("6", why="a new recipe")
    upkeep.hand_in(line, "7", why="newer outcomes")
    assert line.state().canary == "6", "another one's trial goes on"


def test_a_rollback_takes_the_newest_out_first_and_never_two_at_once(line: Succession) -> None:
    line.promote("2", why="better")
    mixed(line, "3")
    assert line.roll_back("3", why="odd scores").what is DecisionKind.LEFT_OUT
    assert line.state().champion == "2"
    with pytest.raises(Conflict, match="not the champion"):
        line.roll_back("3", why="pressed twice")
    assert line.roll_back("2", why="still odd").version == "1"
    assert line.state().champion == "1"


def test_a_hold_lets_nothing_new_in_but_lets_what_is_worse_go(line: Succession) -> None:
    mixed(line)
    upkeep.hand_in(line, "3", why="newer outcomes")
    line.hold(why="the audit")
    with pytest.raises(Conflict, match="holds the champion"):
        upkeep.mix(line, "1", "3", 0.8, why="the next list")
    with pytest.raises(Conflict, match="holds the champion"):
        upkeep.renew(line, "1", "2", why="it won")
    upkeep.leave_out(line, "1", "2", why="shown to be worse")
    assert line.state().refresh is None


@pytest.mark.parametrize("late", [upkeep.renew, upkeep.leave_out])
def test_whoever_looked_before_somebody_decided_changes_nothing(
    line: Succession, late: Callable[..., Decision]
) -> None:
    mixed(line)
    line.roll_back("2", why="a person was quicker")
    before = line.decisions()
    with pytest.raises(Conflict, match="no refresh of version 1 any more"):
        late(line, "1", "2", why="too late")
    assert line.decisions() == before


def test_a_refresh_of_a_champion_that_was_replaced_meanwhile_is_not_handed_in(line: Succession) -> None:
    line.promote("2", why="another recipe won")
    with pytest.raises(Conflict, match="no refresh of version 1 any more"):
        upkeep.hand_in(line, "3", why="newer outcomes", champion="1")
    assert line.state().waiting is None


def test_handing_in_may_be_repeated(line: Succession) -> None:
    for _ in range(3):
        upkeep.hand_in(line, "2", why="newer outcomes")
    upkeep.mix(line, "1", "2", 0.8, why="the next list")
    upkeep.hand_in(line, "2", why="a trainer that woke up late")
    kinds = [one.what for one in line.decisions()]
    assert kinds == [DecisionKind.PROMOTED, DecisionKind.REFRESHED, DecisionKind.MIXED]


def test_a_slow_writer_does_not_bring_an_older_mixture_back(db: Db) -> None:
    mixture_in_force.put_in_force(db, Mixture("1", "2", 0.8, 7))
    mixture_in_force.put_in_force(db, Mixture("1", "2", 0.1, 6))
    mixture_in_force.put_in_force(db, Mixture("1", "2", 0.8, 7))
    assert mixture_in_force.in_force(db) == Mixture("1", "2", 0.8, 7)


@pytest.mark.parametrize("weight", [1.5, -0.1, "much", None])
def test_a_weight_that_is_none_is_refused_with_the_place(db: Db, weight: object) -> None:
    db.appliance.insert_one({"_id": "mixture", "champion": "1", "refresh": "2", "weight": weight, "place": 3})
    with pytest.raises(InputError, match="no mixture with a weight from 0 to 1"):
        mixture_in_force.in_force(db)


def test_a_line_is_what_was_brought_in_since_a_model_was_last_accepted(line: Succession) -> None:
    assert line.state().lineage == ("1",)
    mixed(line)
    upkeep.renew(line, "1", "2", why="better")
    mixed(line, "3")
    assert line.state().lineage == ("3", "2", "1"), "upkeep accepts nothing"
    upkeep.leave_out(line, "2", "3", why="worse")
    assert line.state().lineage == ("2", "1"), "what was left out speaks for nobody"
    upkeep.hand_in(line, "4", why="trained again", incident="quality:1")
    assert line.state().lineage == ("4",), "the training of an incident was asked for"
    upkeep.hand_in(line, "5", why="newer outcomes")
    line.promote("6", why="a new recipe")
    assert line.state().lineage == ("6",)
    line.roll_back("6", why="it was a mistake")
    assert line.state().lineage == ("2", "1"), "the refreshes that waited went with it"
