"""The figures of a run, from reports, days and lives of a loop that are known."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from core.models.decisions import Decision, DecisionKind
from monitor.incidents.facts import Finding
from monitor.incidents.lifecycle import Entry, Status
from replay.automation import Automation
from replay.life import Report
from replay.living import measures
from replay.living.centre import START, Day
from replay.living.sabotage import Sabotage
from replay.living.today import DayList, Today
from replay.upkeep import Version
from tests.scoring.fakes import FakeModel
from trainer.fitting import recipe

NOBODY = np.empty(0)


def reported(day: float, cause: str, bad: bool) -> Report:
    return Report(START + timedelta(days=day), cause, Finding(bad, f"{cause}:{day}", "1", ""))


def days(many: int, arrivals: int = 200, outcomes: int = 60) -> list[Day]:
    return [Day(day, arrivals * (day + 1), outcomes * (day + 1), 100, 10, NOBODY) for day in range(many)]


def decided(place: int, day: float, what: DecisionKind, version: str) -> Decision:
    return Decision(place, what, version, START + timedelta(days=day), "replay", "")


class Life:
    """What the measures read of a loop."""

    decisions: tuple[Decision, ...] = (
        decided(1, 0, DecisionKind.PROMOTED, "1"),
        decided(2, 3, DecisionKind.ON_TRIAL, "3"),
        decided(3, 20, DecisionKind.PROMOTED, "3"),
    )
    history = (
        ("drift:a", Entry(Status.OPEN, START, "", tell=True)),
        ("drift:a", Entry(Status.CANARY, START + timedelta(days=2), "", tell=True)),
        ("drift:a", Entry(Status.ESCALATED, START + timedelta(days=12), "", tell=True)),
        ("quality:b", Entry(Status.OPEN, START + timedelta(days=1), "", tell=True)),
    )


LIFE = cast(Automation, Life())


def test_weeks_with_an_alarm_are_counted_once_and_by_cause() -> None:
    found = measures.alarms(
        [
            reported(0, "drift", True), reported(6.9, "drift", True), reported(8, "quality", False),
            reported(21, "quality", True), reported(28.1, "drift", True),
        ], 4,
    )  # fmt: skip
    assert found == {"weeks_with_alarm": 0.5, "weeks_with_drift_alarm": 0.25, "weeks_with_quality_alarm": 0.25}


def test_a_change_is_found_by_a_new_alarm_and_counted_from_its_onset() -> None:
    seen = [reported(5, "drift", False), reported(9.3, "quality", False), reported(13.3, "drift", True)]
    found = measures.detection(seen, days(28), onset=10, ramp=0, by_outcomes=False)
    assert found == {"ringing_before": 0.0, "arrivals": 800, "outcomes": 240, "found": 1.0}


def test_what_comes_too_late_is_not_found_and_is_counted_in_what_the_world_changes() -> None:
    seen = [reported(17.3, "quality", True)]
    late = measures.detection(seen, days(28), onset=10, ramp=0, by_outcomes=False)
    assert (late["found"], late["arrivals"]) == (0.0, 1_600)
    assert measures.detection(seen, days(28), onset=10, ramp=0, by_outcomes=True)["found"] == 1.0
    assert measures.detection(seen, days(28), onset=10, ramp=7, by_outcomes=False)["found"] == 1.0, "a slow change"


def test_an_alarm_that_rings_already_finds_nothing() -> None:
    seen = [reported(9, "drift", True), reported(11, "drift", True), reported(12, "drift", True)]
    found = measures.detection(seen, days(28), onset=10, ramp=0, by_outcomes=False)
    assert found == {"ringing_before": 1.0, "arrivals": None, "outcomes": None, "found": 0.0}
    again = [*seen, reported(13, "drift", False), reported(14, "drift", True)]
    assert measures.detection(again, days(28), onset=10, ramp=0, by_outcomes=False)["found"] == 1.0


def test_the_longest_wait_is_of_a_trial_or_of_an_incident_that_no_person_was_called_for() -> None:
    found = measures.waits(LIFE, START + timedelta(days=15))
    assert found["longest_trial_days"] == 17
    assert found["longest_incident_days"] == 14, "the one that is open to the end"
    assert found["longest_wait_days"] == 17


def test_the_sabotaged_version_ends_with_more_than_half_where_it_is_champion_or_still_has_it() -> None:
    step = Sabotage(recipe.unwrapped, 1)
    step.model = FakeModel(0.2, [])
    sound, broken = (
        Version(name, model, pd.DataFrame(), START) for name, model in (("1", FakeModel(0.1, [])), ("2", step.model))
    )
    mixed, gone = DayList(START, sound, broken, 0.8), DayList(START + timedelta(days=1), sound)

    def say(*lists: DayList) -> tuple[float | None, float | None]:
        loop = SimpleNamespace(lists=lists, setup=SimpleNamespace(functions=SimpleNamespace(step=step)))
        found = measures.say_of_broken(cast(Today, loop))
        return found["over_half"], found["lists_over_half"]

    assert say(mixed, mixed, gone) == (0.0, 2.0)
    assert say(gone, mixed) == (1.0, 1.0), "it still has it"
    assert say(mixed, DayList(START, broken), DayList(START, sound)) == (1.0, 2.0), "it was champion"
    assert say(DayList(START, sound, broken, 0.4)) == (0.0, 0.0)
    assert say(DayList(START, broken, sound, 0.3)) == (1.0, 1.0)
    step.model = None
    assert say(mixed, gone) == (0.0, 0.0), "no training was broken"


def test_the_expected_auc_of_an_order_is_that_of_many_draws() -> None:
    draw = np.random.default_rng(1)
    chances = draw.random(60) ** 2
    ranks = np.arange(60)[::-1]
    pairs = wins = 0
    for _ in range(4_000):
        sold = draw.random(60) < chances
        above = ranks[sold][:, None] > ranks[~sold]
        pairs, wins = pairs + above.size, wins + int(above.sum())
    assert measures.auc_of_order(chances) == pytest.approx(wins / pairs, abs=0.01)
    assert measures.auc_of_order(np.sort(chances)[::-1]) > 0.6 > 0.5 > measures.auc_of_order(np.sort(chances))
    assert np.isnan(measures.auc_of_order(np.array([0.3])))
