"""Prefect's API answers nobody without its secret, and a run cannot say what the worker executes."""

import asyncio
import os
import uuid
from typing import Any

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.workers.process import ProcessJobConfiguration

from bootstrap import WORK_POOL
from bootstrap.setup.orchestration import ensure_deployment, ensure_work_pool
from core.errors import Unavailable
from core.settings.addresses import PrefectSettings
from core.settings.loading import load
from monitor.flows.prefect_runs import PrefectRuns
from monitor.machine.services import look

UNAUTHORIZED = 401


@pytest.fixture
def server() -> PrefectSettings:
    if "PREFECT_API_AUTH_STRING" not in os.environ:
        pytest.skip("PREFECT_API_AUTH_STRING is the secret of no server; scripts/test starts one")
    return load(PrefectSettings)


@pytest.mark.parametrize("secret", [None, "", "callwise:", "callwise:guessed", "admin:pass"])
def test_nobody_without_the_secret_is_answered(server: PrefectSettings, secret: str | None) -> None:
    auth = httpx.BasicAuth(*f"{secret}:".split(":")[:2]) if secret is not None else None
    with httpx.Client(base_url=server.prefect_api_url, trust_env=False, timeout=60, auth=auth) as client:
        for method, path in (
            *(("POST", "/deployments/"), ("POST", "/work_pools/"), ("POST", "/flow_runs/"), ("POST", "/automations/")),
            *(("GET", "/deployments/name/continuous-training/default"), ("POST", "/deployments/filter")),
            *(("GET", "/admin/settings"), ("GET", "/version"), ("GET", "/block_documents/x"), ("GET", "/health/x")),
        ):
            assert client.request(method, path, json={}).status_code == UNAUTHORIZED, path
        assert client.get("/health").status_code == httpx.codes.OK, "a probe needs no secret"


def test_our_clients_say_that_they_were_refused(server: PrefectSettings) -> None:
    wrong = server.model_copy(update={"prefect_api_auth_string": None})
    with pytest.raises(Unavailable, match="401"):
        ensure_work_pool(wrong)
    with pytest.raises(Unavailable, match="401"):
        PrefectRuns(wrong).under_way()
    assert "401" in look({}, wrong)[0].why
    ensure_work_pool(server)
    assert look({}, server)[0].why in ("", "it has not called Prefect lately"), "it is answered"


def test_a_run_has_no_command_and_no_environment_of_its_own(server: PrefectSettings) -> None:
    """Also in a pool that another release, or somebody, made with Prefect's own template."""
    asked: dict[str, Any] = {
        "command": "sh -c 'id > /tmp/pwned'",
        "env": {"LD_PRELOAD": "/tmp/x.so"},
        "env.PYTHONPATH": "/tmp",
        "working_dir": "/tmp",
        "labels": {"a": "b"},
    }

    async def as_the_worker_reads_it() -> ProcessJobConfiguration:
        async with get_client() as client:
            pool = await client.read_work_pool(WORK_POOL)
            return await ProcessJobConfiguration.from_template_and_values(pool.base_job_template, asked, client=client)

    ensure_work_pool(server)
    with httpx.Client(base_url=server.prefect_api_url, trust_env=False, timeout=60) as client:
        client.auth = httpx.BasicAuth(*str(server.prefect_secret).split(":", 1))
        own = client.get("/collections/views/aggregate-worker-metadata").json()["prefect"]["process"]
        template = own["default_base_job_configuration"]
        client.patch(f"/work_pools/{WORK_POOL}", json={"base_job_template": template}).raise_for_status()
        assert asyncio.run(as_the_worker_reads_it()).command == asked["command"], "so Prefect's own template is open"
    ensure_work_pool(server)
    closed = asyncio.run(as_the_worker_reads_it())
    assert (closed.command, closed.env, closed.working_dir, closed.labels) == (None, {}, None, {})


def test_a_run_of_our_deployment_is_still_taken(server: PrefectSettings) -> None:
    ensure_work_pool(server)
    ensure_deployment(server)
    runs = PrefectRuns(server)
    run = runs.request_training("a test", key=f"test:{uuid.uuid4()}")
    assert run.id in {one.id for one in runs.under_way()}
    runs.give_up(run.id, "the test is over")
