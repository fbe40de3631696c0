"""The list of the appliance's services: command, needs, ports, settings and health check of each.

The list is data only, so that it can be read, compared with the compose file and tested without a start. The state
folder's ports and secrets fill the words in braces (`bootstrap.embedded.environment`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bootstrap import WORK_POOL
from bootstrap.embedded.ports import HOST
from bootstrap.embedded.probes import S3, Http, Mongo, PrefectWorker, Probe
from bootstrap.embedded.supervisor import Finished

MONGO = ("MONGODB_URI",)
STORE = ("S3_ENDPOINT_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY")
REGISTRY = ("MLFLOW_TRACKING_URI",)
FLOWS = ("PREFECT_API_URL", "PREFECT_API_AUTH_STRING")
SCORING = ("MLSERVER_URL",)
REPORTS = ("EVIDENTLY_URL",)
DATASETS = ("CALLWISE_DATA_REGISTRY",)
ERASURE = ("CALLWISE_ERASURE_KEY",)
SECOND_FACTOR = ("CALLWISE_SECOND_FACTOR_KEY",)
CONTACTS = ("CALLWISE_CONTACT_KEY",)
FIRST_ACCOUNT = ("ADMIN_PASSWORD",)
SIGNING = ("CALLWISE_SIGNING_KEY",)
VERIFYING = ("CALLWISE_VERIFYING_KEY",)
ROUTING = ("CALLWISE_SPOOL_DIR", "CALLWISE_ROUTING_KEY")
BACKUP = ("CALLWISE_BACKUP_PASSPHRASE", "CALLWISE_BACKUP_PORT")


@dataclass(frozen=True)
class Service:
    """One process of the embedded appliance.

    `command`: argv, with a program of its virtual environment. `venv`: the folder of that environment in the checkout,
    if it is not the common one. `needs`: services that must be well before it starts. `ports`: names of its loopback
    ports, the main one first. `address`: the variable with its address. `reads`: the only settings that it gets.
    `environment`: its tool's settings. `one_shot`: it ends on its own, and status 0 means that it is well.
    `keeps_children`: its children may outlive its crash. `stop_seconds`: seconds from the request to end to the kill.
    `litter`: files that it may leave, removed before its start and after the stop of all.
    """

    name: str
    label: str
    command: tuple[str, ...]
    health: Probe
    venv: str = ""
    needs: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    address: str = ""
    reads: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    one_shot: bool = False
    keeps_children: bool = False
    stop_seconds: int = 15
    litter: tuple[str, ...] = ()


SERVICES = (
    Service(
        name="s3",
        label="S3 storage (SeaweedFS)",
        command=(
            *("weed", "-logtostderr=true", "-config_dir={state}/s3", "server", "-dir={state}/s3/data"),
            *(f"-ip={HOST}", f"-ip.bind={HOST}"),
            *("-master.port={master}", "-master.port.grpc={master_grpc}"),
            *("-volume.port={volume}", "-volume.port.grpc={volume_grpc}"),
            *(
                "-filer",
                "-filer.port={filer}",
                "-filer.port.grpc={filer_grpc}",
                "-filer.localSocket={sockets}/filer.sock",
            ),
            *("-s3", "-s3.port={s3}", "-s3.port.grpc={s3_grpc}", "-s3.localSocket={sockets}/s3.sock"),
            # Only S3 with our key: no file browser, no table catalogs, no key management.
            *("-filer.disableHttp", "-s3.config={state}/s3/identities.json", "-s3.iam=false"),
            *("-s3.port.iceberg=0", "-s3.port.lance=0", "-s3.autoCreateBucket=false"),
            *("-s3.allowDeleteBucketNotEmpty=false", "-master.telemetry=false"),
            # A bucket grows by seven volumes at a time; volumes are small, so that a few buckets do not need terabytes.
            *("-master.volumeSizeLimitMB=256", "-volume.max=200", "-volume.preStopSeconds=0"),
            # The volumes report all to this only master; with resumeState it waits 20 s for its earlier self.
            "-master.resumeState=false",
        ),
        health=S3(),
        ports=("s3", "s3_grpc", "master", "master_grpc", "volume", "volume_grpc", "filer", "filer_grpc"),
        address="S3_ENDPOINT_URL",
        # It stops answering at once but needs 15 s to end; everything acknowledged is already in files.
        stop_seconds=3,
        # One for each gRPC port, always in /tmp, and left there after a kill.
        litter=(
            "/tmp/seaweedfs-master-grpc-{master_grpc}.sock",  # noqa: S108
            "/tmp/seaweedfs-volume-grpc-{volume_grpc}.sock",  # noqa: S108
            "/tmp/seaweedfs-filer-grpc-{filer_grpc}.sock",  # noqa: S108
            "/tmp/seaweedfs-s3-grpc-{s3_grpc}.sock",  # noqa: S108
        ),
    ),
    Service(
        name="mongo",
        label="MongoDB (NX-27017)",
        command=(
            *("nx-27017", "--data-dir", "{state}/mongo", "--host", HOST, "--port", "{mongo}"),
            *("--pid-file", "{state}/run/mongo/pid", "--log-file", "{state}/run/mongo/log"),
        ),
        health=Mongo(),
        ports=("mongo",),
        address="MONGODB_URI",
        litter=("{state}/run/mongo/pid",),
    ),
    Service(
        name="mlflow",
        label="MLflow",
        command=(
            *("mlflow", "server", "--host", HOST, "--port", "{mlflow}", "--workers", "1"),
            *("--backend-store-uri", "sqlite:///{state}/mlflow/mlflow.db"),
            *("--artifacts-destination", "s3://{S3_BUCKET_MODELS}"),
        ),
        health=Http("{MLFLOW_TRACKING_URI}/health"),
        needs=("s3",),
        ports=("mlflow",),
        address="MLFLOW_TRACKING_URI",
        environment={
            "MLFLOW_S3_ENDPOINT_URL": "{S3_ENDPOINT_URL}",
            "AWS_ACCESS_KEY_ID": "{S3_ACCESS_KEY}",
            "AWS_SECRET_ACCESS_KEY": "{S3_SECRET_KEY}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "MLFLOW_SERVER_ALLOWED_HOSTS": f"{HOST}:{{mlflow}},localhost:{{mlflow}}",
            "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": f"http://{HOST}:{{mlflow}},http://localhost:{{mlflow}}",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        },
    ),
    Service(
        name="prefect",
        label="Prefect",
        command=(
            *("python", "-P", "{root}/deploy/prefect_server.py", "server", "start"),
            *("--host", HOST, "--port", "{prefect}"),
        ),
        health=Http("{PREFECT_API_URL}/health"),
        ports=("prefect",),
        address="PREFECT_API_URL",
        reads=("PREFECT_API_URL",),
        environment={
            "PREFECT_SERVER_API_AUTH_STRING": "{PREFECT_API_AUTH_STRING}",
            "PREFECT_SERVER_MEMO_STORE_PATH": "{state}/prefect/memo_store.toml",
            # Runs that ended 90 days ago go, with their logs.
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
            "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": f"http://{HOST}:{{prefect}},http://localhost:{{prefect}}",
        },
    ),
    Service(
        name="evidently",
        label="Evidently",
        command=("evidently", "ui", "--host", HOST, "--port", "{evidently}", "--workspace", "{state}/evidently"),
        health=Http("{EVIDENTLY_URL}/api/version"),
        ports=("evidently",),
        address="EVIDENTLY_URL",
    ),
    Service(
        name="setup",
        label="Set-up",
        command=("python", "-m", "bootstrap.setup.steps"),
        health=Finished("setup"),
        needs=("s3", "mongo", "mlflow", "prefect", "evidently"),
        reads=(
            *(MONGO + STORE + REGISTRY + FLOWS + SCORING + REPORTS + DATASETS),
            *(ERASURE + CONTACTS + SECOND_FACTOR + FIRST_ACCOUNT + SIGNING),
        ),
        one_shot=True,
    ),
    Service(
        name="prefect-worker",
        label="Prefect worker",
        command=(
            *("python", "{root}/deploy/prefect_worker.py", "worker", "start"),
            *("--pool", WORK_POOL, "--type", "process", "--name", "{start}"),
            *("--install-policy", "never"),
        ),
        health=PrefectWorker(WORK_POOL, "{start}"),
        needs=("prefect", "setup"),
        reads=MONGO + STORE + REGISTRY + FLOWS + SCORING + REPORTS + DATASETS + ERASURE + SIGNING + VERIFYING,
        environment={
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "PREFECT_WORKER_HEARTBEAT_SECONDS": "10",
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",  # of the runs; see orchestration.ensure_watch
        },
        # A running training continues without its worker and reports to the server itself.
        keeps_children=True,
    ),
    Service(
        name="mlserver",
        label="MLServer",
        command=("python", "-m", "serving", "{state}/mlserver"),
        venv=".venv-serving",
        # The model's description, not its readiness: that needs a champion, which a new appliance has not yet.
        health=Http("{MLSERVER_URL}/v2/models/prospect-scorer"),
        needs=("mongo", "mlflow", "setup"),
        ports=("mlserver", "mlserver_grpc", "mlserver_metrics"),
        address="MLSERVER_URL",
        reads=MONGO + REGISTRY + ROUTING + VERIFYING,
    ),
    Service(
        name="monitor",
        label="Monitor",
        command=("python", "-m", "monitor"),
        health=Http(f"http://{HOST}:{{monitor}}/health"),
        needs=("mongo", "mlflow", "evidently", "setup"),
        ports=("monitor",),
        reads=MONGO + STORE + REGISTRY + FLOWS + SCORING + REPORTS + DATASETS + VERIFYING + ("CALLWISE_MONITOR_PORT",),
        environment={
            "CALLWISE_APP_PAGE": f"http://{HOST}:{{app}}",
            "CALLWISE_MONITOR_HOST": HOST,
            "CALLWISE_BACKUP_URL": f"http://{HOST}:{{backup}}/health",
        },
    ),
    Service(
        name="app",
        label="Call list",
        command=(
            *("streamlit", "run", "{root}/app/main.py", "--server.address", HOST, "--server.port", "{app}"),
            *("--server.headless", "true", "--server.fileWatcherType", "none"),
            *("--browser.gatherUsageStats", "false", "--browser.serverAddress", HOST),
        ),
        health=Http(f"http://{HOST}:{{app}}/_stcore/health"),
        needs=("mongo", "setup"),
        ports=("app", "app_metrics"),
        # VERIFYING: scripts/score --dask opens models
        reads=MONGO + STORE + REGISTRY + SCORING + REPORTS + ERASURE + CONTACTS + SECOND_FACTOR + VERIFYING,
        environment={
            "CALLWISE_APP_METRICS_PORT": "{app_metrics}",
            "CALLWISE_MLFLOW_PAGE": "{MLFLOW_TRACKING_URI}",
            "CALLWISE_PREFECT_PAGE": f"http://{HOST}:{{prefect}}",
            "CALLWISE_EVIDENTLY_PAGE": "{EVIDENTLY_URL}",
            "STREAMLIT_LOGGER_MESSAGE_FORMAT": "%(asctime)s %(levelname)s %(name)s: %(message)s",  # adds the level
        },
    ),
    Service(
        name="api",
        label="API",
        command=("python", "-m", "api"),
        health=Http(f"http://{HOST}:{{api}}/api/health"),
        needs=("mongo", "setup"),
        ports=("api",),
        reads=MONGO + STORE + ERASURE + CONTACTS + ("CALLWISE_API_PORT",),
        environment={"CALLWISE_API_HOST": HOST},
    ),
    Service(
        name="backup",
        label="Backup",
        command=("python", "-m", "bootstrap.backup.daily"),
        health=Http(f"http://{HOST}:{{backup}}/health"),
        needs=("s3", "mongo", "setup"),
        ports=("backup",),
        reads=MONGO + STORE + BACKUP,
    ),
)

BY_NAME = {service.name: service for service in SERVICES}

# The pages that people open come first, so that they get the round ports of a block.
_FACES = ("app", "mlflow", "prefect", "evidently", "mlserver", "monitor")
PORT_NAMES = _FACES + tuple(port for service in SERVICES for port in service.ports if port not in _FACES)


def select(names: Iterable[str] | None = None) -> tuple[Service, ...]:
    """The services `names` and all that they need, in the order of the list; without names, all services.

    Raises KeyError for a name that is not in the list.
    """
    selected: set[str] = set()
    pending = list(BY_NAME if names is None else names)
    while pending:
        service = BY_NAME[pending.pop()]
        if service.name not in selected:
            selected.add(service.name)
            pending += service.needs
    return tuple(service for service in SERVICES if service.name in selected)


def tier(service: Service) -> int:
    """The depth of a service's needs: 0 for storage. A higher tier stops earlier."""
    return 1 + max((tier(BY_NAME[need]) for need in service.needs), default=-1)
