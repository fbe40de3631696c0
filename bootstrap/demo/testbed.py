"""Real stores for the tests: `python -m bootstrap.demo.testbed COMMAND…` runs a command beside them.

Starts the embedded servers of MongoDB, S3, MLflow, Prefect and Evidently in a new state folder, puts their addresses
into the command's environment, and ends them after it. An address that the environment already has stays, so the same
tests can run on your own MongoDB or S3 server.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.processes import tie_to_parent
from bootstrap.embedded.watch import Status, Watch
from core.settings.addresses import S3Settings
from core.settings.loading import load
from core.stores.object_store import ObjectStore

SERVICES = ("s3", "mongo", "mlflow", "prefect", "evidently")
NAMED = (
    *("MONGODB_URI", "S3_ENDPOINT_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY", "S3_BUCKET_DATASETS", "S3_BUCKET_MODELS"),
    *("MLFLOW_TRACKING_URI", "PREFECT_API_URL", "PREFECT_API_AUTH_STRING", "EVIDENTLY_URL"),
)


def print_line(status: Status) -> None:
    """Print a line when a server is well."""
    if status.state == "healthy":
        print(f"testbed: {status.service.label} is up", flush=True)


def main(command: list[str]) -> int:
    """Run `command` beside the servers; returns its exit code."""
    if not command:
        print("usage: python -m bootstrap.demo.testbed COMMAND [ARGUMENT …]", file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="callwise-test-") as folder,
        Appliance(Path(folder) / "state", services=SERVICES) as appliance,
    ):
        Watch(appliance).wait_healthy(print_line)
        # Includes telemetry switches and the tools' folders; each test sets Callwise's settings itself.
        settings = appliance.environment("tests")
        env = {name: value for name, value in settings.items() if not name.startswith("CALLWISE_")}
        s3 = load(S3Settings, env)
        ObjectStore(s3, s3.s3_bucket_models).ensure()  # MLflow stores artifacts there from the first test on
        given = {name: os.environ[name] for name in NAMED if name in os.environ}  # go before our own addresses
        # The kernel ends the tests together with the testbed.
        beside = {**os.environ, **env, **given}
        return subprocess.run(command, env=beside, check=False, preexec_fn=tie_to_parent).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
