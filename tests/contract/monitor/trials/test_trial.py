"""A canary's trial on a real store: which outcomes are compared, and what is decided on them, once.

The streams are seeded and their truth is known (`bench.streams`); the aliases are a dictionary.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from bench.streams import START, World, stream
from core.models import canary_in_force, trials
from core.models.canary_in_force import CanaryShare
from core.models.decisions import CANARY, CHAMPION, PREVIOUS, Decision, DecisionKind
from core.models.succession import Succession
from core.schema import Schema
from core.stores.mongo import Db
from monitor.reports import parity
from monitor.trials import trial as canary
from monitor.trials.canary_share import canary_share
from monitor.trials.evidence import Pair, judge
from monitor.trials.guardrails import GuardrailLimits
from monitor.trials.pairs import pairs
from monitor.trials.trial import TrialJob
from monitor.trials.verdict import TrialRules
from tests.aliases import Aliases

pytestmark = pytest.mark.mongo

MODEL, OLD, NEW = "prospect-scorer", "1", "2"
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
BETTER, SHUFFLED = World(champion=0.8, canary=0.4), World(sabotage="shuffled labels")
RULES = TrialRules()


def record(
    db: Db, who: str, at: datetime, scores: dict[str, float], *, place: int = 0, features: dict[str, Any] | None = None
) -> None:
    """Log a prediction of `who`: the first version of `scores` was used, the second, if any, ran in its shadow."""
    (used, score), *shadow = scores.items()
    shadow_version, shadow_score = shadow[0] if shadow else (None, None)
    db.predictions.insert_one(
        {"_id": f"{who}-{place}:0", "prospect": who, "at": at, "features": features or {}, "score": score,
         "version": used, "route": "canary" if used == NEW else "champion",
         "shadow_version": shadow_version, "shadow_score": shadow_score}
    )  # fmt: skip


def call(db: Db, who: str, at: datetime, *, sold: bool = False, number: int = 1) -> None:
    db.outcomes.insert_one({"_id": f"{who}:{number}", "prospect": who, "at": at, "positive": sold})


@pytest.fixture
def plain(schema: Schema) -> Schema:
    """The schema without segments."""
    return schema.model_copy(update={"segments": ()})


def test_whichever_was_used_the_scores_are_told_apart_by_version(db: Db, plain: Schema) -> None:
    record(db, "a", START, {OLD: 0.1, NEW: 0.2})
    record(db, "b", START, {NEW: 0.4, OLD: 0.3})
    call(db, "a", START + MINUTE, sold=True)
    call(db, "b", START + 2 * MINUTE)
    assert pairs(db, plain, NEW, START) == [
        Pair("a:1", START + MINUTE, True, 0.1, 0.2, "champion", {}),
        Pair("b:1", START + 2 * MINUTE, False, 0.3, 0.4, "canary", {}),
    ]


def test_delayed_outcomes_come_in_the_order_in_which_they_became_known(db: Db, plain: Schema) -> None:
    for place, who in enumerate("abc"):
        record(db, who, START + place * SECOND, {OLD: 0.1 * place, NEW: 0.5})
    for minutes, who in ((90, "a"), (5, "c"), (30, "b")):
        call(db, who, START + minutes * MINUTE)
    found = pairs(db, plain, NEW, START)
    assert [pair.outcome for pair in found] == ["c:1", "b:1", "a:1"]
    assert [pair.champion for pair in found] == [0.2, 0.1, 0.0]


def test_the_last_prediction_before_the_call_counts_and_none_after_it(db: Db, plain: Schema) -> None:
    record(db, "a", START, {OLD: 0.1, NEW: 0.1}, place=0)
    record(db, "a", START + MINUTE, {OLD: 0.2, NEW: 0.3}, place=1)
    record(db, "a", START + 3 * MINUTE, {OLD: 0.8, NEW: 0.9}, place=2)
    call(db, "a", START + 2 * MINUTE)
    call(db, "a", START + 3 * MINUTE, number=2)  # the very moment of the third prediction
    record(db, "late", START + 2 * MINUTE, {OLD: 0.5, NEW: 0.5})
    call(db, "late", START + MINUTE)
    call(db, "unknown", START + MINUTE)
    found = pairs(db, plain, NEW, START)
    assert [(pair.outcome, pair.champion, pair.canary) for pair in found] == [("a:1", 0.2, 0.3), ("a:2", 0.8, 0.9)]


@pytest.mark.parametrize(
    "scores",
    [{OLD: 0.1}, {NEW: 0.1}, {OLD: 0.1, "3": 0.2}, {"3": 0.1, "4": 0.2}],
    ids=["no shadow", "the canary alone", "another canary", "others"],
)
def test_a_call_made_on_anything_but_these_two_compares_nothing(
    db: Db, plain: Schema, scores: dict[str, float]
) -> None:
    record(db, "a", START, {OLD: 0.1, NEW: 0.2}, place=0)
    record(db, "a", START + SECOND, scores, place=1)
    call(db, "a", START + MINUTE)
    assert pairs(db, plain, NEW, START) == []


def test_a_champion_that_refreshes_replaced_is_compared_as_it_was_used(db: Db, plain: Schema) -> None:
    record(db, "a", START, {OLD: 0.1, NEW: 0.2})
    record(db, "b", START, {"3": 0.3, NEW: 0.4})
    mixed = {"version": "4", "weight": 0.8, "score": 0.7, "level": 0.0, "champion": "3", "champion_score": 0.2}
    db.predictions.update_one({"_id": "b-0:0"}, {"$set": {"mixed": mixed}})
    call(db, "a", START + MINUTE)
    call(db, "b", START + 2 * MINUTE)
    assert [(pair.champion, pair.canary) for pair in pairs(db, plain, NEW, START)] == [(0.1, 0.2), (0.3, 0.4)]


def test_what_was_known_before_the_trial_is_not_of_it(db: Db, plain: Schema) -> None:
    record(db, "before", START - MINUTE, {OLD: 0.1, NEW: 0.2})
    call(db, "before", START - SECOND)
    record(db, "between", START - MINUTE, {OLD: 0.1, NEW: 0.2})
    call(db, "between", START + MINUTE)
    record(db, "after", START, {OLD: 0.1, NEW: 0.2})
    call(db, "after", START + MINUTE)
    assert [pair.outcome for pair in pairs(db, plain, NEW, START)] == ["after:1"]


def test_segments_are_words_and_the_groups_of_a_number(db: Db, schema: Schema) -> None:
    features = {"job": "student", "marital": "single", "age": 30, "campaign": 2}
    record(db, "a", START, {OLD: 0.1, NEW: 0.2}, features=features)
    call(db, "a", START + MINUTE)
    [pair] = pairs(db, schema, NEW, START)
    assert pair.segments == {"job": "student", "marital": "single", "age": "30 to under 40"}
    boundless = schema.model_copy(update={"segments": ("job", "campaign")})
    [pair] = pairs(db, boundless, NEW, START)
    assert pair.segments == {"job": "student"}


def test_a_trial_can_watch_over_every_group_of_the_schema(schema: Schema) -> None:
    groups = [group for name in schema.segments for group in schema.by_name[name].groups]
    assert all(schema.by_name[name].is_grouped for name in schema.segments)
    assert len(groups) <= RULES.segments


@dataclass
class Trial:
    """Version 2 on trial beside version 1, in a world of which it is known who is better."""

    db: Db
    schema: Schema
    names: Aliases = field(default_factory=Aliases)
    told: dict[str, str | int | float] = field(
        default_factory=lambda: {
            "canary": NEW, "refused_versions": "", "refused": "",
            "canary_requests": 100, "canary_errors": 0, "canary_seconds": 1.0, "champion_seconds": 1.0,
        }
    )  # fmt: skip

    def __post_init__(self) -> None:
        line = self.succession()
        line.promote(OLD, why="the first")
        line.start_trial(NEW, why="it passed the gates", incident="drift:7")

    def succession(self) -> Succession:
        return Succession(self.db, MODEL, self.names, by="monitor", clock=lambda: START - SECOND)

    def review(self, rules: TrialRules = RULES, *, at: datetime = START + MINUTE, hours: float = 24.0) -> TrialJob:
        line, limits = self.succession(), GuardrailLimits()
        return TrialJob(
            self.db, self.schema, line, lambda: self.told, rules, limits, 0.05, list_hours=hours, clock=lambda: at
        )

    def play(self, world: World, outcomes: int, seed: int) -> list[Pair]:
        """Log what both said of the people called in `world`, and what came of the calls."""
        known = stream(world, 3_200, seed)[:outcomes]
        records, calls = [], []
        for place, pair in enumerate(known):
            first, second = (OLD, pair.champion), (NEW, pair.canary)
            used, shadow = (first, second) if pair.route == "champion" else (second, first)
            records.append(
                {"_id": f"r:{place}", "prospect": pair.outcome, "at": START, "route": pair.route, "features": {},
                 "version": used[0], "score": used[1], "shadow_version": shadow[0], "shadow_score": shadow[1]}
            )  # fmt: skip
            calls.append({"_id": f"{pair.outcome}:1", "prospect": pair.outcome, "at": pair.at,
                          "positive": pair.positive})  # fmt: skip
        self.db.predictions.insert_many(records)
        self.db.outcomes.insert_many(calls)
        return known

    def known_at(self, pair: Pair) -> datetime:
        """When the outcome of `pair` became known."""
        [outcome] = self.db.outcomes.find({"prospect": pair.outcome})
        at: datetime = outcome["at"]
        return at

    def decisions(self) -> list[Decision]:
        """What was decided since the trial began."""
        return self.succession().decisions()[2:]


@pytest.fixture
def trial(db: Db, plain: Schema) -> Trial:
    return Trial(db, plain)


def test_without_a_champion_or_a_canary_there_is_nothing_to_decide(db: Db, plain: Schema) -> None:
    line = Succession(db, MODEL, Aliases(), by="monitor")

    def unasked() -> dict[str, str | int | float]:
        pytest.fail("nobody is on trial")

    review = TrialJob(db, plain, line, unasked, RULES)
    assert review.advance() == "no champion yet"
    line.promote(OLD, why="the first")
    assert review.advance() == "version 1 is champion, nothing on trial"


def test_the_canarys_share_grows_with_the_evidence_from_list_to_list_and_not_during_a_hold(trial: Trial) -> None:
    next_day = START + timedelta(days=1)

    def share_after(*reviews: TrialJob) -> float:
        for review in reviews:
            review.advance()
        found = canary_in_force.in_force(trial.db)
        assert found is not None
        assert found.version == NEW
        return found.share

    assert share_after(trial.review()) == 0.05
    trial.play(BETTER, 700, 2)
    assert share_after(trial.review()) == 0.05, "the list keeps what it began with"
    held = trial.succession().hold(why="a holiday")
    assert share_after(trial.review(at=next_day)) == 0.05, "on hold"
    trial.succession().release(held.place, why="back")
    assert share_after(trial.review(at=next_day + MINUTE)) == 0.05, "the list that began on hold keeps it, too"
    grown = share_after(trial.review(at=next_day + DAY))
    told = trials.latest_evidence(trial.db, NEW)
    assert told is not None
    assert grown == pytest.approx(canary_share(told.evidence["score"]["better"], 0.05))
    assert 0.05 < grown < 1
    assert DecisionKind.PROMOTED not in {one.what for one in trial.decisions()}, "it is still on trial"
    trial.db.outcomes.delete_many({})
    assert share_after(trial.review(at=next_day + DAY + MINUTE)) == grown
    assert share_after(trial.review(at=next_day + DAY + MINUTE, hours=0.0)) == grown, "without lists, by large steps"
    canary_in_force.put_in_force(trial.db, CanaryShare(NEW, 0.4, next_day))
    assert share_after(trial.review(at=next_day + DAY + MINUTE, hours=0.0)) == 0.05, "and at once"


def test_a_list_that_began_without_a_move_keeps_its_share(trial: Trial) -> None:
    trial.review().advance()
    trial.review(at=START + DAY).advance()
    marked = canary_in_force.in_force(trial.db)
    assert marked is not None
    assert (marked.share, marked.at) == (0.05, START + DAY)
    trial.play(BETTER, 700, 2)
    trial.review(at=START + DAY + MINUTE).advance()
    assert canary_in_force.in_force(trial.db) == marked


def test_a_better_canary_is_promoted_at_the_outcome_that_shows_it(trial: Trial) -> None:
    known = trial.play(BETTER, 1200, 2)
    said = trial.review().advance()
    [decision] = trial.decisions()
    assert (decision.what, decision.version, decision.incident) == (DecisionKind.PROMOTED, NEW, "drift:7")
    assert (decision.evidence["outcomes"], decision.evidence["until"]) == (991, trial.known_at(known[990]))
    assert decision.evidence["rules"]["promote"] == 0.05
    assert said == f"version 2: {decision.why}"
    assert trial.names == {CHAMPION: NEW, PREVIOUS: OLD}


def test_a_sabotaged_canary_is_dropped_within_a_few_outcomes(trial: Trial) -> None:
    trial.play(SHUFFLED, 100, 1)
    trial.review().advance()
    [decision] = trial.decisions()
    assert (decision.what, decision.version, decision.evidence["outcomes"]) == (DecisionKind.DROPPED, NEW, 15)
    assert decision.why.startswith("roll back: the canary is worse than the champion")
    assert trial.names == {CHAMPION: OLD}


def test_no_difference_keeps_the_champion_after_the_limit_and_not_before(trial: Trial) -> None:
    rules, world = TrialRules(limit=300), World(identical=True)
    trial.play(world, 299, 1)
    assert "version 2 is on trial: no difference is shown yet" in trial.review(rules).advance()
    told = trials.latest_evidence(trial.db, NEW)
    assert told is not None
    assert told.sentence.startswith("no difference is shown yet, of at most 300 outcomes; 299 outcomes")
    assert trials.latest_evidence(trial.db, "3") is None
    assert trial.decisions() == []
    trial.db.outcomes.insert_one({"_id": "one:1", "prospect": "one", "at": START + 999 * MINUTE, "positive": False})
    record(trial.db, "one", START, {OLD: 0.1, NEW: 0.1})
    trial.review(rules).advance()
    [decision] = trial.decisions()
    assert (decision.what, decision.evidence["what"]) == (DecisionKind.DROPPED, "inconclusive")
    assert "the champion stays" in decision.why


def test_new_code_with_the_recipe_in_use_ends_as_a_refresh_where_no_difference_is_shown(trial: Trial) -> None:
    line = trial.succession()
    line.end_trial(NEW, why="a test")
    line.start_trial(NEW, why="new code", evidence={trials.SAME_RECIPE: True})
    trial.play(World(identical=True), 300, 1)
    said = trial.review(TrialRules(limit=300)).advance()
    state = line.state()
    assert (state.champion, state.canary) == (OLD, None)
    assert state.waiting is not None
    assert (state.waiting.version, state.waiting.evidence["what"]) == (NEW, "inconclusive")
    assert "so it is a refresh from now on" in said
    trial.db.outcomes.delete_many({})
    trial.db.predictions.delete_many({})
    line.start_trial("3", why="new code", evidence={trials.SAME_RECIPE: True})
    trial.told["canary"] = "3"
    broken = trial.review()
    trial.told |= {"canary_errors": 99}
    assert "version 3 was dropped" in broken.advance()
    assert line.state().canary is None


def test_new_code_is_no_refresh_where_each_version_must_win_a_trial_or_somebody_was_quicker(trial: Trial) -> None:
    line = trial.succession()
    line.end_trial(NEW, why="a test")
    line.start_trial(NEW, why="new code", evidence={trials.SAME_RECIPE: True})
    trial.play(World(identical=True), 300, 1)
    verdict = judge(pairs(trial.db, trial.schema, NEW, START - SECOND), TrialRules(limit=300), DAY)
    said = canary.act_on_verdict(line, NEW, verdict, incident=None, refreshes="another")
    assert "not taken: Version 2 is no refresh of version another any more." in said
    assert line.state().canary == NEW
    careful = trial.review(TrialRules(limit=300))
    careful.always_on_trial = True
    careful.advance()
    assert (line.state().canary, line.state().waiting) == (None, None)


def test_a_team_that_calls_few_is_not_kept_waiting_for_ever(trial: Trial) -> None:
    trial.play(World(identical=True), 120, 1)
    rules, began = TrialRules(days=28), START - SECOND
    assert "is on trial" in trial.review(rules, at=began + timedelta(days=28)).advance()
    review = trial.review(rules, at=began + timedelta(days=28) + SECOND)
    assert "inconclusive: 28 days show no difference, so the champion stays" in review.advance()
    [decision] = trial.decisions()
    assert (decision.what, decision.evidence["outcomes"]) == (DecisionKind.DROPPED, 120)


def test_its_last_day_comes_without_a_new_outcome(trial: Trial) -> None:
    at = [START]
    review = TrialJob(
        trial.db, trial.schema, trial.succession(), lambda: trial.told, RULES, GuardrailLimits(), clock=lambda: at[0]
    )
    assert "is on trial" in review.advance()
    at[0] += timedelta(days=29)
    assert "inconclusive" in review.advance()


def test_what_the_outcomes_showed_in_time_counts_however_late_it_is_read(trial: Trial) -> None:
    trial.play(BETTER, 1200, 2)
    trial.review(at=START + timedelta(days=300)).advance()
    assert [decision.what for decision in trial.decisions()] == [DecisionKind.PROMOTED]


def test_a_new_outcome_is_seen_by_a_review_that_has_looked_before(trial: Trial) -> None:
    review = trial.review(TrialRules(limit=3))
    for number in range(3):
        assert "is on trial" in review.advance()
        record(trial.db, f"p{number}", START, {OLD: 0.1, NEW: 0.1})
        call(trial.db, f"p{number}", START + number * MINUTE)
    assert "inconclusive" in review.advance()


def test_looking_again_and_by_others_at_once_decides_once(trial: Trial) -> None:
    trial.play(BETTER, 1000, 2)
    reviews = [trial.review() for _ in range(3)]
    threads = [threading.Thread(target=review.advance) for review in reviews]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for review in reviews:
        assert review.advance() == "version 2 is champion, nothing on trial"
    assert [decision.what for decision in trial.decisions()] == [DecisionKind.PROMOTED]
    assert len(list(trial.db.events.find({"what": "model promoted", "details.decision": 3}))) == 1


@pytest.mark.parametrize("moment", ["before the decision", "after it"])
def test_a_killed_review_is_gone_on_with_by_the_next(
    trial: Trial, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = trial.play(BETTER, 1200, 2)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        place: tuple[Any, str] = (canary, "act_on_verdict") if moment == "before the decision" else (Succession, "_log")
        patch.setattr(*place, killed)
        with pytest.raises(KeyboardInterrupt):
            trial.review().advance()
    assert trial.names == {CHAMPION: OLD, CANARY: NEW}
    trial.review().advance()
    [decision] = trial.decisions()
    assert decision.evidence["until"] == trial.known_at(known[990])
    assert trial.names == {CHAMPION: NEW, PREVIOUS: OLD}
    assert trial.review().advance() == "version 2 is champion, nothing on trial"
    assert [event["why"] for event in trial.db.events.find({"what": "model promoted"})][1:] == [decision.why]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"canary_errors": 3}, "it failed 3 of 100 requests"),
        ({"canary_seconds": 6.0}, "it took 60.0 ms a request where the champion took 10.0"),
        ({"refused_versions": "2,9", "refused": "version 2: it does not reproduce its proof"}, "serving refuses it"),
    ],
)
def test_a_guardrail_ends_the_trial_at_once_whatever_the_outcomes_say(
    trial: Trial, state: dict[str, str | int | float], said: str
) -> None:
    trial.play(BETTER, 1200, 2)
    trial.told |= state
    assert said in trial.review().advance()
    [decision] = trial.decisions()
    assert (decision.what, decision.version, decision.incident) == (DecisionKind.DROPPED, NEW, "drift:7")
    assert decision.evidence == {"guardrail": decision.why}
    assert trial.names == {CHAMPION: OLD}


def reported(db: Db, at: datetime, different: Sequence[str]) -> None:
    """What the parity job would have written."""
    found = [
        {"version": version, "different": int(version in different), "sentence": f"version {version}: looked at"}
        for version in (OLD, NEW)
    ]
    verdict = {"versions": found, "different": bool(different), "sentence": "", "code_version": "code"}
    db.reports.insert_one({"_id": f"parity:{at}", "kind": parity.KIND, "verdict": verdict, "made": {"at": at}})


@pytest.mark.parametrize(
    ("reports", "dropped"),
    [
        ([(0, [NEW])], True),
        ([(0, [OLD, NEW])], True),
        ([(0, [OLD])], False),
        ([(0, [])], False),
        ([(0, [NEW]), (1, [])], False),
        ([(-60, [NEW])], False),
    ],
    ids=["the canary", "both", "the champion", "none", "once, no more", "in a trial before"],
)
def test_a_canary_whose_scores_are_not_trainings_is_dropped(
    trial: Trial, reports: list[tuple[int, list[str]]], dropped: bool
) -> None:
    for minutes, different in reports:
        reported(trial.db, START + minutes * MINUTE, different)
    said = trial.review().advance()
    assert ([decision.why for decision in trial.decisions()] == ["version 2: looked at"]) is dropped
    assert ("version 2 was dropped" in said) is dropped
