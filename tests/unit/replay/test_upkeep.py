"""Refreshes beside trainings and trials, in a loop whose models and outcomes are made up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.streams import World, stream
from core.errors import GateRefused
from core.models.decisions import DecisionKind
from core.models.gates import Gate
from core.schema import Schema
from core.settings.loading import load
from monitor.incidents.facts import Finding, RunEnd
from monitor.incidents.lifecycle import Status
from monitor.reports import windows
from monitor.trials.evidence import Pair
from monitor.trials.refresh import RefreshRules
from replay.arrived import Arrived
from replay.automation import Automation
from replay.callwise import Callwise
from replay.setup import Settings, Setup
from replay.upkeep import ENDED_AS_REFRESH, Upkeep, Version
from tests.made_up_outcomes import made_up
from tests.scoring.fakes import FakeModel
from trainer.data.snapshot import AT, OUTCOME
from trainer.fitting import recipe
from trainer.fitting.candidates import Candidate
from trainer.gates.verdict import Verdict

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
IN_USE, ANOTHER = Candidate("logistic regression", {"c": 0.01}), Candidate("gradient boosting", {"leaves": 6})
RULES = RefreshRules(every=100, limit=200)


def version(name: str, score: float = 0.1) -> Version:
    learnt = pd.DataFrame({"age": np.full(300, 40), "outcome": np.zeros(300), "score": np.full(300, 0.1)})
    return Version(name, FakeModel(score, ["age"]), learnt, START, IN_USE)


@dataclass(kw_only=True)
class Loop(Automation):
    """A loop that is told how many outcomes there are, and what they say."""

    outcomes: int = 5_000
    of_trial: Sequence[Pair] = ()
    of_refresh: Sequence[Pair] = ()
    registered: list[str] = field(default_factory=list)

    def outcomes_known(self) -> int:
        return self.outcomes

    def snapshot(self) -> pd.DataFrame:
        return pd.DataFrame({AT: [START]})

    def arrived(self) -> Arrived:
        return Arrived()

    def newest_outcomes(self, versions: Sequence[str], size: int) -> list[windows.Called]:
        return []

    def pairs(self, champion: str, canary: str) -> Sequence[Pair]:
        return self.of_trial

    def refresh_pairs(self) -> Sequence[Pair]:
        return self.of_refresh

    def register(self, version: Version) -> None:
        self.registered.append(version.name)

    def after(self, outcomes: int, minutes: int = 10) -> Loop:
        """The loop once so many more outcomes are known and all that is due is done."""
        self.outcomes += outcomes
        self.advance(START + timedelta(minutes=minutes))
        return self


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the next search finds, and which gate refuses, of trainings that take no time."""
    found: dict[str, Any] = {"search": IN_USE, "refuse": False}

    def train_model(*_: object, candidate: Candidate | None = None, **__: object) -> recipe.ValidatedModel:
        if found["refuse"]:
            raise GateRefused(Gate.MODEL, "it is no better than guessing")
        learnt = pd.DataFrame({AT: [pd.Timestamp(START)], OUTCOME: [0]})
        verdict = Verdict(Gate.CHAMPION, True, "it is as good", "", "")
        return recipe.ValidatedModel(FakeModel(0.2, ["age"]), candidate or found["search"], learnt, verdict)

    monkeypatch.setattr(recipe, "train_model", train_model)
    monkeypatch.setattr("replay.upkeep.reference_of", lambda *_: version("?").reference)
    return found


@pytest.fixture
def loop(schema: Schema, found: dict[str, Any]) -> Loop:
    setup = Setup.from_settings(load(Settings, {}), schema)
    made = Loop(setup=setup, champion=version("1"), upkeep=Upkeep(RULES))
    made.start(START)
    return made


def kept(loop: Automation) -> Upkeep:
    assert loop.upkeep is not None
    return loop.upkeep


