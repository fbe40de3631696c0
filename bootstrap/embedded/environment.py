"""The environment of each service of the embedded appliance: addresses, secrets and its tool's settings, nothing else.

The caller's AWS profile, Prefect login or ~/.streamlit must not change the appliance, and the appliance must not write
there. So the environment starts from a short list of what a process needs from its machine, HOME is in the state
folder, and telemetry is off in every tool.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bootstrap.embedded.ports import HOST
from bootstrap.embedded.processes import MARK_SERVICE, MARK_STATE
from bootstrap.embedded.services import Service
from bootstrap.embedded.state import StateFolder

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

INHERITED = frozenset(
    {
        *("PATH", "LANG", "LANGUAGE", "TZ", "TERM", "TMPDIR", "USER", "LOGNAME", "LD_LIBRARY_PATH", "OMP_NUM_THREADS"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"),
    }
)

FILES = ("CALLWISE_SCHEMA", "CALLWISE_ECONOMY_SERIES", "CALLWISE_BACKUP_FOLDER")
"""Settings that name a file or folder of the caller's."""

NO_TELEMETRY = {
    "DO_NOT_TRACK": "true",  # MLflow, Prefect, Evidently (consoledonottrack.com)
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "EVIDENTLY_DISABLE_TELEMETRY": "1",
    "ITERATIVE_DO_NOT_TRACK": "1",  # the library through which Evidently and DVC send
    "DVC_NO_ANALYTICS": "1",
    "GX_ANALYTICS_ENABLED": "false",
    "DISABLE_DEEPCHECKS_ANONYMOUS_TELEMETRY": "true",
    "DISABLE_LATEST_VERSION_CHECK": "true",  # Deepchecks
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}


def settings(state: StateFolder, ports: Mapping[str, int]) -> dict[str, str]:
    """Every setting of this appliance, by its name in `core.settings.loading`."""
    return {
        "MONGODB_URI": f"mongodb://{HOST}:{ports['mongo']}",
        "MONGODB_DATABASE": "callwise",
        "S3_ENDPOINT_URL": f"http://{HOST}:{ports['s3']}",
        "S3_BUCKET_DATASETS": "callwise-datasets",
        "S3_BUCKET_MODELS": "callwise-models",
        "MLFLOW_TRACKING_URI": f"http://{HOST}:{ports['mlflow']}",
        "PREFECT_API_URL": f"http://{HOST}:{ports['prefect']}/api",
        "MLSERVER_URL": f"http://{HOST}:{ports['mlserver']}",
        "EVIDENTLY_URL": f"http://{HOST}:{ports['evidently']}",
        "CALLWISE_DATA_REGISTRY": str(state.path / "registry"),
        "CALLWISE_SPOOL_DIR": str(state.path / "spool"),
        "CALLWISE_MONITOR_PORT": str(ports["monitor"]),
        "CALLWISE_BACKUP_PORT": str(ports["backup"]),
        "CALLWISE_API_PORT": str(ports["api"]),
        **state.secrets(),
    }


def values(state: StateFolder) -> dict[str, str]:
    """The values for the braces in `bootstrap.embedded.services`: settings, ports, paths, and this start's name."""
    appliance = state.read_json("appliance.json")
    ports: dict[str, int] = appliance["ports"]
    return {
        "start": appliance["start"],
        **settings(state, ports),
        **{name: str(port) for name, port in ports.items()},
        "state": str(state.path),
        "root": str(ROOT),
        "sockets": str(state.sockets),
        "supervisor": str(state.sockets / "supervisor.sock"),
    }


def base(state: StateFolder, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment that all services share, with little of the caller's `inherited` one.

    CALLWISE_ variables of the caller pass, so that a person can set, say, CALLWISE_CLAIM_MINUTES for the demo.
    """
    taken = {
        name: value for name, value in inherited.items() if name in INHERITED or name.startswith(("LC_", "CALLWISE_"))
    }
    # A service runs in a folder of its own, where a path relative to the caller's leads nowhere.
    taken |= {name: str(Path(taken[name]).resolve()) for name in FILES if name in taken}
    home = state.path / "home"
    return {
        **taken,
        "PATH": f"{BIN}:{taken.get('PATH', '/usr/bin:/bin')}",
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
        "HOME": str(home),
        "PREFECT_HOME": str(state.path / "prefect"),
        "DVC_SITE_CACHE_DIR": str(home / "dvc"),
        "MPLCONFIGDIR": str(home / "matplotlib"),
        "MPLBACKEND": "Agg",
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PYTHONPATH": str(ROOT),
        "CALLWISE_BACKUP_OF": str(state.path),
        # Beside the state folder, so that neither a reset nor a restore touches them.
        "CALLWISE_BACKUP_FOLDER": taken.get("CALLWISE_BACKUP_FOLDER", f"{state.path}.backups"),
        "CALLWISE_BACKUP_SCRATCH": str(state.path / "backup"),
        "PYTHONUNBUFFERED": "1",
        "NO_COLOR": "1",
        "OPENBLAS_NUM_THREADS": "1",  # each service is one of many; their small products gain nothing from more threads
        **NO_TELEMETRY,
        MARK_STATE: str(state.path),
    }


def service_environment(service: Service, shared: Mapping[str, str], filled: Mapping[str, str]) -> dict[str, str]:
    """The environment of one service: the shared one, the settings that it reads, and its tool's settings."""
    common = ("MONGODB_DATABASE", "S3_BUCKET_DATASETS", "S3_BUCKET_MODELS")
    return {
        **shared,
        **{name: filled[name] for name in (*common, *service.reads)},
        **{name: template.format_map(filled) for name, template in service.environment.items()},
        "PATH": f"{programs(service)}:{shared['PATH']}",
        MARK_SERVICE: service.name,
    }


def command(service: Service, filled: Mapping[str, str]) -> list[str]:
    """The service's argv, with the program as a path in its virtual environment."""
    program, *arguments = (word.format_map(filled) for word in service.command)
    return [str(programs(service) / program), *arguments]


def programs(service: Service) -> Path:
    """The folder of the service's program: in this virtual environment or its own (`scripts/install`)."""
    return ROOT / service.venv / "bin" if service.venv else BIN


def remove_litter(service: Service, filled: Mapping[str, str]) -> None:
    """Remove the files that an ended process of the service may have left."""
    for template in service.litter:
        Path(template.format_map(filled)).unlink(missing_ok=True)


def write_tool_files(state: StateFolder, ports: Mapping[str, int]) -> None:
    """The settings that SeaweedFS and MLServer read from files."""
    keys = state.secrets()
    credentials = {"accessKey": keys["S3_ACCESS_KEY"], "secretKey": keys["S3_SECRET_KEY"]}
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    identity = {"name": "callwise", "credentials": [credentials], "actions": actions}
    state.write("s3/identities.json", {"identities": [identity]})
    # The scoring service writes its server's settings; as a command, because services do not import each other.
    own = {"--http-port": "mlserver", "--grpc-port": "mlserver_grpc", "--metrics-port": "mlserver_metrics"}
    options = [word for option, name in own.items() for word in (option, str(ports[name]))]
    folder = str(state.path / "mlserver")
    subprocess.run([sys.executable, "-P", "-m", "serving.config", folder, *options], cwd=ROOT, env=_bare(), check=True)


def _bare() -> dict[str, str]:
    """The environment for a command that reads no setting."""
    return {"PYTHONPATH": str(ROOT), "PATH": f"{BIN}:/usr/bin:/bin"}
