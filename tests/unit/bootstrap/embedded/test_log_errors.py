"""Errors are found in the logs of every service, as each writes them, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from bootstrap.embedded.log_errors import LogWatch, errors
from bootstrap.embedded.services import SERVICES

# As they were logged; long lines are cut.
WELL = {
    "s3": """\
I1128 16:21:50.286519 lock_ring_manager.go:159 LockRing: broadcasting ring update for group "" version 1795882910
W1128 16:18:49.830072 s3_sse_s3.go:861 SSE-S3 KeyManager: neither s3.sse.kek.passphrase nor WEED_S3_SSE_KEK_PASSPHRASE
""",
    "mongo": """\
2026-11-28 16:18:47,235 - nx_27017 - INFO - [21772] - NeoSQLite returned: ['ok', 'ERROR']
2026-11-28 16:07:12,776 - neosqlite.collection.query_engine - WARNING - [8817] - SQL tier 2 aggregation fallback: error
""",
    "mlflow": """\
2026/11/28 16:22:01 INFO:     127.0.0.1:49288 - "GET /api/2.0/mlflow/runs/search?filter=ERROR HTTP/1.1" 400 Bad Request
2026/11/28 16:19:44 INFO mlflow.store.db.utils: Creating initial MLflow database tables...
""",
    "prefect": """\
16:10:30.001 | INFO    | prefect.server - no ERROR so far
16:10:31.748 | WARNING | prefect.server.services - late
""",
    "evidently": 'INFO:     127.0.0.1:48032 - "POST /api/v2/projects HTTP/1.1" 201 Created\n',
    "setup": "setup: ready: schema 5fb0ec66\n",
    "prefect-worker": """\
[launch prefect-worker] waiting for prefect: http://127.0.0.1:18522/api/health does not answer: [Errno 111]
Worker '20261128T161833Z-21639' started!
""",
    "mlserver": "2026-11-28 16:21:36,172 INFO mlserver.rest: HTTP server running on http://127.0.0.1:18524\n",
    "monitor": "2026-11-28 16:22:01,371 INFO callwise.monitor: trial: no champion yet.\n",
    "backup": "2026-11-28 02:00:08,095 INFO callwise.backup: backup: made at 2026-11-28 02:00:00 UTC, 2.6 MB in 8 s.\n",
    "api": "2026-11-28 16:21:34,429 INFO uvicorn.error: Uvicorn running on http://127.0.0.1:18519\n",
    "app": "2026-11-28 16:21:34.429 No runtime found, using MemoryCacheStorageManager\n",
    "supervisord": "2026-11-28 16:21:18,008 INFO exited: setup (exit status 0; expected)\n",
}
BAD = {
    "s3": """\
E1128 16:18:49.830072 filer_grpc_server.go:77 CreateEntry /buckets/x: no free volumes left
F1128 16:18:49.830072 master.go:12 Master startup error: bind: address already in use
panic: runtime error: invalid memory address or nil pointer dereference
""",
    "mongo": """\
2026-11-28 16:18:47,235 - nx_27017 - ERROR - [21772] - Error handling query: database is locked
Traceback (most recent call last):
""",
    "mlflow": """\
2026/11/28 16:22:01 ERROR:    Exception in ASGI application
2026/11/28 16:28:13 ERROR mlflow.server: boom
""",
    "prefect": """\
