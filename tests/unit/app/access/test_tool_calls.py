"""What a call to a tool does: what pages ask is reading, the rest is named or closed, whatever the tool can do."""

from __future__ import annotations

import re

import pytest

from app.access.tool_calls import CHANGES, READING_POSTS, Call, Tool, call_of

CHANGING = ("POST", "PUT", "PATCH", "DELETE")
# What a request could make a tool do to others: execute, fetch, or take in the files of a model.
DANGEROUS = {
    Tool.PREFECT: (
        *("POST /api/deployments/", "PATCH /api/deployments/x", "POST /api/deployments/x/schedules"),
        *("POST /api/flow_runs/", "PATCH /api/flow_runs/x", "POST /api/deployments/x/create_flow_run/bulk"),
        *("POST /api/work_pools/", "PATCH /api/work_pools/callwise", "DELETE /api/work_pools/callwise"),
        *("POST /api/block_documents/", "POST /api/block_documents/filter", "PATCH /api/block_documents/x"),
        *("POST /api/automations/", "PUT /api/automations/x", "PATCH /api/automations/x", "POST /api/variables/"),
        *("POST /api/work_pools/callwise/get_scheduled_flow_runs", "POST /api/events", "PUT /api/admin/storage"),
        *("POST /api/task_runs/", "POST /api/logs/", "POST /api/work_pools/callwise/workers/heartbeat"),
    ),
    Tool.MLFLOW: (
        *("POST /api/2.0/mlflow/model-versions/create", "POST /ajax-api/2.0/mlflow/model-versions/create"),
        *("PUT /api/2.0/mlflow-artifacts/artifacts/1/models/m-1/artifacts/model.skops",),
        *("DELETE /api/2.0/mlflow-artifacts/artifacts/1/x", "POST /api/2.0/mlflow-artifacts/mpu/create/1/x"),
        *("POST /ajax-api/2.0/mlflow/upload-artifact", "POST /ajax-api/2.0/mlflow/gateway-proxy"),
        *(
            "POST /api/2.0/mlflow/webhooks",
            "POST /api/2.0/mlflow/webhooks/x/test",
            "POST /api/2.0/mlflow/runs/log-model",
        ),
        *("POST /ajax-api/3.0/mlflow/gateway/secrets/create", "POST /ajax-api/3.0/mlflow/scorer/invoke"),
        *("DELETE /api/2.0/mlflow/registered-models/delete", "DELETE /api/2.0/mlflow/model-versions/delete"),
        *("POST /ajax-api/2.0/mlflow/artifacts/presigned-upload-url",),
    ),
    Tool.EVIDENTLY: ("POST /api/llm_judges/prompt_template", "POST /api/datasets/materialize", "POST /api/artifacts"),
}


def prefect_calls() -> set[tuple[str, str]]:
    from prefect.server.api.server import create_api_app

    paths = create_api_app().openapi()["paths"]
    return {(method.upper(), f"/api{path}") for path, calls in paths.items() for method in calls if method != "get"}


def mlflow_calls() -> set[tuple[str, str]]:
    from mlflow.server.handlers import get_endpoints

    found = {(method, path) for path, _, methods in get_endpoints() for method in methods if method != "GET"}
    return found | {("POST", "/graphql")}


def filled(path: str) -> str:
    """A path with a name in the place of each variable."""
    return re.sub(r"\{[^}]*\}|<[^>]*>", "a1b2-c3", path)


@pytest.mark.parametrize(("tool", "calls"), [(Tool.PREFECT, prefect_calls), (Tool.MLFLOW, mlflow_calls)])
def test_each_pattern_is_of_a_call_that_this_version_of_the_tool_has(tool: Tool, calls: object) -> None:
    known = {(method, filled(path)) for method, path in calls()}  # type: ignore[operator]
    assert len(known) > 100
    reading = {path for method, path in known if method == "POST" and call_of(tool, method, path) is Call.READS}
    words = r"filter|count|paginate|search|history|lateness|get-latest|metrics|ui/|graphql|batchGet|correlation|_status"
    assert all(re.search(words, path) for path in reading), "a POST that reads says so in its name"
    for pattern in READING_POSTS[tool]:
        assert any(re.fullmatch(pattern, path) for path in reading), pattern
    for pattern in CHANGES[tool]:
        assert any(re.fullmatch(pattern, path) for _, path in known), pattern


@pytest.mark.parametrize(("tool", "call"), [(tool, call) for tool, calls in DANGEROUS.items() for call in calls])
def test_what_reaches_past_the_tool_is_closed_to_everybody(tool: Tool, call: str) -> None:
    method, path = call.split(" ")
    assert call_of(tool, method, path) is Call.CLOSED


@pytest.mark.parametrize(
    ("tool", "call"),
    [
        (Tool.PREFECT, "POST /api/deployments/6f1/create_flow_run"),
        (Tool.PREFECT, "POST /api/flow_runs/6f1/set_state"),
        (Tool.PREFECT, "POST /api/deployments/6f1/pause_deployment"),
        (Tool.MLFLOW, "POST /ajax-api/2.0/mlflow/runs/set-tag"),
        (Tool.MLFLOW, "DELETE /ajax-api/2.0/mlflow/registered-models/alias"),
        (Tool.MLFLOW, "PATCH /api/2.0/mlflow/model-versions/update"),
        (Tool.EVIDENTLY, "DELETE /api/projects/0190-ab"),
        (Tool.EVIDENTLY, "POST /api/projects/"),
    ],
)
def test_what_an_engineer_may_do_changes_and_reads_nothing(tool: Tool, call: str) -> None:
    assert call_of(tool, *call.split(" ")) is Call.CHANGES


@pytest.mark.parametrize("tool", Tool)
def test_looking_at_a_page_is_reading_and_no_other_method_is(tool: Tool) -> None:
    for method in ("GET", "HEAD"):
        assert call_of(tool, method, "/anything") is Call.READS
    for method in ("OPTIONS", "TRACE", "CONNECT", "get", "POST ", "", *CHANGING):
        assert call_of(tool, method, "/anything") is Call.CLOSED


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/api/block_documents/6f1",
            "/api/block_documents/",
            "/api/block%5fdocuments/6f1",
            "//api//block_documents/6f1",
        ),
        *("/api/block_types/slug/secret/block_documents", "/api/block_types/slug/secret/block_documents/name/x"),
        "/api/block_documents/6f1%0a",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
def test_what_may_hold_secrets_is_closed_to_a_get_too(method: str, path: str) -> None:
    assert call_of(Tool.PREFECT, method, path) is Call.CLOSED
    assert call_of(Tool.PREFECT, "POST", "/api/block_documents/count") is Call.READS


@pytest.mark.parametrize(
    "path",
    [
        *("/api//flow_runs/filter", "/api/flow_runs/filter/", "/api/flow_runs/filter/../../deployments/"),
        *("/api/flow_runs/%2e%2e/filter", "/api/flow_runs/filter%2f..%2f..%2fdeployments", "/API/flow_runs/filter"),
        *("/api/flow_runs/filter\n", "/api/flow_runs/filter;/api/deployments/", "http://x/api/flow_runs/filter"),
    ],
)
def test_a_path_that_is_written_otherwise_is_closed(path: str) -> None:
    assert call_of(Tool.PREFECT, "POST", path) is Call.CLOSED
