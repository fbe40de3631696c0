"""The Prefect side of the set-up: the work pool, the flows that train and that erase people, the watch over runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectAlreadyExists, PrefectException

from core.errors import Unavailable
from core.settings.group import ROOT

WORK_POOL = "callwise"
FLOW, DEPLOYMENT = "continuous-training", "default"
ENTRYPOINT = "trainer/flow.py:continuous_training"
ERASURE_FLOW = "erase-people"
ERASURE_ENTRYPOINT = "trainer/privacy/flow.py:erase_people"
WATCH = "a training without a sign of life has crashed"
SILENT = timedelta(minutes=5)
"""Ten heartbeats of the worker's runs (`PREFECT_FLOWS_HEARTBEAT_FREQUENCY`): a busy machine may miss some."""

SIGNS = ("Pending", "Submitting", "InfrastructurePending", "pull-step.executed", "Running", "heartbeat")
"""Events of a run on its way, in their order. A worker may be killed after any of them, and no other would follow."""


@contextmanager
def _client(api_url: str) -> Iterator[SyncPrefectClient]:
    """A client whose failures are Unavailable."""
    try:
        with SyncPrefectClient(api_url) as client:
            yield client
    except (httpx.HTTPError, PrefectException) as error:
        raise Unavailable(
            f"Prefect at {api_url} did not do what was asked: {error}.",
            kept="What was made before stays.",
            next="Look at the log of the prefect service, then run the set-up again.",
        ) from error


def ensure_work_pool(api_url: str) -> None:
    """A work pool whose runs are processes of the worker. Raises Unavailable."""
    with _client(api_url) as client:
        try:
            client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="process"))
        except ObjectAlreadyExists:
            return


def ensure_deployment(api_url: str) -> str:
    """The training flow's deployment; its name. Repeating it brings it up to date."""
    return _deploy(
        api_url,
        FLOW,
        ENTRYPOINT,
        "Snapshot, validate, train, validate, register; stops at the first gate that refuses.",
        {
            "reason": {"type": "string", "title": "Why", "default": "on demand"},
            "incident": {"type": "string", "title": "Incident", "default": None},
        },
    )


def ensure_erasure_deployment(api_url: str) -> str:
    """The deployment of the flow that erases people; its name. Repeating it brings it up to date."""
    said = "Makes a pass for everybody whom a manager asked to be erased; asked for by the monitor."
    return _deploy(api_url, ERASURE_FLOW, ERASURE_ENTRYPOINT, said, {})


def _deploy(api_url: str, name: str, entrypoint: str, description: str, parameters: dict[str, Any]) -> str:
    with _client(api_url) as client:
        flow: UUID = client.create_flow_from_name(name)
        client.create_deployment(
            flow,
            DEPLOYMENT,
            description=description,
            work_pool_name=WORK_POOL,
            entrypoint=entrypoint,
            # The code is run where it lies. With a `path` in this place each run would copy it first: the checkout with
            # its packages and, in a demo, with the state that the copy lies in.
            pull_steps=[{"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}],
            # A second run waits: two of them at once would only be in each other's way.
            concurrency_limit=1,
            parameters={},
            parameter_openapi_schema={"type": "object", "properties": parameters},
            enforce_parameter_schema=False,
            tags=["callwise"],
        )
    return f"{name}/{DEPLOYMENT}"


def ensure_watch(api_url: str, silent: timedelta = SILENT) -> None:
    """Let a run that gave no sign of life for `silent` count as crashed. Raises Unavailable. Repeatable.

    A worker that is killed takes its training along, and that would be *Running* for ever and keep the next one
    waiting: https://docs.prefect.io/v3/advanced/detect-zombie-flows.
    """
    watch = AutomationCore(
        name=WATCH,
        description="Its worker was killed. What asked for it asks again.",
        trigger=EventTrigger(
            after={f"prefect.flow-run.{sign}" for sign in SIGNS},
            expect={"prefect.flow-run.*"},  # its ends have names of their own: Promoted, Refused
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=silent,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=f"No sign of life for {silent}.")],
    )
    with _client(api_url) as client:
        found = client.read_automations_by_name(WATCH)
        if found:
            client.update_automation(found[0].id, watch)
        else:
            client.create_automation(watch)
