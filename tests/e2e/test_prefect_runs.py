"""The monitor's way to Prefect, on the Prefect server that the environment names."""

import os

import pytest

from bootstrap.orchestration import ensure_deployment, ensure_work_pool
from monitor.prefect_runs import PrefectRuns
from tests.prefect_cases import check_flows


def test_the_real_prefect_does_what_flows_do() -> None:
    if "PREFECT_API_URL" not in os.environ:
        pytest.skip("PREFECT_API_URL names no server; scripts/test starts one")
    url = os.environ["PREFECT_API_URL"]
    ensure_work_pool(url)
    ensure_deployment(url)
    check_flows(PrefectRuns(url))
