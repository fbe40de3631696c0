"""Real stores for the tests: `python -m bootstrap.demo.testbed COMMAND…` runs a command beside them.

Starts MongoDB's, S3's, MLflow's, Prefect's and Evidently's embedded servers in a state folder of its own, names them in
the command's environment, and ends them with it. An address that the environment already names is left as it is, so
the same tests run on a MongoDB or an S3 server of yours.
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
    *("MLFLOW_TRACKING_URI", "PREFECT_API_URL", "EVIDENTLY_URL"),
)


def say(status: Status) -> None:
    """One line when a server is well."""
    if status.state == "healthy":
        print(f"testbed: {status.service.label} is up", flush=True)


def main(command: list[str]) -> int:
    """Run `command` beside the servers; its exit code."""
    if not command:
        print("usage: python -m bootstrap.demo.testbed COMMAND [ARGUMENT …]", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="callwise-test-") as folder, _appliance(Path(folder)) as appliance:
        Watch(appliance).wait_healthy(say)
        # Telemetry switches and the tools' own folders come along; Callwise's settings are each test's own.
        settings = appliance.environment("tests")
        env = {name: value for name, value in settings.items() if not name.startswith("CALLWISE_")}
        s3 = load(S3Settings, env)
        ObjectStore(s3, s3.s3_bucket_models).ensure()  # MLflow keeps artifacts there, whichever test comes first
        # Whoever ends the testbed ends the tests; nothing else is between them.
        beside = {**os.environ, **env, **_named()}
        return subprocess.run(command, env=beside, check=False, preexec_fn=tie_to_parent).returncode


def _appliance(folder: Path) -> Appliance:
    return Appliance(folder / "state", services=SERVICES)


def _named() -> dict[str, str]:
    """Addresses that the environment already has, which go before ours."""
    return {name: os.environ[name] for name in NAMED if name in os.environ}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
