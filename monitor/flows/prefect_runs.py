"""Asks Prefect for flow runs: trainings (`continuous-training/default`) and erasures (`monitor.flows.erasures`).

The monitor uses Prefect's HTTP API (Prefect 3: `/deployments/{id}/create_flow_run`, `/flow_runs/filter`) and needs no
Prefect of its own. A run is asked for under an idempotency key; asking again under the same key gives the same run.
All campaign kinds share one deployment, which runs one training at a time. Each kind sees only its own runs: they have
its name as a parameter, as a tag, and in front of their keys.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

import httpx

from core.errors import NotFound, Unavailable
from core.settings.addresses import PrefectSettings

FLOW, DEPLOYMENT = "continuous-training", "default"
KIND = "kind"
"""The parameter with a kind's name; without it, a run is the shipped kind's."""
TIMEOUT_SECONDS = 30.0
BUSY = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.BAD_GATEWAY, httpx.codes.SERVICE_UNAVAILABLE)
PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds before each further try of a call to a server that is busy
UNDER_WAY = ("SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING")
STARTED = ("PENDING", "RUNNING", "CANCELLING")
WAITING = "SCHEDULED"


@dataclass(frozen=True)
class FlowRun:
    """One flow run. `state`: the type of its state (RUNNING, COMPLETED, …), `name`: that of the state (Refused, …).

    `since`: when the state began, or the later time for which a person scheduled the run.
    """

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
        if state["type"] == WAITING and (start := reply.get("next_scheduled_start_time")):
            since = max(since, datetime.fromisoformat(start))
        message = state.get("message") or ""
        return cls(str(reply["id"]), reply.get("idempotency_key"), state["type"], state["name"], message, since)


class PrefectRuns:
    """The flow runs of one flow, for one campaign kind, on one Prefect server. Every method raises Unavailable."""

    def __init__(
        self,
        settings: PrefectSettings,
        *,
        flow: str = FLOW,
        kind: str = "",
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`kind`: "" is the shipped one."""
        self._flow, self._kind, self._mark = flow, kind, f"{kind}/" if kind else ""
        url, secret = settings.prefect_api_url.rstrip("/"), settings.prefect_secret
        self._http = httpx.Client(
            base_url=url,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
            transport=transport,
            auth=httpx.BasicAuth(*secret.split(":", 1)) if secret else None,
        )

    def request_training(
        self, reason: str, *, incident: str | None = None, key: str | None = None, refresh: bool = False
    ) -> FlowRun:
        """Ask for a training or a `refresh`, or find the run that has `key`. Raises NotFound without a deployment."""
        asked = {"refresh": True} if refresh else {}
        return self.start({"reason": reason, "incident": incident, **asked}, key=key)

    def start(self, parameters: Mapping[str, Any], *, key: str | None = None) -> FlowRun:
        """Ask for a run, or find the one that has `key`. Raises NotFound without a deployment."""
        deployment = self._call("GET", f"/deployments/name/{self._flow}/{DEPLOYMENT}")
        if deployment is None:
            raise NotFound(
                f"Prefect has no deployment {self._flow}/{DEPLOYMENT}.",
                kept="Nothing was started.",
                next="Run the set-up again (the service bootstrap).",
            )
        body: dict[str, Any] = {"parameters": dict(parameters), "idempotency_key": self._mark + key if key else key}
        if self._kind:
            body = {**body, "parameters": {**parameters, KIND: self._kind}, "tags": [f"kind:{self._kind}"]}
        return self._run(self._present("POST", f"/deployments/{deployment['id']}/create_flow_run", body))

    def find(self, run: str) -> FlowRun | None:
        """The flow run `run`; None if Prefect does not know it (any more)."""
        reply = self._call("GET", f"/flow_runs/{UUID(run)}")
        return self._run(reply) if reply else None

    def with_keys(self, keys: Sequence[str]) -> list[FlowRun]:
        """The flow runs that have one of `keys`."""
        return self._filtered({"idempotency_key": {"any_": [self._mark + key for key in keys]}})

    def under_way(self) -> list[FlowRun]:
        """Every run that waits or runs, also those that others asked for."""
        return self._filtered({"state": {"type": {"any_": list(UNDER_WAY)}}})

    def give_up(self, run: str, why: str) -> None:
        """Mark `run` as crashed, which also frees its place in the deployment's concurrency limit."""
        state = {"type": "CRASHED", "name": "Crashed", "message": why}
        self._present("POST", f"/flow_runs/{UUID(run)}/set_state", {"state": state, "force": True})

    def _filtered(self, runs: dict[str, Any]) -> list[FlowRun]:
        body = {"flows": {"name": {"any_": [self._flow]}}, "flow_runs": runs}
        replies = self._present("POST", "/flow_runs/filter", body)
        return [self._run(one) for one in replies if ((one.get("parameters") or {}).get(KIND) or "") == self._kind]

    def _run(self, reply: dict[str, Any]) -> FlowRun:
        run = FlowRun.from_document(reply)
        return replace(run, key=run.key.removeprefix(self._mark)) if run.key else run

    def _present(self, method: str, path: str, body: dict[str, Any]) -> Any:
        reply = self._call(method, path, body)
        if reply is None:
            raise Unavailable(f"Prefect does not know {path}.")
        return reply

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The reply as JSON, or None for 404."""
        try:
            reply = self._answer(method, path, body)
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

    def _answer(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        """What Prefect answers, asked again while it is busy, as Prefect's own client does.

        Prefect answers 503 when another transaction held its database for too long. It has undone the call by then.
        """
        for pause in PAUSES:
            reply = self._http.request(method, path, json=body)
            if reply.status_code not in BUSY:
                return reply
            time.sleep(pause)
        return self._http.request(method, path, json=body)


def give_up_silent(flows: PrefectRuns, at: datetime, limit: timedelta) -> list[FlowRun]:
    """Give up runs that began more than `limit` before `at` and did not end, or that waited twice as long for a worker.

    Returns the others under way. A worker that is killed with its run leaves that run `Running` for ever, and one that
    is away leaves it waiting. A run may wait for another one first, also of another kind, which may take the `limit`.
    """
    under_way = []
    for run in flows.under_way():
        if run.state in STARTED and at - run.since > limit:
            flows.give_up(run.id, f"It did not end within {limit.total_seconds() / 3600:g} hours.")
        elif run.state == WAITING and at - run.since > 2 * limit:
            flows.give_up(run.id, f"It did not start within {limit.total_seconds() / 1800:g} hours.")
        else:
            under_way.append(run)
    return under_way