def test_a_hundred_outcomes_make_a_refresh_that_is_used_at_once(loop: Loop) -> None:
    assert kept(loop.after(99)).newest is None
    newest = kept(loop.after(1)).newest
    assert newest is not None
    assert (newest.name, newest.candidate) == ("2", IN_USE)
    assert kept(loop).weight == pytest.approx(0.8)
    assert (loop.champion.name, loop.canary, loop.registered) == ("1", None, ["2"])
    assert [one.what for one in loop.decisions] == [DecisionKind.PROMOTED, DecisionKind.REFRESHED]
    assert loop._state.lineage == ("2", "1"), "outcomes of both speak for the model that was accepted last"
    assert loop.trainings == {}


def test_a_newer_fit_takes_over_the_weight_of_the_one_before(loop: Loop) -> None:
    loop.after(100)
    loop.of_refresh = stream(World(), 60, 1)
    weight = kept(loop.after(99)).weight
    assert weight != pytest.approx(0.8)
    loop.after(1)
    assert [one.version for one in kept(loop).refreshes] == ["2", "3"]
    assert kept(loop).weight == pytest.approx(weight)
    assert kept(loop).begun == 1


@pytest.mark.parametrize(("world", "champion"), [(World(champion=2.0, canary=0.1), "2"), (World(0.11, 1.2, 0.2), "1")])
def test_after_its_outcomes_whoever_has_more_than_half_is_champion(loop: Loop, world: World, champion: str) -> None:
    loop.after(100)
    loop.of_refresh = stream(world, 200, 3)
    loop.after(1)
    assert loop.champion.name == champion
    assert kept(loop).weight == 0
    loop.of_refresh = []
    loop.after(99)
    assert kept(loop).weight == pytest.approx(0.8), "the next begins anew"
    assert (kept(loop).begun, kept(loop).ended) == (2, 1)


def test_fits_that_are_shown_to_be_worse_have_no_say_and_get_no_other(loop: Loop) -> None:
    loop.after(100)
    loop.of_refresh = stream(World(sabotage="shuffled labels"), 190, 1)
    loop.after(300)
    assert kept(loop).weight == 0
    assert [one.version for one in kept(loop).refreshes] == ["2"]
    loop.of_refresh = stream(World(sabotage="shuffled labels"), 200, 1)
    loop.after(1)
    assert (loop.champion.name, kept(loop).shown_worse) == ("1", 1)


def test_a_gate_may_refuse_a_refresh(loop: Loop, found: dict[str, Any]) -> None:
    found["refuse"] = True
    loop.after(100).after(50)
    assert kept(loop).newest is None
    [refused] = kept(loop).refreshes
    assert refused.refused
    assert "no better than guessing" in refused.why
    found["refuse"] = False
    assert kept(loop.after(50)).newest is not None


def test_a_training_that_finds_the_recipe_in_use_ends_as_a_refresh(loop: Loop) -> None:
    loop.after(500)
    [training] = loop.trainings.values()
    assert (training.run.end, training.run.why) == (RunEnd.HANDED_OVER, ENDED_AS_REFRESH)
    assert [one.why for one in kept(loop).refreshes] == [ENDED_AS_REFRESH], "and no other is due"
    assert (loop.champion.name, loop.canary) == ("1", None)


def test_a_new_recipe_goes_on_trial_against_a_champion_that_is_kept_fresh(loop: Loop, found: dict[str, Any]) -> None:
    found["search"] = ANOTHER
    loop.after(500)
    assert loop.canary is not None
    assert (loop.canary.name, loop.canary.candidate) == ("2", ANOTHER)
    assert routed(loop) == pytest.approx(0.05, abs=0.02)
    loop.after(100)
    newest = kept(loop).newest
    assert newest is not None
    assert newest.candidate == IN_USE
    loop.of_refresh = stream(World(champion=2.0, canary=0.1), 200, 3)
    loop.after(1)
    assert loop.champion.name == newest.name, "a comparison of the upkeep ends"
    assert loop._state.canary == "2", "the trial goes on"