16:10:34.748 | ERROR   | docket.dependencies - ↩ [    12ms] mark_deployments_ready(work_queue_ids=...){mark_deploym
Traceback (most recent call last):
16:22:28.883 | ERROR   | prefect.server.utilities.worker_channel - Worker channel heartbeat persistence failed: work_p
16:22:29.001 | CRITICAL | prefect.server - out of memory
""",
    "evidently": """\
ERROR:    Exception in ASGI application
ERROR - 2026-11-28 16:28:16,929 - litestar - config - Uncaught exception (connection_type=http, path=/api/projects):
""",
    "setup": "Traceback (most recent call last):\n",
    "prefect-worker": """\
16:23:01.118 | ERROR   | prefect.flow_runs.worker - Flow run 1e5f could not be submitted
  | Traceback (most recent call last):
""",
    "mlserver": """\
2026-11-28 16:21:36,172 ERROR serving.models: version 3 is refused
2026-11-28 16:21:36,172 CRITICAL mlserver: no models
""",
    "backup": "2026-11-28 02:00:08,095 ERROR callwise.backup: backup failed and is tried again in an hour: no space\n",
    "monitor": """\
2026-11-28 16:22:01,203 ERROR callwise.monitor: parity failed and is tried again every 86400 s: The scoring service did
Fatal Python error: Segmentation fault
""",
    "api": "2026-11-28 16:22:01,203 ERROR callwise.api: GET /api/kinds failed\n",
    "app": """\
2026-11-28 16:28:21.044 ERROR streamlit.error_util: Uncaught app execution
Traceback (most recent call last):
""",
    "supervisord": """\
2026-11-28 16:18:34,769 CRIT Supervisor is running as root.  Privileges were not dropped because no user is specified
2026-11-28 16:18:34,769 WARN exited: prefect (terminated by SIGKILL; not expected)
""",
}
TRACEBACK = '  File "/srv/x.py", line 3, in run\n    raise ValueError("ERROR")\nValueError: ERROR\n'


@pytest.mark.parametrize("log", WELL)
def test_what_a_service_says_when_all_is_well_is_no_error(log: str) -> None:
    assert list(errors(WELL[log].splitlines())) == []


@pytest.mark.parametrize("log", BAD)
def test_every_error_of_a_service_is_found_with_its_line(log: str) -> None:
    lines = [*WELL[log].splitlines(), *BAD[log].splitlines(), *TRACEBACK.splitlines()]
    bad = BAD[log].splitlines()
    first = len(WELL[log].splitlines()) + 1
    assert list(errors(lines)) == list(enumerate(bad, first))


def test_every_service_is_among_them() -> None:
    names = {service.name for service in SERVICES} | {"supervisord"}
    assert WELL.keys() == BAD.keys() == names


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    (tmp_path / "monitor.log").write_text(BAD["monitor"])
    (tmp_path / "prefect.log").write_text(BAD["prefect"])
    return tmp_path


def add(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_only_what_comes_later_is_heard(logs: Path) -> None:
    listening = LogWatch(logs)
    assert listening.new_errors() == []
    add(logs / "monitor.log", WELL["monitor"] + BAD["monitor"])
    add(logs / "app.log", BAD["app"])  # a log that was not there yet
    heard = [str(fault)[:45] for fault in listening.new_errors()]
    assert heard == [
        "app.log, line 1: 2026-11-28 16:28:21.044 ERRO",
        "app.log, line 2: Traceback (most recent call ",
        "monitor.log, line 4: 2026-11-28 16:22:01,203 ",
        "monitor.log, line 5: Fatal Python error: Segm",
    ]


def test_it_goes_on_through_a_rotation(logs: Path) -> None:
    listening = LogWatch(logs)
    add(logs / "prefect.log", "16:30:00.000 | ERROR   | before\n")
    (logs / "prefect.log").rename(logs / "prefect.log.1")
    add(logs / "prefect.log", "16:31:00.000 | ERROR   | after\n")
    heard = [(fault.log, fault.number, fault.line[-6:].strip()) for fault in listening.new_errors()]
    assert heard == [("prefect.log", 1, "after"), ("prefect.log.1", 5, "before")]


def test_a_log_that_was_rotated_away_is_no_silence(logs: Path) -> None:
    listening = LogWatch(logs)
    add(logs / "new", "")  # so that the file's number is not given again
    (logs / "new").rename(logs / "kept")
    (logs / "prefect.log").unlink()
    assert [(fault.log, fault.line) for fault in listening.new_errors()] == [
        ("prefect.log", "what followed is rotated away")
    ]
