"""`scripts/bench living` in a short form: the loop in a simulated call centre, from files to figures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench import living
from core.settings.loading import load
from replay.living.files import SCHEMA
from replay.living.measures import Measures, measures
from replay.living.quick import QUICK
from replay.living.runs import LOOP, PLAIN, PUPIL, SOUND, run
from replay.living.worlds import WORLDS
from replay.setup import Settings, Setup

ENV = living.SEARCHED | {"CALLWISE_DRIFT_WINDOW": "400", "CALLWISE_QUALITY_WINDOW": "200"}
"""Small windows for a small team."""


def test_a_broken_training_is_judged_beside_a_sound_one() -> None:
    world = replace(WORLDS["sabotaged"], arrivals=60, capacity=40, warm_up=56, onset=7)
    setup = Setup.from_settings(load(Settings, ENV), SCHEMA, QUICK)
    found = run(world, 1, setup, weeks=2)
    assert set(found.days) == {LOOP, SOUND, PUPIL, *PLAIN}
    figures = measures(found)
    assert found.sales["oracle"] > found.sales["random"]
    assert figures["lists_over_half"] is not None
    assert figures["lists_over_half"] >= 1, "the broken model passed the gates, and was a refresh"
    assert (figures["over_half"], figures["rows_rejected"]) == (0.0, 0.0)


def test_the_command_writes_figures_with_their_errors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "living.json"
    assert living.main(["--world", "tiny_team", "--runs", "2", "--weeks", "1", "--json", str(out)]) == 0
    found = json.loads(out.read_text())
    assert set(found) == {"tiny_team"}
    team = found["tiny_team"]
    assert (team["runs"], team["weeks"]) == (2, 1)
    assert team["refreshes"] >= 0
    assert team["longest_wait_days"] >= 0
    assert 0 <= team["weeks_with_alarm"] <= 1
    assert team["errors"]["sales_of_oracles"] > 0
    printed = capsys.readouterr().out
    assert "tiny_team: 2 runs of 1 weeks" in printed


@pytest.mark.parametrize("words", [["--runs", "1"], ["--weeks", "0"], ["--world", "mars"]])
def test_nonsense_is_refused_before_anything_is_played(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        living.main(words)
    assert ended.value.code == 2
    assert "usage: scripts/bench living" in capsys.readouterr().err


def test_each_world_has_figures_of_its_own_in_the_table() -> None:
    runs: list[Measures] = [{**dict.fromkeys(FIGURES, float(n)), "arrivals": None if n else 700.0} for n in range(2)]
    figures = {name: living.summary(name, list(enumerate(runs)), None) for name in WORLDS}
    printed = living.table(figures)
    assert figures["stationary"]["weeks_with_alarm"] == 0.5
    assert figures["stationary"]["errors"]["weeks_with_alarm"] == 0.5
    assert figures["sudden_shift"]["median_arrivals"] == 700
    assert figures["blank_column"]["stopped"] == figures["blank_column"]["found"]
    assert "stopped" not in figures["stationary"]
    for name in WORLDS:
        assert f"{name}: 2 runs of {WORLDS[name].weeks} weeks" in printed


FIGURES = (
    "weeks_with_alarm", "weeks_with_drift_alarm", "weeks_with_quality_alarm", "canaries_promoted", "found", "outcomes",
    "auc_lost_to_oracle", "sales_of_oracles", "pupil_sales_of_oracles", "ringing_before", "arrivals", "named",
    "longest_wait_days", "longest_trial_days", "over_half", "lists_over_half", "shown_worse", "sales_lost", "refreshes",
    "mixture_weight",
)  # fmt: skip
