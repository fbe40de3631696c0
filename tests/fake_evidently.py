"""An Evidently UI in memory, as far as `core.stores.evidently` speaks to it; and a registry with one champion."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import pandas as pd

from core.models.proof import Model, Proof
from core.models.registry import Loaded, ModelVersion
from core.stores.evidently import EvidentlyUI


@dataclass
class FakeEvidently:
    """Answers like the real one; `refuse` says which requests fail, as if the service died there."""

    projects: dict[str, dict[str, Any]] = field(default_factory=dict)
    dashboards: dict[str, dict[str, Any]] = field(default_factory=dict)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    refuse: Callable[[str, str], bool] = lambda method, path: False
    saved: int = 0
    added: int = 0

    def ui(self) -> EvidentlyUI:
        return EvidentlyUI("http://evidently.test", transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        method, path = request.method, request.url.path
        if self.refuse(method, path):
            raise httpx.ConnectError("Connection refused", request=request)
        body = json.loads(request.content) if request.content else {}
        match [method, *path.strip("/").split("/")]:
            case ["GET", "api", "v2", "projects"]:
                return httpx.Response(200, json=list(self.projects.values()))
            case ["POST", "api", "v2", "projects"]:
                self.projects[body["id"]] = body
                return httpx.Response(201, json=body["id"])
            case ["GET", "api", "v2", "dashboards", project]:
                return httpx.Response(200, json=self.dashboards.get(project, {"tabs": [], "panels": []}))
            case ["POST", "api", "v2", "dashboards", project]:
                self.dashboards[project] = body
                self.saved += 1
                return httpx.Response(201, json=body)
            case ["GET", "api", "projects", _project, "snapshots"]:
                return httpx.Response(200, json=[{**run, "id": key} for key, run in self.runs.items()])
            case ["POST", "api", "v2", "snapshots", _project]:
                self.added += 1
                key = str(uuid.UUID(int=self.added))
                self.runs[key] = body
                return httpx.Response(201, json={"snapshot_id": key})
            case ["DELETE", "api", "projects", _project, key]:
                del self.runs[key]
                return httpx.Response(204)
        return httpx.Response(404, text=f"{method} {path}")


@dataclass
class FakeRegistry:
    """Has a champion, unless `version` is None, that was trained on `trained_on`."""

    version: str | None
    trained_on: pd.DataFrame
    model: Model | None = None

    def version_by_alias(self, alias: str) -> ModelVersion | None:
        assert alias == "champion"
        return ModelVersion("prospect-scorer", self.version, "run", {}) if self.version else None

    def reference(self, version: ModelVersion) -> pd.DataFrame:
        return self.trained_on

    def load(self, version: ModelVersion) -> Loaded:
        assert self.model is not None
        return Loaded(self.model, Proof([], []), self.trained_on)
