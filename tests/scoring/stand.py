"""The scoring service on stand-ins, with MLServer's HTTP layer in front of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from starlette.testclient import TestClient

from core.schema import read_schema
from core.scoring.client import ScoringClient
from core.settings.addresses import ScoringSettings
from core.settings.group import ROOT
from serving.main import Service
from tests.scoring.fakes import FakeLevels, FakeModel, FakeRegistry, MemoryHome

SCHEMA = read_schema(ROOT / "data" / "schema.yaml")


class ByAge(FakeModel):
    """Scores a row by its age, so that rows cannot be mixed up."""

    def predict_proba(self, X: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Shape [n, 2]."""
        score = X["age"].to_numpy() / 1000 + self.score
        return np.column_stack([1 - score, score])


@dataclass
class Stand:
    """The service, what it stands on, and an HTTP client in front of it."""

    http: TestClient
    service: Service
    registry: FakeRegistry
    home: MemoryHome
    levels: FakeLevels
    folder: Path

    @property
    def client(self) -> ScoringClient:
        """The client that every other service uses."""
        client = ScoringClient(ScoringSettings(mlserver_url="http://testserver"), SCHEMA)
        client._http = self.http
        return client

    def point(self, **aliases: str) -> None:
        """Let the registry's aliases be these, and look."""
        self.registry.aliases = aliases
        self.service.models.refresh()

    def put_levels(self, **shifts: float) -> None:
        """Let these be the levels in force, `v1=0.5` for version 1, and look."""
        self.levels.shifts = {version.removeprefix("v"): shift for version, shift in shifts.items()}
        self.service.levels.refresh()