def test_a_canary_gets_more_people_as_its_evidence_grows(loop: Loop, found: dict[str, Any]) -> None:
    found["search"] = ANOTHER
    loop.after(500)
    better, worse = stream(World(champion=0.8, canary=0.4), 3_200, 2), stream(World(champion=0.4, canary=0.8), 3_200, 1)
    loop.of_trial = better[:980]
    loop.after(1)
    assert loop.canary is not None
    assert 0.1 < routed(loop) <= 0.5
    loop.of_trial = worse[:360]
    loop.after(1)
    assert loop.canary is not None
    assert routed(loop) < 0.03
    loop.of_trial = better[:1_000]
    loop.after(1)
    assert (loop.champion.name, loop.champion.candidate) == ("2", ANOTHER)
    assert kept(loop).newest is None


def routed(loop: Loop) -> float:
    return float(np.mean([loop._router.to_canary(f"spring:{n}") for n in range(2_000)]))


def test_without_upkeep_every_version_goes_on_trial(loop: Loop) -> None:
    loop.upkeep = None
    loop.after(500)
    assert loop.canary is not None
    assert loop.trainings["run-1"].run.why == ""


def test_an_incident_whose_training_ended_as_a_refresh_waits_for_the_next_report(loop: Loop) -> None:
    bad = Finding(True, "r1", "1", "the scores order people worse")
    loop._report(START, "quality", bad)
    loop.after(0).after(0)
    assert [one.why for one in kept(loop).refreshes] == [ENDED_AS_REFRESH]
    loop.after(10)  # no report has judged what is in use now
    assert [one.status for one in loop.incidents] == [Status.RETRAINING]
    loop._report(START, "quality", replace(bad, bad=False, report="r2"))
    loop.after(0)
    assert [one.status for one in loop.incidents] == [Status.RESOLVED]
    assert ENDED_AS_REFRESH in loop.history[-1][1].why


@pytest.fixture
def callwise(schema: Schema) -> Callable[..., tuple[Callwise, pd.DataFrame]]:
    def make(newest: float) -> tuple[Callwise, pd.DataFrame]:
        rows = made_up(schema, 400)
        setup = Setup.from_settings(load(Settings, {}), schema)
        upkeep = Upkeep(replace(RULES, every=10_000))
        arm = Callwise(name="callwise", setup=setup, champion=version("1"), calls=400, window=0, upkeep=upkeep)
        arm.learn(rows.iloc[:0], np.empty(0, dtype=np.bool_), rows[AT].iloc[0])
        new = version("2", newest)
        arm.register(new)
        upkeep.take_in(new, START, "a test")
        return arm, rows

    return make


def test_a_list_has_the_mean_of_the_log_odds(callwise: Callable[..., tuple[Callwise, pd.DataFrame]]) -> None:
    arm, rows = callwise(0.2)
    odds = (1 / 9) ** 0.2 * (1 / 4) ** 0.8
    scores = arm.score(rows.iloc[:50], 0)
    assert scores.tolist() == pytest.approx([odds / (1 + odds)] * 50)
    arm.learn(rows.iloc[:15], np.zeros(15, dtype=np.bool_), rows[AT].iloc[50])
    assert kept(arm).weight < 0.8, "nobody bought, and the newest said more would"
    later = arm.score(rows.iloc[50:100], 50)
    assert (later < scores).all()
    assert (later > 0.1).all()
    called = arm.newest_outcomes("1", 100)
    assert [call.score for call in called] == pytest.approx(scores[:15].tolist()), "quality judges what was used"
    assert {(pair.champion, pair.canary) for pair in arm.refresh_pairs()} == {(0.1, 0.2)}


def test_a_comparison_knows_nothing_of_the_one_before(
    callwise: Callable[..., tuple[Callwise, pd.DataFrame]],
) -> None:
    arm, rows = callwise(0.2)
    arm.score(rows.iloc[:250], 0)
    arm.learn(rows.iloc[:220], np.ones(220, dtype=np.bool_), rows[AT].iloc[220])
    assert (arm.champion.name, kept(arm).newest) == ("2", None), "everybody bought, and the newest said more would"
    third = version("3", 0.3)
    arm.register(third)
    kept(arm).take_in(third, START, "a test")
    arm.score(rows.iloc[250:300], 250)
    arm.learn(rows.iloc[:260], np.ones(260, dtype=np.bool_), rows[AT].iloc[260])
    assert [(pair.champion, pair.canary) for pair in arm.refresh_pairs()] == [(0.2, 0.3)] * 10
