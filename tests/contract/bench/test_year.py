"""The simulated team of `scripts/bench year` leaves what service leaves, so what is old is cleared as in service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import create_autospec

import pytest

from bench.growth import team as teams
from bench.growth.team import DAYS, Team
from core.models.registry import ModelRegistry
from core.models.succession import Succession
from core.schema import Schema
from core.scoring.packed import count_rows
from core.scoring.predictions_before import predictions_before
from core.settings.loading import load
from core.settings.loop import TrainerSettings
from core.stores.data_registry import DataRegistry
from core.stores.event_log import first_broken
from core.stores.evidently import EvidentlyUI
from core.stores.mongo import Db, ensure_indexes
from monitor.reports.shelf import ReportStore
from tests.signing import SIGNER
from trainer.pipeline.training import Trainer
from trainer.retention.predictions import OldPredictions

PEOPLE, CALLS = 60, 2
BEGINS = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def team(db: Db, schema: Schema, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Team:
    ensure_indexes(db)
    monkeypatch.setattr(teams, "REPORTS", ())
    trainer = Trainer(
        db,
        schema,
        create_autospec(DataRegistry, instance=True),
        create_autospec(ModelRegistry, instance=True),
        create_autospec(Succession, instance=True),
        load(TrainerSettings, {}),
        "bench",
        tmp_path / "lock",
        SIGNER,
    )
    shelf = ReportStore(db, create_autospec(EvidentlyUI, instance=True), "bench")
    return Team(trainer, shelf, PEOPLE, CALLS, 0, BEGINS)


def test_a_month_is_ranked_each_day_called_and_closed_and_then_cleared(team: Team, db: Db) -> None:
    team.month(2)
    assert team.day == BEGINS + DAYS * timedelta(days=1)
    assert db.calls.count_documents({}) == DAYS * CALLS
    scored = sum(PEOPLE - CALLS * day for day in range(DAYS))
    assert sum(map(count_rows, db.predictions.find())) == scored
    assert first_broken(db) is None
    outcomes = list(db.outcomes.find())
    assert outcomes
    assert all(before for _, before in predictions_before(db, outcomes))
    [campaign] = db.campaigns.find()
    assert campaign["state"]["is"] == "closed"

    team.day += timedelta(days=120)
    clearing, gone = OldPredictions(db, 90, team.clock), 0
    while (done := clearing.step()) is not None:
        gone += done
    left = sum(map(count_rows, db.predictions.find()))
    assert left == scored - gone
    assert left == PEOPLE, "of each person the newest row stays, which is that before their call"
    assert all(before for _, before in predictions_before(db, outcomes))
