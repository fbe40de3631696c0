"""The Prefect part of the set-up: the work pool, the deployments of both flows, the watch over runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectAlreadyExists, PrefectException

from bootstrap import WORK_POOL
from core.errors import Unavailable
from core.settings.addresses import PrefectSettings
from core.settings.group import ROOT

FLOW, DEPLOYMENT = "continuous-training", "default"
ENTRYPOINT = "trainer/flow.py:continuous_training"
ERASURE_FLOW = "erase-people"
ERASURE_ENTRYPOINT = "trainer/privacy/flow.py:erase_people"
RETENTION_FLOW = "clear-old"
RETENTION_ENTRYPOINT = "trainer/retention/flow.py:clear_old"
WATCH = "a training without a sign of life has crashed"
JOB_TEMPLATE: dict[str, Any] = {
    "job_configuration": {"stream_output": True},
    "variables": {"type": "object", "properties": {}},
}
"""What a run may say about its process: nothing. Prefect's own template takes a command and an environment from whoever
asks for a run, which is a shell in the worker. `env` is not named even as empty, because Prefect would add a run's."""
SILENT = timedelta(minutes=5)
"""Ten heartbeats of a run (`PREFECT_FLOWS_HEARTBEAT_FREQUENCY`), because a busy machine may miss some."""

SIGNS = ("Pending", "Submitting", "InfrastructurePending", "pull-step.executed", "Running", "heartbeat")
"""Events of an active run, in their order. A worker may be killed after any of them; then no other follows."""


@contextmanager
def _client(api: PrefectSettings) -> Iterator[SyncPrefectClient]:
    """A client that raises Unavailable for every failure."""
    try:
        with SyncPrefectClient(api.prefect_api_url, auth_string=api.prefect_secret) as client:
            yield client
    except (httpx.HTTPError, PrefectException) as error:
        raise Unavailable(
            f"Prefect at {api.prefect_api_url} refused a request: {error}.",
            kept="Earlier steps stay done.",
            next="Read the log of the prefect service, then run the set-up again.",
        ) from error


def ensure_work_pool(api: PrefectSettings) -> None:
    """Make the work pool, in which runs are processes of the worker, or update its template. Raises Unavailable."""
    with _client(api) as client:
        try:
            client.create_work_pool(WorkPoolCreate(name=WORK_POOL, type="process", base_job_template=JOB_TEMPLATE))
        except ObjectAlreadyExists:
            # The pool of a release before the template, or one that somebody changed.
            client.update_work_pool(WORK_POOL, WorkPoolUpdate(base_job_template=JOB_TEMPLATE))


def ensure_deployment(api: PrefectSettings) -> str:
    """Make or update the training flow's deployment; returns its name."""
    return _deploy(
        api,
        FLOW,
        ENTRYPOINT,
        "Snapshot, validate, train, validate, register; ends at the first gate that refuses.",
        {
            "reason": {"type": "string", "title": "Why", "default": "on demand"},
            "incident": {"type": "string", "title": "Incident", "default": None},
            "kind": {"type": "string", "title": "Campaign kind", "default": None},
        },
    )


def ensure_erasure_deployment(api: PrefectSettings) -> str:
    """Make or update the erasure flow's deployment; returns its name."""
    description = "Makes a pass for every erasure that a manager requested; the monitor starts it."
    return _deploy(api, ERASURE_FLOW, ERASURE_ENTRYPOINT, description, {})


def ensure_retention_deployment(api: PrefectSettings) -> str:
    """Make or update the deployment of the flow that clears what is old; returns its name."""
    description = "Clears old predictions, datasets and pages; the monitor starts it once a day."
    return _deploy(api, RETENTION_FLOW, RETENTION_ENTRYPOINT, description, {})


def _deploy(api: PrefectSettings, name: str, entrypoint: str, description: str, parameters: dict[str, Any]) -> str:
    with _client(api) as client:
        flow: UUID = client.create_flow_from_name(name)
        client.create_deployment(
            flow,
            DEPLOYMENT,
            description=description,
            work_pool_name=WORK_POOL,
            entrypoint=entrypoint,
            # The code runs in place. With `path` instead, each run would first copy the whole checkout with its
            # packages and, in a demo, with the state folder that contains the copy.
            pull_steps=[{"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}],
            concurrency_limit=1,  # a second run would only slow down the first, so it waits
            parameters={},
            parameter_openapi_schema={"type": "object", "properties": parameters},
            enforce_parameter_schema=False,
            tags=["callwise"],
        )
    return f"{name}/{DEPLOYMENT}"


def ensure_watch(api: PrefectSettings, silent: timedelta = SILENT) -> None:
    """Mark a run without a sign of life for `silent` as crashed. Safe to repeat. Raises Unavailable.

    The training of a killed worker dies with it, but would stay *Running* and block the next training:
    https://docs.prefect.io/v3/advanced/detect-zombie-flows.
    """
    watch = AutomationCore(
        name=WATCH,
        description="The worker of the run was killed. The job that requested the run requests another.",
        trigger=EventTrigger(
            after={f"prefect.flow-run.{sign}" for sign in SIGNS},
            expect={"prefect.flow-run.*"},  # final states have names of their own: Promoted, Refused
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=silent,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=f"No sign of life for {silent}.")],
    )
    with _client(api) as client:
        found = client.read_automations_by_name(WATCH)
        if found:
            client.update_automation(found[0].id, watch)
        else:
            client.create_automation(watch)
