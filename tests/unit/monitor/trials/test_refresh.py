"""The say of an upkeep, on streams with a known truth; `bench.decisions` has the rates."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bench.streams import World, stream
from core.errors import InputError
from core.models import mixture
from monitor.trials.canary_share import canary_share
from monitor.trials.evidence import Pair
from monitor.trials.refresh import RefreshRules, weigh

LONG = RefreshRules(limit=2_000)
BETTER, SABOTAGED = World(champion=0.8, canary=0.4), World(sabotage="shuffled labels")


def swapped(pairs: Sequence[Pair]) -> list[Pair]:
    return [replace(pair, champion=pair.canary, canary=pair.champion) for pair in pairs]


def test_before_the_first_outcome_it_has_its_prior() -> None:
    found = weigh([], RefreshRules())
    assert found.weight == pytest.approx(0.8)
    assert found.wins
    assert (found.outcomes, found.over, found.shown_worse_at) == (0, False, None)


def test_its_weight_is_bayes_rule_on_the_log_scores() -> None:
    pairs = stream(World(), 60, 1)
    odds = 0.8 / 0.2
    for pair in pairs:
        odds *= pair.canary / pair.champion if pair.positive else (1 - pair.canary) / (1 - pair.champion)
    assert weigh(pairs, RefreshRules()).weight == pytest.approx(odds / (1 + odds))


def test_the_order_of_the_outcomes_does_not_matter_for_the_weight() -> None:
    pairs = stream(World(), 100, 2)
    shuffled = random.Random(1).sample(pairs, len(pairs))
    assert weigh(shuffled, RefreshRules()).weight == pytest.approx(weigh(pairs, RefreshRules()).weight)


def test_a_better_upkeep_gets_all_of_the_say() -> None:
    assert weigh(stream(BETTER, 1_000, 2), LONG).weight > 0.99
    assert weigh(swapped(stream(BETTER, 1_000, 2)), LONG).weight < 0.01


def test_shown_to_be_worse_it_has_no_say_and_gets_none_back() -> None:
    """Broken until it is shown, then much better than the champion: Bayes' rule alone would give it the list again."""
    broken = stream(SABOTAGED, 400, 1)
    at = weigh(broken, LONG).shown_worse_at
    assert at is not None
    assert weigh(broken[: at - 1], LONG).weight > 0
    healed = [*broken[:at], *stream(World(champion=2.0, canary=0.1), 1_500, 3)]
    gains = sum_of_gains(healed)
    assert mixture.weight(0.8, [gains]) > 0.9, "without the guard"
    for n in (at, at + 1, at + 200, len(healed)):
        found = weigh(healed[:n], LONG)
        assert (found.weight, found.shown_worse_at, found.wins) == (0.0, at, False)
    assert f"worse after {at} outcomes" in weigh(healed, LONG).sentence


def sum_of_gains(pairs: Sequence[Pair]) -> float:
    found = weigh(pairs, replace(LONG, worse=1e-300))
    return found.gain * found.outcomes


def test_a_comparison_has_so_many_outcomes_and_no_more() -> None:
    pairs, rules = stream(World(), 300, 4), RefreshRules(limit=250)
    assert [weigh(pairs[:n], rules).over for n in (0, 249, 250, 300)] == [False, False, True, True]
    assert weigh(pairs, rules) == weigh(pairs[:250], rules)


def test_it_is_due_with_so_many_new_outcomes() -> None:
    rules = RefreshRules(every=100)
    assert [rules.is_due(5_000, outcomes) for outcomes in (5_000, 5_099, 5_100, 6_000)] == [False, False, True, True]


@pytest.mark.parametrize(("evidence", "share"), [(0, 0), (1, 0.05), (19, 0.5), (171, 0.9)])
def test_a_canary_starts_with_its_share_and_gets_more_with_evidence(evidence: float, share: float) -> None:
    assert canary_share(evidence, 0.05) == pytest.approx(share)


def test_a_canary_without_a_share_keeps_none() -> None:
    assert canary_share(1e9, 0.0) == 0.0
    assert canary_share(0.0, 1.0) == 0.0
    with pytest.raises(InputError, match="evidence from 0 on"):
        canary_share(-1, 0.05)
