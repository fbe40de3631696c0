"""The rates of refreshes, on single runs whose answer is known."""

import pytest

from bench import decisions
from bench.streams import World


def test_identical_fits_keep_their_prior_and_a_canary_its_share() -> None:
    found = decisions._say(1, World(identical=True))
    assert {name: found[name] for name in decisions.REFRESH_RULES} == {
        "as decided": 1.0,
        "500 outcomes": 1.0,
        "1,000 outcomes": 1.0,
        "no guard": 1.0,
        "prior 0.5": 0.0,
    }, "a prior of one half is no more than half"
    assert (found[decisions.CANARY], found["shown worse, as decided"]) == (0.0, 0.0)


def test_broken_fits_lose_their_say_by_every_rule() -> None:
    found = decisions._say(1, World(sabotage="shuffled labels"))
    assert not any(found[name] for name in (*decisions.REFRESH_RULES, decisions.CANARY))
    assert found["shown worse, as decided"] == 1.0


def test_the_table_has_a_line_for_each_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    shares = dict.fromkeys([*decisions.REFRESH_RULES, decisions.CANARY], 0.25)
    decisions._refresh_table({"equal": {"auc": 0.001, **shares}, "worse": {"auc": -0.04, **shares}})
    [_, head, equal, worse] = capsys.readouterr().out.splitlines()
    assert decisions.CANARY in head
    assert equal.split() == ["equal", "0.001", *["25.0%"] * 6]
    assert worse.split()[1] == "-0.040"
