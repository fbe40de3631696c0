"""Which calls of MLflow, Prefect and Evidently read, which change something, and which nobody makes through the door.

The lists are closed: a path that no pattern matches is refused, also one of a later version of the tool. The patterns
are matched against the path as it was sent, so `//`, `..` or `%2F` never fit a call that changes something.
"""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import unquote

from core.accounts.account import Role


class Tool(StrEnum):
    """A tool with pages of its own."""

    MLFLOW = "mlflow"
    PREFECT = "prefect"
    EVIDENTLY = "evidently"


class Call(StrEnum):
    """What a call does."""

    READS = "reads"
    CHANGES = "changes"
    CLOSED = "closed"


ROLES = {Call.READS: Role.MANAGER, Call.CHANGES: Role.ENGINEER}
"""The lowest role that may make a call. Nobody may make one that is closed."""

_NAME = r"[A-Za-z0-9_-]+"
_MLFLOW = r"/(?:ajax-)?api/[23]\.0/?mlflow"  # one path of MLflow lacks the slash

READING_POSTS = {
    Tool.MLFLOW: (
        rf"{_MLFLOW}/(?:experiments|runs|logged-models|traces|issues|datasets|prompt-optimization/jobs)/search",
        rf"{_MLFLOW}/experiments/search-datasets",
        rf"{_MLFLOW}/registered-models/get-latest-versions",
        rf"{_MLFLOW}/traces/(?:batchGetInfos|calculate-filter-correlation|metrics)",
        r"/graphql",  # its only mutations search runs and repeat a word
    ),
    Tool.PREFECT: (
        r"/api/(?:flows|flow_runs|task_runs|deployments|artifacts)/(?:filter|paginate|count)",
        rf"/api/(?:flow_runs|task_runs)/(?:history|lateness)|/api/flow_runs/{_NAME}/input/filter",
        r"/api/(?:variables|automations|work_pools|artifacts/latest)/(?:filter|count)",
        r"/api/(?:saved_searches|logs|concurrency_limits|v2/concurrency_limits|task_workers|work_queues|events)/filter",
        r"/api/(?:block_types|block_schemas)/filter|/api/block_documents/count",  # documents may hold secrets
        rf"/api/work_pools/{_NAME}/(?:queues|workers)/filter",
        rf"/api/(?:work_pools|work_queues)/{_NAME}/concurrency_status",
        rf"/api/events/count-by/{_NAME}",
        rf"/api/ui/(?:flows|flow_runs|schemas|task_runs)/{_NAME}|/api/ui/task_runs/dashboard/counts",
    ),
    Tool.EVIDENTLY: (),
}
"""POST requests that only ask: the tools' pages need them to show anything."""

SECRETS = {Tool.PREFECT: (r"[\s\S]*/block_documents(?!/count$)[\s\S]*",)}
"""Paths whose answers may hold secrets, also to a GET."""

CHANGES = {
    # Experiments, runs and the registry's words. Not the files of models, new versions, webhooks and gateways: what is
    # served comes from training alone, and the server asks no other address on somebody's behalf.
    Tool.MLFLOW: (
        rf"{_MLFLOW}/experiments/(?:create|update|delete|restore|set-experiment-tag|delete-experiment-tag)",
        rf"{_MLFLOW}/runs/(?:update|delete|restore|set-tag|delete-tag)",
        rf"{_MLFLOW}/registered-models/(?:update|set-tag|delete-tag|alias)",
        rf"{_MLFLOW}/model-versions/(?:update|set-tag|delete-tag|transition-stage)",
    ),
    # A deployment that exists may be run and paused, and its runs stopped or taken up again. Deployments, work pools,
    # blocks, variables and automations come from set-up alone, because they say what the worker executes.
    Tool.PREFECT: (
        rf"/api/deployments/{_NAME}/(?:create_flow_run|pause_deployment|resume_deployment)",
        rf"/api/flow_runs/{_NAME}/(?:set_state|resume)|/api/flow_runs/bulk_set_state",
    ),
    Tool.EVIDENTLY: (rf"/api/(?:v2/)?(?:projects|dashboards)(?:/{_NAME})*/?",),
}
"""Calls by POST, PUT, PATCH or DELETE that an engineer may make."""


def call_of(tool: Tool, method: str, path: str) -> Call:
    """What `method` on `path`, without its query, does. Reading by GET is open to whoever may look at the tool."""
    if _fits(SECRETS.get(tool, ()), unquote(path)):
        return Call.CLOSED
    if method in ("GET", "HEAD"):
        return Call.READS
    if method == "POST" and _fits(READING_POSTS[tool], path):
        return Call.READS
    if method in ("POST", "PUT", "PATCH", "DELETE") and _fits(CHANGES[tool], path):
        return Call.CHANGES
    return Call.CLOSED


def _fits(patterns: tuple[str, ...], path: str) -> bool:
    return any(re.fullmatch(pattern, path) for pattern in patterns)
