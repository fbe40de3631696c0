"""Prefect's command line for a worker, with its figures for Prometheus: `python prefect_worker.py worker start …`.

`PREFECT_CLIENT_METRICS_ENABLED` would give them too. But each run is a process of its own that inherits the worker's
variables: it would find the port taken, and crash before its first line.
"""

from __future__ import annotations

import os
import sys

from prometheus_client import start_http_server

PORT = "CALLWISE_WORKER_METRICS_PORT"
"""The variable with the port. Without it there are no figures."""


def serve_figures() -> None:
    """Answer with this process's figures, where the environment names a port. Raises OSError if the port is taken."""
    if port := os.environ.pop(PORT, ""):  # taken out, so that no run sees it
        start_http_server(int(port))


if __name__ == "__main__":
    serve_figures()
    from prefect.cli import app

    sys.exit(app())
