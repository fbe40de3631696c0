"""The loop as it is, in a simulated call centre: what it ranks, learns and is judged by, without a look ahead."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.calls.lifecycle import Result, Status
from core.models.decisions import DecisionKind
from core.models.level import levelled
from core.models.mixture import mixed
from core.settings.loading import load
from monitor.trials.refresh import RefreshRules
from replay.living import sabotage
from replay.living.call_list import CallList, key_of
from replay.living.centre import START, Centre
from replay.living.files import FEATURES, SCHEMA
from replay.living.first_day import begin
from replay.living.loop import Call
from replay.living.predictions import Log, Outcome
from replay.living.quick import QUICK
from replay.living.sabotage import Sabotage
from replay.living.today import DayList, Today, snapshot
from replay.living.worlds import World
from replay.setup import Settings, Setup
from replay.upkeep import Upkeep, Version
from tests.scoring.fakes import FakeModel
from trainer.data.snapshot import AT, OUTCOME, PROSPECT
from trainer.data.split import Split
from trainer.fitting import recipe


class ByVisits(FakeModel):
    """A model that orders people by their visits."""

    def predict_proba(self, X: pd.DataFrame) -> Any:
        score = 0.05 + X["visits"].to_numpy(dtype=float).clip(0, 300) / 400
        return np.column_stack([1 - score, score])


def version(name: str, model: FakeModel) -> Version:
    learnt = pd.DataFrame({"outcome": np.zeros(300), "score": np.full(300, 0.1)})
    return Version(name, model, learnt, START - timedelta(days=1))


def today(settings: Settings | None = None) -> Today:
    """The loop with a first model that no training made, and no history."""
    setup = Setup.from_settings(settings or load(Settings, {}), SCHEMA, QUICK)
    first = version("1", ByVisits(0.1, SCHEMA.feature_names))
    return Today(name="today", setup=setup, champion=first, people=CallList(SCHEMA), log=Log(SCHEMA))


@pytest.fixture
def loop(centre: Centre) -> Today:
    made = today()
    made.start(START)
    made.arrive(centre.history(), START)
    return made


def test_people_are_scored_at_arrival_and_listed_by_score(loop: Today, centre: Centre) -> None:
    order = loop.list_of_day(START + timedelta(hours=2))
    open_ = [record for record in centre.history().records if not record["sold"]]
    assert {record["customer"] for record in open_} == set(order)
    visits = {record["customer"]: int(record["visits"]) for record in open_}
    scores = [visits[key] for key in order]
    assert scores == sorted(scores, reverse=True)
    assert len(loop.log.predictions) == len(order), "each once"


def test_a_score_keeps_the_level_at_which_it_was_given(loop: Today, centre: Centre) -> None:
    before = {key: one["score"] for key, one in loop.people.prospects.items() if one["score"] is not None}
    loop._levels["1"] = 1.0
    loop.list_of_day(START + timedelta(hours=2))
    assert before == {key: loop.people.prospects[key]["score"] for key in before}
    loop.canary = version("2", FakeModel(0.2, SCHEMA.feature_names))
    loop.register(loop.canary)
    loop.list_of_day(START + timedelta(hours=3))
    assert not [one for one in loop.log.predictions if "2" in one.raw], "a trial waits for the next list"
    loop.list_of_day(START + timedelta(days=1, hours=2))
    champions = [one for one in loop.log.predictions if "2" in one.raw]
    assert len(champions) == len(before), "which ranks everybody again"
    for one in champions:
        assert one.used["1"] == pytest.approx(float(levelled(one.raw["1"], loop._levels["1"])))
    assert {one.route for one in champions} == {"champion", "canary"}


def test_an_outcome_meets_the_last_prediction_before_its_call(loop: Today) -> None:
    [first, *_] = loop.list_of_day(START + timedelta(hours=2))
    called_at, known_at = START + timedelta(hours=5), START + timedelta(days=3)
    loop.called(Call(first, 1, Result.SOLD, called_at, {"status": Status.DONE.value, "due": None}))
    loop.champion = version("2", FakeModel(0.2, SCHEMA.feature_names))
    loop.register(loop.champion)
    assert first not in loop.list_of_day(START + timedelta(days=1))
    loop.outcome(first, 1, True, called_at, known_at)
    assert [call.outcome for call in loop.newest_outcomes(["1"], 500)] == [f"{key_of(first)}:1"]
    assert loop.newest_outcomes(["2"], 500) == [], "it scored nobody who was called"


def test_outcomes_are_learnt_as_of_their_calls_in_the_order_of_calls(loop: Today, centre: Centre) -> None:
    key = loop.list_of_day(START + timedelta(hours=2))[-1]
    before = loop.outcomes_known()
    at = START + timedelta(days=9)
    loop.outcome(key, 2, True, at, at)
    frame = loop.snapshot()
    assert len(frame) == before + 1
    assert frame[AT].is_monotonic_increasing
    assert (frame[PROSPECT].iloc[-1], frame[OUTCOME].iloc[-1]) == (key_of(key), 1)
    ordered = loop.people.prospects[key_of(key)]["features"]["last_order"]
    if ordered is not None:
        assert frame["last_order"].iloc[-1] == (at.date() - datetime.fromisoformat(ordered).date()).days
    assert list(frame[[*FEATURES]].dtypes[["age", "income", "last_order"]]) == ["int64", "float64", "float64"]


def test_a_call_is_learnt_with_its_own_month_weekday_and_number(loop: Today, centre: Centre) -> None:
    records = {record["customer"]: record for record in centre.history().records}
    key = loop.list_of_day(START + timedelta(hours=2))[0]
    tried, sold = START + timedelta(days=40, hours=10), START + timedelta(days=92, hours=10)
    paused = {"status": Status.PAUSED.value, "due": tried.timestamp()}
    loop.called(Call(key, 1, Result.NO_ANSWER, tried, paused))
    loop.called(Call(key, 2, Result.SOLD, sold, {"status": Status.DONE.value, "due": None}))
    loop.outcome(key, 2, True, sold, sold)
    loop.people.prospects[key_of(key)]["calls"] = 7
    frame = loop.snapshot()
    assert frame[["month", "weekday", "calls"]].iloc[-1].tolist() == ["jun", "tue", int(records[key]["calls"]) + 1]
    reported = frame[frame[PROSPECT] != key_of(key)]
    assert len(reported) == len(frame) - 1
    told = [records[person.split(":")[1]] for person in reported[PROSPECT]]
    for name in ("month", "weekday", "calls"):
        assert reported[name].astype(str).tolist() == [record[name] for record in told], "as the file has it"


def test_the_list_is_ranked_anew_each_day_and_after_a_call(loop: Today, centre: Centre) -> None:
    morning = START + timedelta(hours=2)
    order = loop.list_of_day(morning)
    before = len(loop.log.predictions)
    loop.list_of_day(morning + timedelta(hours=9))
    assert len(loop.log.predictions) == before
    evening = START + timedelta(hours=17)
    tried = {"status": Status.PAUSED.value, "due": (evening + timedelta(hours=1)).timestamp()}
    loop.called(Call(order[0], 1, Result.NO_ANSWER, evening, tried))
    loop.list_of_day(evening + timedelta(hours=2))
    made = {record["customer"]: int(record["calls"]) for record in centre.history().records}
    [again] = loop.log.predictions[before:]
    assert (again.prospect, again.features["calls"]) == (key_of(order[0]), made[order[0]] + 1)
    loop.list_of_day(morning + timedelta(days=1))
    anew = loop.log.predictions[before + 1 :]
    assert {one.prospect for one in anew} == {key_of(key) for key in order}
    assert {one.features["weekday"] for one in anew} == {"tue"}


def test_a_snapshot_knows_only_what_is_known(loop: Today) -> None:
    known = loop.log.outcomes[:5]
    assert snapshot(loop.people, known)[PROSPECT].tolist() == [one.prospect for one in known]


def test_a_promotion_ranks_everybody_again_and_a_dropped_canary_only_its_own(loop: Today) -> None:
    morning = START + timedelta(hours=2)
    loop.list_of_day(morning)
    canary = version("2", FakeModel(0.2, SCHEMA.feature_names))
    loop.canary = canary
    loop.register(canary)
    morning += timedelta(days=1)
    loop.list_of_day(morning + timedelta(hours=1))
    before, routed = len(loop.log.predictions), [one for one in loop.log.predictions if one.route == "canary"]
    loop.canary = None
    order = loop.list_of_day(morning + timedelta(hours=2))
    assert len(loop.log.predictions) - before == len(routed) > 0
    before = len(loop.log.predictions)
    loop.champion = canary
    loop.list_of_day(morning + timedelta(hours=3))
    assert len(loop.log.predictions) - before == len(order)


def test_a_canary_is_judged_by_outcomes_since_its_trial_that_both_have_scored() -> None:
    log = Log(SCHEMA)
    assert log.pairs("2", START) == []
    log.heard(Outcome(START, "a:1", "a", positive=True))
    assert log.pairs("2", START) == [], "nobody had scored this person"


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def kept_fresh(centre: Centre, score: float = 0.3) -> Today:
    """A loop in which version 2, a refresh with this `score` of all, was made at noon of the first day."""
    loop = today()
    loop.upkeep = Upkeep(RefreshRules(limit=50))
    loop.start(START)
    loop.arrive(centre.history(), START)
    refresh = version("2", FakeModel(score, SCHEMA.feature_names))
    loop.register(refresh)
    loop.upkeep.take_in(refresh, START + 12 * HOUR, "enough new outcomes")
    return loop


def sell(loop: Today, day: int, many: int, sold: bool) -> None:
    """Call the first people of the list on `day`; outcomes are known at once."""
    morning = START + day * DAY + 2 * HOUR
    for place, key in enumerate(loop.list_of_day(morning)[:many]):
        at = morning + HOUR + timedelta(seconds=place)
        loop.called(Call(key, 1, Result.SOLD, at, {"status": Status.DONE.value, "due": None}))
        loop.outcome(key, 1, sold, at, at)


def test_a_refresh_waits_for_the_next_list_and_keeps_its_weight_for_it(centre: Centre) -> None:
    loop = kept_fresh(centre)
    many = len(loop.list_of_day(START + 13 * HOUR))
    assert {frozenset(one.raw) for one in loop.log.predictions} == {frozenset({"1"})}
    before = len(loop.log.predictions)
    sell(loop, 1, 5, sold=True)
    made = loop.log.predictions[before:]
    assert len(made) == many, "everybody is ranked for the new list, once"
    for one in made:
        assert (one.champion, one.refresh, one.route) == ("1", "2", "champion")
        assert one.listed == pytest.approx(float(mixed(one.used["1"], one.used["2"], 0.8)))
        assert loop.people.prospects[one.prospect]["score"] == one.listed
    loop.advance(START + DAY + 10 * HOUR)
    assert loop.lists[-1].weight == 0.8, "outcomes move the weight of the next list"
    assert len(loop.refresh_pairs()) == 5
    assert loop.newest_outcomes(["1"], 5)[0].score == loop.newest_outcomes("2", 5)[0].score, "as used"
    loop.list_of_day(START + 2 * DAY)
    assert loop.lists[-1].weight != 0.8


@pytest.mark.parametrize(("sold", "champion"), [(True, "2"), (False, "1")])
def test_outcomes_decide_who_is_champion(centre: Centre, sold: bool, champion: str) -> None:
    loop = kept_fresh(centre)
    assert loop.upkeep is not None
    loop.upkeep.rules = replace(loop.upkeep.rules, worse=0.0)
    sell(loop, 1, 50, sold)
    assert loop.champion.name == "1"
    loop.list_of_day(START + 2 * DAY)
    assert (loop.champion.name, loop.lists[-1]) == (champion, DayList(START + 2 * DAY, loop.champion))
    end = DecisionKind.RENEWED if champion == "2" else DecisionKind.LEFT_OUT
    assert [(one.what, one.version) for one in loop.decisions] == [(DecisionKind.PROMOTED, "1"), (end, "2")]


def test_who_is_shown_to_be_worse_does_not_wait_for_the_next_list(centre: Centre) -> None:
    loop = kept_fresh(centre, score=0.95)
    sell(loop, 1, 45, sold=False)
    assert loop.lists[-1].refresh is not None
    loop.advance(START + DAY + 9 * HOUR)
    assert loop.upkeep is not None
    assert (loop.lists[-1].weight, loop.upkeep.shown_worse) == (0.0, 1)
    before = len(loop.log.predictions)
    loop.list_of_day(START + DAY + 10 * HOUR)
    assert {one.refresh for one in loop.log.predictions[before:]} == {None}


def test_a_level_moves_with_the_next_list(centre: Centre) -> None:
    loop = today()
    loop.start(START)
    loop.arrive(centre.history(), START)
    before = loop._levels["1"]
    sell(loop, 0, 60, sold=True)
    loop.advance(START + 10 * HOUR)
    assert loop._levels["1"] == before
    loop.list_of_day(START + DAY)
    assert loop._levels["1"] > before + 0.5


def test_a_sabotaged_training_breaks_the_second_refit_only() -> None:
    seen: list[Split] = []

    made = [FakeModel(0.1, []) for _ in range(3)]

    def refit(_candidate: object, split: Split, *_rest: object) -> tuple[FakeModel, None]:
        seen.append(split)
        return made[len(seen) - 1], None

    frame = pd.DataFrame({OUTCOME: np.arange(200) % 7 == 0, "n": np.arange(200)})
    split = Split(frame.iloc[:150], frame.iloc[150:], frame.iloc[150:])
    wrapped = Sabotage(recipe.unwrapped, 1)
    for _ in range(3):
        wrapped("refit", refit)(None, split)
    assert wrapped("search", refit) is refit
    assert wrapped.model is made[sabotage.BROKEN - 1]
    same = [bool((one.fit[OUTCOME] == split.fit[OUTCOME]).all()) for one in seen]
    assert same == [number != sabotage.BROKEN for number in (1, 2, 3)]
    assert seen[1].fit[OUTCOME].sum() == split.fit[OUTCOME].sum()
    assert (seen[1].fit["n"] == split.fit["n"]).all()


@pytest.mark.nightly  # tests/monitoring/test_living.py plays a shorter one each time
def test_a_team_works_with_the_loop_for_weeks(world: World) -> None:
    """Everything at once: a first model, files, calls, outcomes, reports, an incident and a training."""
    centre = Centre(replace(world, arrivals=60, capacity=40, warm_up=28), 2)
    env = {
        "CALLWISE_DRIFT_WINDOW": "150",
        "CALLWISE_QUALITY_WINDOW": "100",
        "CALLWISE_MINIMUM_OUTCOMES": "100",
        "CALLWISE_SEARCH_TRIALS": "2",
    }
    loop, again = (
        begin(Setup.from_settings(load(Settings, env), SCHEMA, QUICK), centre.history(), START) for _ in range(2)
    )
    days = centre.again().play(loop, 3)
    assert [day.calls for day in days] == [40] * 21
    assert loop.people.rejected == 0
    assert {report.cause for report in loop.reports} == {"drift", "quality"}
    assert all(START < report.at <= START + timedelta(days=21) for report in loop.reports)
    assert loop.retrainings > 0, "a week has passed"
    assert {one.cause for one in loop.incidents} <= {"drift", "quality"}
    assert loop.outcomes_known() > days[-1].known, "those of the history, too"
    assert [day.sales for day in centre.again().play(again, 3)] == [day.sales for day in days], "and again the same"
    assert again.reports == loop.reports
    assert again.decisions == loop.decisions


def test_a_first_model_that_a_gate_refuses_is_in_use_and_said(world: World) -> None:
    centre = Centre(replace(world, arrivals=60, capacity=40, warm_up=28), 2)
    setup = Setup.from_settings(load(Settings, {"CALLWISE_SEARCH_TRIALS": "2"}), SCHEMA, QUICK)
    loop = begin(setup, centre.history(), START)
    assert "at least 1000 outcomes" in loop.first_refused
    assert loop.champion.name == "1"
