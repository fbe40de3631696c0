"""A Prefect server in memory, as far as `monitor.flows.prefect_runs` needs one; tests/e2e compare it with the real."""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from core.settings.addresses import PrefectSettings
from monitor.flows.prefect_runs import FLOW, PrefectRuns

DEPLOYMENT = "00000000-0000-0000-0000-00000000d0d0"


@dataclass
class FakePrefect:
    """Answers like the real one; `refuse` says which requests fail, as if the server died there.

    `busy`: how many requests it answers with 503 first, as the real one does when its database is locked.
    """

    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    deployed: bool = True
    flow: str = FLOW
    refuse: Callable[[str, str], bool] = lambda method, path: False
    busy: int = 0
    now: datetime = datetime(2026, 3, 2, 9, tzinfo=UTC)

    def client(self, kind: str = "") -> PrefectRuns:
        transport = httpx.MockTransport(self._answer)
        return PrefectRuns(
            PrefectSettings(prefect_api_url="http://prefect.test/api"), flow=self.flow, kind=kind, transport=transport
        )

    def ends(self, run: str, type: str, name: str = "", message: str | None = None) -> None:
        """Let `run` be in another state from now on."""
        state = {"type": type, "name": name or type.capitalize(), "message": message, "timestamp": self.now.isoformat()}
        self.runs[run]["state"] = state

    def _answer(self, request: httpx.Request) -> httpx.Response:
        method, path = request.method, request.url.path
        if self.refuse(method, path):
            raise httpx.ConnectError("Connection refused", request=request)
        if self.busy:
            self.busy -= 1
            return httpx.Response(503, json={"exception_message": "Service Unavailable"})
        body = json.loads(request.content) if request.content else {}
        match [method, *path.removeprefix("/api/").split("/")]:
            case ["GET", "deployments", "name", self.flow, "default"] if self.deployed:
                return httpx.Response(200, json={"id": DEPLOYMENT})
            case ["POST", "deployments", key, "create_flow_run"] if key == DEPLOYMENT:
                return self._create(body)
            case ["POST", "flow_runs", "filter"]:
                assert body["flows"] == {"name": {"any_": [self.flow]}}
                return httpx.Response(200, json=[run for run in self.runs.values() if _fits(run, body["flow_runs"])])
            case ["GET", "flow_runs", key] if key in self.runs:
                return httpx.Response(200, json=self.runs[key])
            case ["POST", "flow_runs", key, "set_state"] if key in self.runs:
                assert body["force"] is True
                self.ends(key, body["state"]["type"], body["state"]["name"], body["state"]["message"])
                return httpx.Response(201, json={"status": "ACCEPT"})
        return httpx.Response(404, json={"detail": f"{method} {path}"})

    def _create(self, body: dict[str, Any]) -> httpx.Response:
        key = body["idempotency_key"]
        known = [run for run in self.runs.values() if key is not None and run["idempotency_key"] == key]
        if known:
            return httpx.Response(200, json=known[0])
        run = {"id": str(uuid.UUID(int=len(self.runs) + 1)), "created": self.now.isoformat(), **body}
        self.runs[run["id"]] = run
        self.ends(run["id"], "SCHEDULED")
        return httpx.Response(201, json=run)


def _fits(run: dict[str, Any], asked: dict[str, Any]) -> bool:
    if "idempotency_key" in asked:
        return run["idempotency_key"] in asked["idempotency_key"]["any_"]
    return run["state"]["type"] in asked["state"]["type"]["any_"]
