"""The job that lets the level of the scores follow, on the MongoDB-wire server, and what scoring reads of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from core.errors import InputError, Unavailable
from core.models import levels_in_force, upkeep
from core.models.level import LEAST_OUTCOMES, LOOK_BACK, STEADY, Calls, Numbers, contradiction, estimate, levelled
from core.models.succession import Succession
from core.stores.mongo import Db
from monitor.ranking.levelling import Levelling

pytestmark = pytest.mark.mongo

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SIZE = 100


class Serving:
    """What the scoring service says is in service."""

    def __init__(self, champion: str = "1", canary: str = "") -> None:
        self.champion, self.canary = champion, canary

    def state(self) -> dict[str, str | int | float]:
        return {"champion": self.champion, "canary": self.canary}

    def score(self, *_: object, **__: object) -> Any:
        raise AssertionError("the job asks for no scores")


def calls(db: Db, size: int, shift: float, *, start: int = 0, level: float = 0.0, **more: Any) -> tuple[Numbers, Any]:
    """Calls in a world whose odds are exp(shift) times what version 1 says; the log has its scores at `level`."""
    rng = np.random.default_rng(start + 1)
    scores = rng.beta(2, 12, size).round(12)
    positives = rng.random(size) < levelled(scores, shift)
    used = levelled(scores, level)
    at = [START + timedelta(minutes=start + n) for n in range(size)]
    db.predictions.insert_many(
        {"_id": f"r{start}:{n}", "prospect": f"p{start + n}", "at": at[n], "features": {}, "score": float(used[n]),
         "version": "1", "route": "champion", "level": level, "shadow_score": None, "shadow_version": None,
         "shadow_level": None, **{key: value[n] if isinstance(value, list) else value for key, value in more.items()}}
        for n in range(size)
    )  # fmt: skip
    db.outcomes.insert_many(
        {"_id": f"p{start + n}:1", "prospect": f"p{start + n}", "at": at[n] + timedelta(seconds=30),
         "positive": bool(positives[n])}
        for n in range(size)
    )  # fmt: skip
    return scores, positives


def nothing(_version: str) -> Calls:
    return np.empty(0), np.empty(0)


def job(
    db: Db, serving: Serving | None = None, size: int = SIZE, minute: int = 0, learnt: Callable[[str], Calls] = nothing
) -> Levelling:
    clock = lambda: START + timedelta(days=9, minutes=minute)  # noqa: E731
    return Levelling(db, serving or Serving(), "m", size, learnt, clock=clock)


def test_the_level_follows_the_newest_outcomes_and_no_older_ones(db: Db) -> None:
    calls(db, 80, -2.0)
    scores, positives = calls(db, SIZE, 1.5, start=1_000)
    said = job(db).refresh()
    found = levels_in_force.in_force(db)["1"]
    assert found.shift == pytest.approx(estimate(scores, positives), abs=1e-6)
    assert (found.outcomes, found.sales) == (SIZE, positives.sum())
    assert found.expected == pytest.approx(scores.sum(), abs=1e-3)
    assert found.at == START + timedelta(days=9)
    assert said == f"version 1 scores {found.shift:+.3f} on the log-odds from where it was trained"
    assert db.events.find_one() is None


def test_scores_that_were_used_at_a_level_give_the_same_estimate(db: Db) -> None:
    scores, positives = calls(db, SIZE, 1.5, level=0.9)
    job(db).refresh()
    assert levels_in_force.in_force(db)["1"].shift == pytest.approx(estimate(scores, positives), abs=1e-6)


def test_what_is_in_force_is_replaced_only_where_the_outcomes_contradict_it(db: Db) -> None:
    scores, positives = calls(db, SIZE, 1.5)
    found = round(estimate(scores, positives), 6)
    for held, kept in ((found + 0.2, True), (found - 1.2, False)):
        levels_in_force.put_in_force(db, "1", levels_in_force.Level(held, 60, 9, 8.0, START))
        assert job(db).refresh() == job(db).refresh()
        assert levels_in_force.in_force(db)["1"].shift == (held if kept else found)
        assert (levels_in_force.in_force(db)["1"].at == START) is kept


def test_a_refresh_that_waits_has_its_level_before_it_scores_a_list(db: Db) -> None:
    calls(db, 80, -2.0)
    line = Succession(db, "m", None, by="a test")
    line.promote("1", why="the first")
    upkeep.hand_in(line, "2", why="newer outcomes")
    rng = np.random.default_rng(4)
    fitted = rng.beta(2, 12, 400).round(12)
    sold = (rng.random(400) < levelled(fitted, 1.5)).astype(float)
    job(db, learnt=lambda version: (fitted, sold) if version == "2" else nothing(version)).refresh()
    assert levels_in_force.in_force(db)["2"].shift > 0


def test_a_list_keeps_the_levels_it_began_with(db: Db) -> None:
    noon = START + timedelta(days=9, hours=3)

    def at(hours: float) -> float:
        clock = lambda: noon + timedelta(hours=hours)  # noqa: E731
        Levelling(db, Serving(), "m", SIZE, nothing, 24.0, clock=clock).refresh()
        return levels_in_force.in_force(db)["1"].shift

    calls(db, 20, -2.0)
    assert at(0) == 0.0, "few outcomes"
    scores, positives = calls(db, SIZE, 1.5, start=1_000)
    assert at(11) == 0.0, "a restart of the monitor does not forget that the list has its level"
    moved = at(12)
    assert moved == pytest.approx(estimate(scores, positives), abs=1e-6)
    calls(db, SIZE, -2.0, start=3_000)
    assert at(35) == moved
    assert at(36) < moved


def test_few_outcomes_give_no_level(db: Db) -> None:
    calls(db, LEAST_OUTCOMES - 1, 3.0)
    assert "fewer than 50 outcomes" in job(db).refresh()
    assert levels_in_force.in_force(db) == {}
    calls(db, 1, 3.0, start=2_000)
    job(db).refresh()
    assert levels_in_force.in_force(db)["1"].shift > 0


def test_a_new_version_begins_with_the_outcomes_it_was_fitted_on_and_leaves_them_behind(db: Db) -> None:
    rng = np.random.default_rng(9)
    fitted = rng.beta(2, 12, 5_000).round(12)
    sold = (rng.random(5_000) < levelled(fitted, 1.5)).astype(float)
    sold[:4_000] = 0.0  # long ago nobody bought
    asked: list[str] = []

    def learnt(version: str) -> Calls:
        asked.append(version)
        return fitted, sold

    one = job(db, learnt=learnt)
    one.refresh()
    found = levels_in_force.in_force(db)["1"]
    assert found.shift == pytest.approx(estimate(fitted[-SIZE:], sold[-SIZE:]), abs=1e-6)
    assert (found.outcomes, found.sales) == (SIZE, sold[-SIZE:].sum())
    scores, positives = calls(db, 60, -2.0)
    one.refresh()
    both = np.concatenate([fitted[-40:], scores]), np.concatenate([sold[-40:], positives])
    assert levels_in_force.in_force(db)["1"].shift == pytest.approx(estimate(*both), abs=1e-6)
    scores, positives = calls(db, SIZE, -2.0, start=1_000)
    one.refresh()
    assert levels_in_force.in_force(db)["1"].shift == pytest.approx(estimate(scores, positives), abs=1e-6)
    assert asked == ["1"]


def test_what_a_version_with_enough_outcomes_of_its_own_was_fitted_on_is_not_asked_for(db: Db) -> None:
    def unreachable(_version: str) -> Calls:
        raise Unavailable("The registry does not answer.")

    with pytest.raises(Unavailable):
        job(db, learnt=unreachable).refresh()
    calls(db, LOOK_BACK, 1.5)
    assert "version 1 scores +" in job(db, learnt=unreachable).refresh()
    assert "switched off" in job(db, size=0, learnt=unreachable).refresh()


def test_each_version_has_its_own_level_from_the_scores_it_gave_also_in_the_shadow(db: Db) -> None:
    ahead = levelled(np.random.default_rng(1).beta(2, 12, SIZE).round(12), 1.0)  # says more than version 1 does
    shadow = [float(score) for score in levelled(ahead, -0.4)]
    scores, positives = calls(db, SIZE, 1.0, shadow_score=shadow, shadow_version="2", shadow_level=-0.4)
    assert np.allclose(levelled(scores, 1.0), ahead)
    said = job(db, Serving("1", "2")).refresh()
    assert "version 1 scores" in said
    assert "; version 2 scores" in said
    found = levels_in_force.in_force(db)
    assert found["1"].shift == pytest.approx(estimate(scores, positives), abs=1e-6)
    assert "2" not in found, "the outcomes do not contradict what it was trained at"
    assert contradiction(ahead, positives) < STEADY


def test_it_goes_on_as_outcomes_come_and_looks_again_when_another_model_is_in_service(db: Db) -> None:
    serving = Serving("1")
    one = job(db, serving)
    assert "fewer than" in one.refresh()
    calls(db, SIZE, 1.5)
    assert "version 1 scores +" in one.refresh()
    before = levels_in_force.in_force(db)["1"]
    calls(db, SIZE, -2.0, start=1_000)
    one.refresh()
    assert levels_in_force.in_force(db)["1"].shift < before.shift - 1
    serving.champion = "2"
    assert one.refresh() == "version 2 scores as it was trained: it has fewer than 50 outcomes"
    serving.champion = ""
    assert "no champion" in one.refresh()


def test_outcomes_from_before_a_version_came_into_service_are_not_read(db: Db) -> None:
    calls(db, SIZE, 1.5)
    calls(db, LEAST_OUTCOMES, 3.0, start=1_000)
    db.models.insert_one(
        {"_id": "m:000001", "model": "m", "place": 1, "what": "promoted", "version": "1",
         "at": START + timedelta(minutes=1_000), "by": "test", "why": "", "incident": None, "evidence": {}}
    )  # fmt: skip
    job(db).refresh()
    assert levels_in_force.in_force(db)["1"].outcomes == LEAST_OUTCOMES


def test_switched_off_it_takes_the_levels_off(db: Db) -> None:
    calls(db, SIZE, 1.5)
    job(db).refresh()
    assert "switched off" in job(db, size=0).refresh()
    assert levels_in_force.in_force(db)["1"].shift == 0
    assert levels_in_force.in_force(db)["1"].outcomes == 0


def test_switched_off_it_takes_a_level_off_in_the_middle_of_a_list(db: Db) -> None:
    clock = lambda: START + timedelta(days=9)  # noqa: E731
    calls(db, SIZE, 1.5)
    Levelling(db, Serving(), "m", SIZE, nothing, 24.0, clock=clock).refresh()
    assert levels_in_force.in_force(db)["1"].shift > 0
    assert "switched off" in Levelling(db, Serving(), "m", 0, nothing, 24.0, clock=clock).refresh()
    assert levels_in_force.in_force(db)["1"].shift == 0


def test_only_levels_are_read_and_one_that_is_none_is_named(db: Db) -> None:
    db.appliance.insert_many([{"_id": "ready"}, {"_id": "monitor:drift", "state": "well"}, {"_id": "leveller"}])
    held = {version: levels_in_force.Level(0.1 + 0.2, 200, 40, 31.25, START) for version in ("1", "12", "3")}
    for version, level in held.items():
        for _ in range(2):
            levels_in_force.put_in_force(db, version, level)
    assert levels_in_force.in_force(db) == held
    whole = vars(held["1"])
    for wrong in ({}, {"level": 0.5}, {"level": {"shift": 0.5}}, {"level": {**whole, "shift": 99.0}},
                  {"level": {**whole, "shift": None}}, {"level": {**whole, "shift": "0.5"}}):  # fmt: skip
        db.appliance.insert_one({"_id": "level:9", **wrong})
        with pytest.raises(InputError, match="'level:9' in the collection appliance holds no level"):
            levels_in_force.in_force(db)
        db.appliance.delete_one({"_id": "level:9"})
