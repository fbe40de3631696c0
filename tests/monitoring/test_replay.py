"""`scripts/replay` on the sample campaign: every arm, the whole loop, from the file to the figures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.models.decisions import DecisionKind
from core.schema import Schema
from core.settings.group import ROOT
from monitor.incidents.facts import RunEnd
from monitor.incidents.lifecycle import Status
from replay import main as command
from replay.callwise import Callwise
from replay.history import History
from replay.life import incidents, trials
from replay.play import Protocol
from replay.upkeep import ENDED_AS_REFRESH

SAMPLE = ROOT / "data" / "sample-campaign.zip"
ARMS = {"callwise", "frozen", "schedule", "unguarded", "all_on_trial", "no_canary"}


@pytest.fixture(autouse=True)
def little_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLWISE_SEARCH_TRIALS", "2")


def test_the_command_writes_a_table_a_picture_and_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, drawn = tmp_path / "out.json", tmp_path / "replay.png"
    words = ["--campaign", str(SAMPLE), "--known", "2000", "--until", "2700", "--label-delay", "100"]
    assert command.main([*words, "--json", str(out), "--picture", str(drawn)]) == 0
    found = json.loads(out.read_text())
    assert set(found["auc"]) == set(found["top_half"]) == set(found["auc_in_days"]) == ARMS
    assert (found["calls"], found["label_delay"]) == (700, 100)
    assert {"retrainings", "promotions", "rollbacks", "incidents"} <= set(found)
    assert drawn.read_bytes().startswith(b"\x89PNG")
    printed = capsys.readouterr().out
    assert all(f"\n{name} " in printed for name in ARMS)


def test_the_loop_lives_as_the_appliance_does(schema: Schema) -> None:
    """Far enough for a trial to end: what it decided, trained and told fits together, and nothing is left out."""
    history = History.from_file(SAMPLE, schema)
    arm = command.run("all_on_trial", history, schema, Protocol(4_000, 200, 6_400)).arm
    assert isinstance(arm, Callwise)
    assert arm.retrainings == len(arm.trainings) > 0
    handed_over = [one.run.end for one in arm.trainings.values()].count(RunEnd.HANDED_OVER)
    tried = [one for one in arm.decisions if one.what is DecisionKind.ON_TRIAL]
    assert len(tried) == len(trials(arm.decisions)) == handed_over > 0
    assert any(span.end for span in trials(arm.decisions)), "no trial came to an end"
    assert len(incidents(arm.history)) == len(arm.incidents) > 0
    for incident in arm.incidents:
        entries = [entry for key, entry in arm.history if key == incident.id]
        assert entries[0].status is Status.OPEN
        assert (entries[-1].status, len(entries)) == (incident.status, incident.steps)


@pytest.mark.nightly  # tests/unit/replay/test_upkeep.py has its rules, tests/contract those of the appliance
def test_a_champion_is_kept_fresh(schema: Schema) -> None:
    """A fit every hundred outcomes, mixed with the champion and weighed; a training that finds the recipe is one."""
    history = History.from_file(SAMPLE, schema)
    arm = command.run("callwise", history, schema, Protocol(2_000, 200, 3_200)).arm
    assert isinstance(arm, Callwise)
    assert arm.upkeep is not None
    made = [one for one in arm.upkeep.refreshes if not one.refused]
    assert len(arm.upkeep.refreshes) >= (1_200 - 200) // 100 - 1
    assert len({one.version for one in made}) == len(made) > 0
    ended = [one for one in arm.trainings.values() if one.run.why == ENDED_AS_REFRESH]
    tried = [one for one in arm.decisions if one.what is DecisionKind.ON_TRIAL]
    handed_over = [one.run.end for one in arm.trainings.values()].count(RunEnd.HANDED_OVER)
    assert len(ended) + len(tried) == handed_over > 0
    assert arm.upkeep.ended > 0, "a comparison has 200 outcomes"
    assert [one.what for one in arm.decisions[:1]] == [DecisionKind.PROMOTED]
    assert [one.what for one in arm.decisions].count(DecisionKind.RENEWED) == arm.upkeep.won
