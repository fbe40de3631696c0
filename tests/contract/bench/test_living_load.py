"""The bench of agents on a year's stores: its campaign is as service leaves it, and it sees what it is there to see."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from bench.growth import agents, lived, living_load
from bench.growth.agents import Shift, Told
from bench.screens import shift as shifts
from core.clock import now
from core.schema import Schema
from core.scoring.packed import count_rows
from core.scoring.predictions_before import predictions_before
from core.stores.mongo import Db, ensure_indexes
from monitor.ranking.lineup import Lineup
from monitor.ranking.open_list import open_lists

PEOPLE, AT_WORK = 120, 3


@pytest.fixture
def filled(db: Db, schema: Schema) -> Db:
    ensure_indexes(db)
    names = [agents.name_of(number) for number in range(AT_WORK)]
    lived.fill(db, schema, "lived", PEOPLE, names, Lineup("1"))
    return db


def test_a_year_is_as_service_leaves_it(filled: Db) -> None:
    outcomes = list(filled.outcomes.find())
    assert len(outcomes) == PEOPLE // lived.PEOPLE_A_CALL == filled.calls.count_documents({})
    assert sum(map(count_rows, filled.predictions.find())) == PEOPLE * lived.SCORED
    for outcome, before in predictions_before(filled, outcomes):
        assert before, f"{outcome['_id']} was scored before its call"
        assert before[-1]["at"] <= outcome["at"] < now()
    [listed] = open_lists(filled)
    assert listed.find_the_lost(f"{now():%Y-%m-%d}") == 0
    assert listed.people(listed.to_be_ranked, 10) == []
    assert {person["status"] for person in filled.prospects.find()} == {"open", "done"}


def test_a_shift_counts_what_was_claimed_recorded_and_read_and_misses_what_is_gone(filled: Db) -> None:
    env, begun = {**os.environ, "MONGODB_DATABASE": filled.name}, now()
    told = agents.crew(env, Shift("lived", AT_WORK, 1.0, 0.01), range(AT_WORK))
    told += agents.manager(env, Shift("lived", AT_WORK, 0.1, 0.01))
    assert len(told.recorded) == len(told.record_seconds) > AT_WORK
    assert len(told.list_seconds) >= len(told.claimed)
    assert set(living_load.percentiles(told)) == {"claim", "record", "list page", "results page"}
    assert shifts.lost_outcomes(filled, "lived", told, since=begun) == 0
    filled.calls.delete_one({"_id": told.recorded[0].call})
    assert shifts.lost_outcomes(filled, "lived", told, since=begun) == 1
    assert shifts.lost_outcomes(filled, "lived", told, since=begun - timedelta(days=400)) > PEOPLE // 3


def test_the_ratios_are_large_over_small_and_faults_add_up() -> None:
    def shift(seconds: float) -> Told:
        told = Told()
        for field in (*living_load.WHAT.values(), *living_load.RESULTS.values()):
            getattr(told, field).extend([seconds] * 20)
        return told

    figures = living_load.compared({10: (shift(0.2), 0, 1), 100: (shift(0.5), 2, 0)})
    assert set(figures["ratio"].values()) == {2.5}
    assert (figures["double"], figures["lost"]) == (2, 1)
    shown = figures | {"people": {"small": 10, "large": 100}, "predictions": 1_000, "outcomes": 50}
    shown |= {
        "agents": 3,
        "seconds": 60.0,
        "machine": {"processors": 2, "kind": "x86_64"},
        "versions": {"pymongo": "4"},
    }
    text = living_load.page(shown)
    assert "| claim | 0.200 s | 0.500 s | 2.50 |" in text
    assert "2 claims given twice, 1 results lost" in text
