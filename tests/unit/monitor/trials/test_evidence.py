"""Seeded streams with a known truth, and the outcome at which the verdict falls; `bench.decisions` has the rates."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.streams import START, World, stream
from core.schema import Schema
from core.schema.column import Value
from monitor.trials.evidence import Pair, judge
from monitor.trials.verdict import GO_ON, INCONCLUSIVE, PROMOTE, ROLL_BACK, TrialRules, Verdict

BETTER = World(champion=0.8, canary=0.4)


def swapped(pairs: Sequence[Pair]) -> list[Pair]:
    return [replace(pair, champion=pair.canary, canary=pair.champion) for pair in pairs]


@pytest.mark.parametrize(
    ("world", "seed", "what", "at"),
    [
        (BETTER, 2, PROMOTE, 991),
        (BETTER, 3, PROMOTE, 647),
        (BETTER, 1, INCONCLUSIVE, 1000),  # better, and not shown in time
        (World(champion=0.4, canary=0.8), 1, ROLL_BACK, 370),
        (World(sabotage="shuffled labels"), 1, ROLL_BACK, 15),
        (World(sabotage="no signal"), 1, ROLL_BACK, 833),
        (World(sabotage="scrambled column"), 1, ROLL_BACK, 17),
        (World(), 1, INCONCLUSIVE, 1000),
        (World(identical=True), 1, INCONCLUSIVE, 1000),
    ],
)
def test_the_verdict_falls_at_this_outcome(world: World, seed: int, what: str, at: int) -> None:
    found = judge(stream(world, 3200, seed), TrialRules())
    assert (found.what, found.outcomes) == (what, at)


def test_every_figure_of_a_verdict_is_of_the_outcomes_up_to_the_decision() -> None:
    pairs = stream(BETTER, 3000, 2)
    late = judge(pairs, TrialRules())
    assert late.until == pairs[late.outcomes - 1].at
    assert late == judge(pairs[: late.outcomes], TrialRules())
    assert judge(pairs[: late.outcomes - 1], TrialRules()).what == GO_ON
    assert late.sales == sum(pair.positive for pair in pairs[: late.outcomes])
    assert late.score.better >= 20
    assert late.score.estimate > 0
    assert late.auc >= 0


@given(
    rows=st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.floats(0, 1)), max_size=60),
    limit=st.integers(5, 80),
    minimum=st.integers(1, 30),
)
@settings(max_examples=60, deadline=None)
def test_judging_late_is_judging_after_every_outcome(
    rows: list[tuple[bool, float, float]], limit: int, minimum: int
) -> None:
    rules = TrialRules(limit=limit, minimum=minimum, segment_rows=5, segments=2)
    pairs = made(rows)
    step = GO_ON
    for n in range(len(pairs) + 1):
        found = judge(pairs[:n], rules)
        if found.decided:
            step = found.what
            assert found == judge(pairs, rules)
            break
    assert judge(pairs, rules).what == step


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.floats(0, 1)), max_size=80))
@settings(max_examples=60, deadline=None)
def test_with_the_models_swapped_the_evidence_is_mirrored(rows: list[tuple[bool, float, float]]) -> None:
    never = TrialRules(promote=1e-300, roll_back=1e-300, guard=1e-300)
    found, mirror = judge(made(rows), never), judge(swapped(made(rows)), never)
    for one, other in ((found.score, mirror.score), (found.ranking, mirror.ranking)):
        assert (one.better, one.worse) == pytest.approx((other.worse, other.better))
        assert (one.estimate, one.low, one.high) == pytest.approx((-other.estimate, -other.high, -other.low), abs=1e-9)
    assert found.auc == pytest.approx(-mirror.auc)


@pytest.mark.parametrize("seed", [60, 61, 62])
def test_who_is_promoted_over_the_other_would_be_rolled_back_by_then(seed: int) -> None:
    pairs = stream(replace(BETTER, called=1.0, ordered=False), 3000, seed)
    rules = TrialRules(limit=3000)
    found, mirror = judge(pairs, rules), judge(swapped(pairs), rules)
    assert (found.what, mirror.what) == (PROMOTE, ROLL_BACK)
    assert mirror.outcomes <= found.outcomes


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60))
@settings(max_examples=30, deadline=None)
def test_without_a_difference_nothing_is_decided_before_the_limit(rows: list[tuple[bool, float]]) -> None:
    pairs = made([(sold, score, score) for sold, score in rows])
    found = judge(pairs, TrialRules(limit=len(pairs) + 1, minimum=1, segment_rows=1))
    assert found.what == GO_ON
    assert [found.score.better, found.score.worse] == pytest.approx([1.0, 1.0])
    assert judge(pairs, TrialRules(limit=len(pairs), minimum=1, segment_rows=1)).what == INCONCLUSIVE


def test_false_promotions_are_as_rare_as_stated_whenever_one_looks() -> None:
    promoted = sum(judge(stream(World(), 1000, seed), TrialRules(limit=1000)).what == PROMOTE for seed in range(60))
    assert promoted <= 7  # of 60; at the stated 5%, more is seen once in 100 suites


def test_a_segment_that_pays_for_it_is_named_though_the_rest_gains() -> None:
    rng = np.random.default_rng(4)
    rows = []
    for _ in range(3000):
        student, chance = rng.random() < 0.3, rng.beta(1, 5)
        sold = rng.random() < chance
        # The champion knows nothing but the base rate; the canary knows all, but of students the contrary.
        canary = 1 / 6 if not student else max(0.02, 0.5 - chance)
        rows.append((bool(sold), 1 / 6, canary if student else chance, "student" if student else "retired"))
    pairs = [
        replace(pair, segments={"job": row[3]}) for pair, row in zip(made([r[:3] for r in rows]), rows, strict=True)
    ]
    found = judge(pairs, TrialRules(roll_back=1e-9))
    assert found.what == ROLL_BACK
    assert "the canary is worse in the segment job student" in found.sentence
    (paying,) = (segment for segment in found.segments if segment.reached)
    assert paying.name == "job student"
    assert paying.loss > 0.02
    assert paying.evidence >= 24 / 0.05
    assert paying.outcomes >= 200


def test_people_of_an_age_who_pay_for_it_are_named_as_well(schema: Schema) -> None:
    rng = np.random.default_rng(6)
    rows, ages = [], rng.integers(18, 80, 3000)
    for age in ages:
        chance = rng.beta(1, 5)
        canary = chance if age < 60 else max(0.02, 0.5 - chance)
        rows.append((bool(rng.random() < chance), 1 / 6, canary))
    people: list[dict[str, Value]] = [{"job": "student", "marital": "single", "age": int(age)} for age in ages]
    pairs = [replace(pair, segments=schema.groups_of(one)) for pair, one in zip(made(rows), people, strict=True)]
    found = judge(pairs, TrialRules(roll_back=1e-9, promote=1e-9))
    assert found.what == ROLL_BACK
    assert "the canary is worse in the segment age 60 and above" in found.sentence
    assert [segment.name for segment in found.segments if segment.reached] == ["age 60 and above"]


def test_a_ranking_that_is_worse_is_not_promoted_for_its_score() -> None:
    """The champion orders well but promises twice too much; the canary gives everybody the base rate."""
    rng = np.random.default_rng(5)
    chance = rng.beta(1, 8, 3000)
    sold = rng.random(3000) < chance
    rows = [(bool(s), float(min(1, 4 * c)), 0.11) for s, c in zip(sold, chance, strict=True)]
    found = judge(made(rows), TrialRules(roll_back=1e-300))
    assert found.score.better > 20
    assert found.auc < 0
    assert found.what == INCONCLUSIVE


def test_nothing_known_yet_is_no_verdict() -> None:
    found = judge([], TrialRules())
    assert (found.what, found.outcomes, found.since, found.score.better, found.score.worse) == (
        GO_ON,
        0,
        None,
        1.0,
        1.0,
    )
    assert math.isfinite(found.score.low)


@pytest.mark.parametrize("score", [math.nan, -0.1, 1.1, math.inf])
def test_a_score_that_is_no_probability_is_named(score: float) -> None:
    with pytest.raises(ValueError, match="the outcome o:1 has a score"):
        judge(made([(True, 0.1, 0.1), (False, 0.1, score)]), TrialRules())


def test_the_document_holds_all_it_rests_on_and_a_sentence() -> None:
    found: Verdict = judge(stream(World(), 300, 1), TrialRules())
    document = found.document()
    assert document["what"] == GO_ON
    assert document["rules"]["limit"] == 1000
    assert {"estimate", "low", "high", "better", "worse"} == set(document["score"])
    assert isinstance(document["segments"], list)
    assert document["sentence"] == found.sentence
    assert "300 outcomes" in found.sentence


def test_a_trial_without_outcomes_says_so_and_gives_no_figures() -> None:
    found = judge([], TrialRules())
    assert found.sentence == (
        "no difference is shown yet, of at most 1000 outcomes; no person whom both models scored has an outcome yet"
    )


def made(rows: Sequence[tuple[bool, float, float]]) -> list[Pair]:
    return [
        Pair(f"o:{n}", START + timedelta(minutes=n), sold, champion, canary, "champion", {"half": str(n % 2)})
        for n, (sold, champion, canary) in enumerate(rows)
    ]
