"""Asks Prefect for flow runs: trainings (`continuous-training/default`) and erasures (`monitor.flows.erasures`).

The monitor uses Prefect's HTTP API (Prefect 3: `/deployments/{id}/create_flow_run`, `/flow_runs/filter`) and needs no
Prefect of its own. A run is asked for under an idempotency key; asking again under the same key gives the same run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, Self
from uuid import UUID

import httpx

from core.errors import NotFound, Unavailable

FLOW, DEPLOYMENT = "continuous-training", "default"
TIMEOUT_SECONDS = 30.0
UNDER_WAY = ("SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING")
STARTED = ("PENDING", "RUNNING", "CANCELLING")


@dataclass(frozen=True)
class FlowRun:
    """One flow run. `state`: the type of its state (RUNNING, COMPLETED, …), `name`: that of the state (Refused, …)."""

    id: str
    key: str | None
    state: str
    name: str
    message: str
    since: datetime

    @property
    def under_way(self) -> bool:
        """Whether it waits or runs."""
        return self.state in UNDER_WAY

    @classmethod
    def from_document(cls, reply: dict[str, Any]) -> Self:
        """From Prefect's document. A run without a state was only just created."""
        state = reply.get("state") or {"type": "SCHEDULED", "name": "Scheduled", "timestamp": reply["created"]}
        since = datetime.fromisoformat(state["timestamp"])
        message = state.get("message") or ""
        return cls(str(reply["id"]), reply.get("idempotency_key"), state["type"], state["name"], message, since)


class Runs(Protocol):
    """The runs of any flow; `PrefectRuns` is the real one. Every method raises Unavailable."""

    def start(self, parameters: Mapping[str, Any], *, key: str | None = None) -> FlowRun:
        """Ask for a run with these parameters, or find the run that has `key`."""
        ...

    def under_way(self) -> list[FlowRun]:
        """Every run that waits or runs, also those that others asked for."""
        ...

    def give_up(self, run: str, why: str) -> None:
        """Record that `run` will never end: its process died."""
        ...


class Flows(Runs, Protocol):
    """The runs of the training flow. Every method raises Unavailable."""

    def ask(self, reason: str, *, incident: str | None = None, key: str | None = None) -> FlowRun:
        """Ask for a training, or find the one that has `key`."""
        ...

    def find(self, run: str) -> FlowRun | None:
        """The flow run `run`; None if Prefect does not know it (any more)."""
        ...

    def asked(self, keys: Sequence[str]) -> list[FlowRun]:
        """The flow runs that have one of `keys`."""
        ...


class PrefectRuns:
    """The flow runs of one flow on one Prefect server."""

    def __init__(self, api_url: str, *, flow: str = FLOW, transport: httpx.BaseTransport | None = None) -> None:
        self._flow = flow
        url = api_url.rstrip("/")
        self._http = httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS, trust_env=False, transport=transport)

    def ask(self, reason: str, *, incident: str | None = None, key: str | None = None) -> FlowRun:
        """Ask for a training, or find the one that has `key`. Raises NotFound without a deployment, Unavailable."""
        return self.start({"reason": reason, "incident": incident}, key=key)

    def start(self, parameters: Mapping[str, Any], *, key: str | None = None) -> FlowRun:
        """Ask for a run, or find the one that has `key`. Raises NotFound without a deployment, Unavailable."""
        deployment = self._call("GET", f"/deployments/name/{self._flow}/{DEPLOYMENT}")
        if deployment is None:
            raise NotFound(
                f"Prefect has no deployment {self._flow}/{DEPLOYMENT}.",
                kept="Nothing was started.",
                next="Run the set-up again (the service bootstrap).",
            )
        body = {"parameters": dict(parameters), "idempotency_key": key}
        return FlowRun.from_document(self._present("POST", f"/deployments/{deployment['id']}/create_flow_run", body))

    def find(self, run: str) -> FlowRun | None:
        """The flow run `run`; None if Prefect does not know it (any more)."""
        reply = self._call("GET", f"/flow_runs/{UUID(run)}")
        return FlowRun.from_document(reply) if reply else None

    def asked(self, keys: Sequence[str]) -> list[FlowRun]:
        """The flow runs that have one of `keys`."""
        return self._filtered({"idempotency_key": {"any_": list(keys)}})

    def under_way(self) -> list[FlowRun]:
        """Every run that waits or runs, also those that others asked for."""
        return self._filtered({"state": {"type": {"any_": list(UNDER_WAY)}}})

    def give_up(self, run: str, why: str) -> None:
        """Mark `run` as crashed, which also frees its place in the deployment's concurrency limit."""
        state = {"type": "CRASHED", "name": "Crashed", "message": why}
        self._present("POST", f"/flow_runs/{UUID(run)}/set_state", {"state": state, "force": True})

    def _filtered(self, runs: dict[str, Any]) -> list[FlowRun]:
        body = {"flows": {"name": {"any_": [self._flow]}}, "flow_runs": runs}
        return [FlowRun.from_document(reply) for reply in self._present("POST", "/flow_runs/filter", body)]

    def _present(self, method: str, path: str, body: dict[str, Any]) -> Any:
        reply = self._call(method, path, body)
        if reply is None:
            raise Unavailable(f"Prefect does not know {path}.")
        return reply

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The reply as JSON, or None for 404."""
        try:
            reply = self._http.request(method, path, json=body)
            if reply.status_code == httpx.codes.NOT_FOUND:
                return None
            return reply.raise_for_status().json()
        except httpx.HTTPStatusError as error:
            what = f"Prefect answered {error.response.status_code} to {method} {path}"
            raise Unavailable(f"{what}: {error.response.text[:200]}.") from error
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable(
                f"Prefect did not answer {method} {path}: {error}.",
                kept="Nothing is lost: the next run asks again.",
                next="If it persists, look at the log of the prefect service.",
            ) from error


def give_up_silent(flows: Runs, at: datetime, limit: timedelta) -> list[FlowRun]:
    """Give up every run that began more than `limit` before `at` and did not end; returns the others under way.

    A worker that is killed with its run leaves that run `Running` for ever.
    """
    under_way = []
    for run in flows.under_way():
        if run.state in STARTED and at - run.since > limit:
            flows.give_up(run.id, f"It did not end within {limit.total_seconds() / 3600:g} hours.")
        else:
            under_way.append(run)
    return under_way
