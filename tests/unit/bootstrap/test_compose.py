"""The compose file: it runs the services of `bootstrap.embedded.services`, and each of them closed by default.

The file is read as YAML; what `docker compose` makes of it is looked at in tests/compose, where there is an engine.
"""

from __future__ import annotations

import re
import runpy
import tomllib
from typing import Any

import pytest
import yaml

from bootstrap.embedded.environment import NO_TELEMETRY
from bootstrap.embedded.services import BY_NAME, SERVICES, Service
from bootstrap.setup.rights import READ, RIGHTS, MongoRights
from bootstrap.setup.service_accounts import VERIFIERS
from core.settings.group import ROOT
from core.settings.loading import groups

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
EXAMPLE = (ROOT / ".env.example").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()

# The one-shot set-up has the name of its package here. Beside the list's services there are the door, and what makes
# secrets, volumes and accounts, of which the embedded appliance has none.
NAMES = {"setup": "bootstrap"}
PLUMBING = {"secrets", "volumes", "accounts", "caddy", "restore"}
OTHERS_MAKE = {"s3", "mongo"}
COMMON = {"MONGODB_DATABASE", "S3_BUCKET_DATASETS", "S3_BUCKET_MODELS"}
ONCE = {"secrets", "volumes", "accounts", "bootstrap", "restore"}
ACCOUNT = {
    "mongo": {"MONGODB_URI"},
    "s3": {"S3_ACCESS_KEY", "S3_SECRET_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"},
}

SECRETS: dict[str, Any] = runpy.run_path(str(ROOT / "deploy/make-secrets"))

listed = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
started_alike = pytest.mark.parametrize(
    "service", [s for s in SERVICES if s.name not in OTHERS_MAKE], ids=lambda service: service.name
)
every = pytest.mark.parametrize("name", CONTAINERS)
lasting = pytest.mark.parametrize("name", [name for name in CONTAINERS if name not in ONCE])


def container_name(service: Service) -> str:
    return NAMES.get(service.name, service.name)


def container(service: Service) -> dict[str, Any]:
    return CONTAINERS[container_name(service)]


def secret_files(name: str) -> dict[str, str]:
    """What make-secrets gives the container: by variable, how the value is made of secrets."""
    return dict(SECRETS["GIVEN"].get(name, {}))


def given(service: Service) -> set[str]:
    """Variables that the service finds: in the compose file, in its secrets, and in the file of its own accounts."""
    names = set(container(service).get("environment", {})) | set(secret_files(container_name(service)))
    if NAMES.get(service.name, service.name) in VERIFIERS:
        names.add("CALLWISE_VERIFYING_KEY")
    for rights in RIGHTS:
        if rights.service == NAMES.get(service.name, service.name):
            names |= ACCOUNT["mongo"] if rights.mongo is not None else set()
            names |= ACCOUNT["s3"] if rights.s3 is not None else set()
    return names


# --- one list ------------------------------------------------------------------------------------------------------


def test_both_appliances_have_the_same_services() -> None:
    assert {NAMES.get(service.name, service.name) for service in SERVICES} == set(CONTAINERS) - PLUMBING


@listed
def test_each_waits_for_the_health_of_what_it_needs(service: Service) -> None:
    waits = {name: how["condition"] for name, how in container(service).get("depends_on", {}).items()}
    needs = {
        NAMES.get(need, need): "service_completed_successfully" if BY_NAME[need].one_shot else "service_healthy"
        for need in service.needs
    }
    assert {name: how for name, how in waits.items() if name not in PLUMBING} == needs
    assert {how for name, how in waits.items() if name in PLUMBING} <= {"service_completed_successfully"}


@started_alike
def test_each_is_started_by_the_same_command(service: Service) -> None:
    def words(command: Any) -> list[str]:
        words = [str(word) for word in command]
        # A module is named after -m; other programs are named by their words before the first option.
        end = 3 if words[1] == "-m" else next((i for i, w in enumerate(words) if w.startswith("-")), len(words))
        return [word.rsplit("/", 2)[-1] for word in words[:end]]

    assert words(container(service)["command"]) == words(service.command)


@started_alike
def test_each_is_told_all_that_it_reads_and_nothing_else(service: Service) -> None:
    compared = ("core.settings.addresses", "core.settings.loop")
    settings = {name.upper() for group in groups() if group.__module__ in compared for name in group.model_fields}
    reads = set(service.reads) | set(service.environment)
    assert reads - given(service) == set()
    secrets = set(secret_files(container_name(service))) if service.name != "backup" else set()  # it keeps all of them
    told = (set(container(service)["environment"]) | secrets) & settings
    allowed = reads | COMMON | {name for name in given(service) if name.endswith("_PAGE")}
    assert told - allowed == set()


@pytest.mark.parametrize("service", [s for s in SERVICES if s.address], ids=lambda service: service.name)
def test_addresses_are_those_it_listens_on(service: Service) -> None:
    addresses = {
        str(other["environment"][service.address])
        for other in CONTAINERS.values()
        if service.address in other.get("environment", {})
    }
    if service.name == "mongo":  # in the connection string of each account
        default = re.fullmatch(r"\$\{MONGODB_ADDRESS:-(.+)\}", CONTAINERS["accounts"]["environment"]["MONGODB_ADDRESS"])
        assert default
        addresses = {f"mongodb://{default[1]}"}
    assert len(addresses) == 1
    host, port = re.fullmatch(r"\w+://([a-z0-9]+):(\d+)(?:/api)?", addresses.pop()).groups()  # type: ignore[union-attr]
    assert host == service.name
    probe = " ".join(str(word) for word in container(service)["healthcheck"]["test"])
    assert service.name in OTHERS_MAKE or f"127.0.0.1:{port}/" in probe


def test_who_has_an_account_is_given_it_and_nobody_else() -> None:
    mounts = {
        (name, volume.split(":")[0])
        for name, service in CONTAINERS.items()
        for volume in service.get("volumes", [])
        if isinstance(volume, str) and volume.startswith("account-") and name != "accounts"
    }
    assert mounts == {(rights.service, f"account-{rights.service}") for rights in RIGHTS}
    handed_out = {volume for volume in CONTAINERS["accounts"]["volumes"] if volume.startswith("account-")}
    assert handed_out == {f"account-{rights.service}:/run/callwise/{rights.service}" for rights in RIGHTS}


def test_each_secret_is_given_to_those_who_use_it_and_to_nobody_else() -> None:
    having: dict[str, set[str]] = {}
    for name, files in SECRETS["GIVEN"].items():
        for secret in re.findall(r"\{([A-Z0-9_]+)", " ".join(files.values())):
            having.setdefault(secret, set()).add(name)
    everything = {"backup"}  # it keeps every secret
    administrator = {"accounts", "restore"}
    assert having == {
        "DOOR_SCORING_PASSWORD": {"caddy"} | everything,
        "DOOR_METRICS_PASSWORD": {"caddy"} | everything,
        "ADMIN_PASSWORD": {"bootstrap"} | everything,
        "MONGO_ROOT_PASSWORD": {"mongo"} | administrator | everything,
        "S3_ROOT_USER": {"s3"} | administrator | everything,
        "S3_ROOT_PASSWORD": {"s3"} | administrator | everything,
        "PREFECT_PASSWORD": {"prefect", "bootstrap", "prefect-worker", "monitor", "caddy"} | everything,
        "CALLWISE_ROUTING_KEY": {"mlserver"} | everything,
        "CALLWISE_SIGNING_KEY": {"accounts", "bootstrap", "prefect-worker"} | everything,
        "CALLWISE_ERASURE_KEY": {"bootstrap", "prefect-worker", "api", "app", "restore", "score"} | everything,
        "CALLWISE_CONTACT_KEY": {"bootstrap", "api", "app"} | everything,
        "CALLWISE_SECOND_FACTOR_KEY": {"bootstrap", "app"} | everything,
        "CALLWISE_BACKUP_PASSPHRASE": everything,
    }
    whole = {
        name
        for name, service in CONTAINERS.items()
        if any(one["path"] == ".env" for one in service.get("env_file", []))
    }
    assert whole == everything
    assert {"mlserver", "monitor"} < set(VERIFIERS)


def test_each_mounts_its_own_secrets_and_waits_for_them() -> None:
    """Started again when they change, as each reads them at its start alone."""
    having = set(SECRETS["GIVEN"]) - SECRETS["ELSEWHERE"]
    mounts = {
        (name, volume)
        for name, service in CONTAINERS.items()
        for volume in service.get("volumes", [])
        if isinstance(volume, str) and volume.startswith("secrets") and name != "secrets"
    }
    assert mounts == {(name, f"secrets-{name}:/run/secrets:ro") for name in having}
    made = {f"secrets-{name}:/var/lib/callwise/secrets/{name}" for name in having}
    assert set(CONTAINERS["secrets"]["volumes"]) == made | {"secrets:/var/lib/callwise/secrets/store"}
    assert CONTAINERS["secrets"]["network_mode"] == "none"
    after = {"condition": "service_completed_successfully", "restart": True}
    waiting = {name for name, service in CONTAINERS.items() if service.get("depends_on", {}).get("secrets") == after}
    assert waiting == having - {"restore"}, "scripts/restore runs it while MongoDB and S3 run, which wait"
    others_read = {name for name in having if CONTAINERS[name].get("environment", {}).get("SECRETS_FOLDER") is None}
    assert others_read == OTHERS_MAKE, "the others have with-account, or open-door, which read the folder"
    places = re.search(r"for name in (store [a-z0-9 -]+); do", DOCKERFILE)
    assert places
    assert set(places[1].split()) == {"store", *SECRETS["GIVEN"]}


def test_no_container_but_that_of_the_secrets_is_told_one_by_the_engine() -> None:
    """A variable of a container is shown by `docker inspect`, and by `docker compose config`."""
    for name, service in CONTAINERS.items():
        told = re.findall(r"\$\{([A-Z0-9_]+)", yaml.safe_dump(service))
        assert name == "secrets" or not set(told) & set(SECRETS["LENGTHS"]), name
    own = CONTAINERS["secrets"]["environment"]
    assert own == {name: f"${{{name}:-}}" for name in SECRETS["LENGTHS"]}, "so that .env wins, and nothing is a default"


# --- closed by default ---------------------------------------------------------------------------------------------


@every
def test_each_has_no_privilege_and_a_limit_on_everything(name: str) -> None:
    service = CONTAINERS[name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert service["init"] is True
    assert {"mem_limit", "cpus", "pids_limit"} <= set(service)
    assert service["logging"]["driver"] == "json-file"
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}
    # Others' images start as root unless told otherwise; ours end with USER (below).
    assert "user" in service or service["image"].startswith("callwise-")
    assert not str(service.get("user", "10001")).startswith("0")


@lasting
def test_each_comes_back_and_says_whether_it_is_well(name: str) -> None:
    service = CONTAINERS[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert {"interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])
    assert "stop_grace_period" in service


def test_only_the_door_publishes_ports_and_on_the_chosen_address() -> None:
    assert {name for name, service in CONTAINERS.items() if "ports" in service} == {"caddy"}
    assert all(port.startswith("${DOOR_LISTEN:-127.0.0.1}:") for port in CONTAINERS["caddy"]["ports"])


def test_only_two_services_have_a_way_out() -> None:
    assert {name for name, how in COMPOSE["networks"].items() if not (how or {}).get("internal")} == {"outside"}
    out = {name for name, service in CONTAINERS.items() if "outside" in service.get("networks", ())}
    assert out == {"caddy", "monitor"}
    assert not any(service.get("network_mode") not in (None, "none") for service in CONTAINERS.values())


def test_the_door_does_not_reach_the_data() -> None:
    assert "data" not in CONTAINERS["caddy"]["networks"]
    assert CONTAINERS["mongo"]["networks"] == CONTAINERS["s3"]["networks"] == ["data"]


@every
def test_telemetry_is_off(name: str) -> None:
    if name in OTHERS_MAKE | PLUMBING:
        pytest.skip("not one of the tools that have a switch; s3: MINIO_UPDATE is off")
    environment = CONTAINERS[name]["environment"]
    assert {switch: environment.get(switch) for switch in NO_TELEMETRY} == NO_TELEMETRY


def test_data_volumes_have_one_owner() -> None:
    users: dict[str, set[str]] = {}
    for name, service in CONTAINERS.items():
        for volume in service.get("volumes", []):
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            readonly = isinstance(volume, str) and volume.endswith(":ro")
            assert source in COMPOSE["volumes"], f"{name} mounts {source}, which is no named volume"
            if not readonly and name not in ("secrets", "volumes", "accounts", "restore"):
                users.setdefault(source, set()).add(name)
    assert users.pop("registry") == {"bootstrap", "prefect-worker"}  # made by the one, filled by the other
    assert all(len(names) == 1 for names in users.values())


def test_the_backup_reads_every_store_and_writes_to_none() -> None:
    stores = {"mlflow", "prefect", "evidently", "registry", "spool"}
    mounts = [volume.split(":") for volume in CONTAINERS["backup"]["volumes"]]
    assert {source for source, _, *mode in mounts if mode == ["ro"]} == {*stores, "account-backup", "secrets-backup"}
    assert {source for source, _, *mode in mounts if not mode} == {"backups", "backup-scratch"}
    assert CONTAINERS["backup"]["networks"] == ["data"]
    address, port = CONTAINERS["monitor"]["environment"]["CALLWISE_BACKUP_URL"], "CALLWISE_BACKUP_PORT"
    assert "data" in CONTAINERS["monitor"]["networks"]
    assert address == f"http://backup:{CONTAINERS['backup']['environment'][port]}/health"
    assert CONTAINERS["backup"]["environment"]["CALLWISE_BACKUP_HOST"] == "0.0.0.0"
    rights = next(rights for rights in RIGHTS if rights.service == "backup")
    assert rights.mongo == MongoRights(reads_private=True)
    assert rights.s3 == {"datasets": (READ,), "models": (READ,)}


def test_a_restore_fills_what_a_backup_reads_and_starts_only_when_it_is_asked_for() -> None:
    assert CONTAINERS["restore"]["profiles"] == ["restore"]
    assert "restart" in CONTAINERS["restore"]
    assert CONTAINERS["restore"]["restart"] == "no"
    written = {volume.split(":")[0] for volume in CONTAINERS["restore"]["volumes"] if not volume.endswith(":ro")}
    read = {volume.split(":")[0] for volume in CONTAINERS["backup"]["volumes"] if volume.endswith(":ro")}
    assert written - {"backup-scratch"} == read - {"account-backup", "secrets-backup"}
    assert CONTAINERS["restore"]["networks"] == ["data"]


# --- what is asked of .env -----------------------------------------------------------------------------------------


def test_every_variable_is_documented() -> None:
    files = (ROOT / "compose.yaml", ROOT / "compose.dask.yaml")
    asked = {name for file in files for name in re.findall(r"\$\{([A-Z0-9_]+)", file.read_text())}
    documented = set(re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", EXAMPLE.split("# === the services'")[0], re.MULTILINE))
    assert asked == documented - {"COMPOSE_FILE"}  # which docker compose itself reads


def test_nothing_is_asked_of_a_new_server() -> None:
    """No variable stops `docker compose up`, and none of the secrets has a value before it is made."""
    for file in ("compose.yaml", "compose.dask.yaml"):
        text = (ROOT / file).read_text()
        assert not re.findall(r"\$\{[A-Z0-9_]+:?\?", text)
        assert not re.findall(r"\$\{[A-Z0-9_]+\}", text), "without a default"
        for name in SECRETS["LENGTHS"]:
            assert set(re.findall(r"\$\{" + name + r"(?![A-Z_])([^}]*)\}", text)) <= {":-"}


def test_pins_of_others_images_are_the_same_in_both_places() -> None:
    """.env.example, which `scripts/init` copies and `scripts/upgrade` compares, and where there is no .env."""
    for name in ("PYTHON_IMAGE", "MONGO_IMAGE", "S3_IMAGE", "CADDY_IMAGE"):
        pin = re.search(rf"^{name}=(\S+:\S+)$", EXAMPLE, re.MULTILINE)
        assert pin, f"{name} is not pinned by tag"
        assert not pin[1].endswith(":latest")
        assert pin[1] not in DOCKERFILE
        files = (ROOT / "compose.yaml").read_text() + (ROOT / "compose.dask.yaml").read_text()
        assert set(re.findall(r"\$\{" + name + r"([^}]*)\}", files)) == {f":-{pin[1]}"}


# --- images --------------------------------------------------------------------------------------------------------


def test_images_have_the_version_of_the_project() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    ours = [str(service["image"]) for service in CONTAINERS.values() if service["image"].startswith("callwise-")]
    assert ours
    common = f"${{IMAGE_VERSION:-{version}}}"
    alone = {"worker": f"${{TRAINER_VERSION:-{common}}}", "monitor": f"${{MONITOR_VERSION:-{common}}}"}
    for image in ours:
        name, _, tag = image.removeprefix("callwise-").partition(":")
        assert tag == alone.get(name, common)
    assert f"# IMAGE_VERSION={version}" in EXAMPLE


def test_every_image_that_is_used_is_built() -> None:
    built = {service["image"] for service in CONTAINERS.values() if "build" in service}
    assert {s["image"] for s in CONTAINERS.values() if s["image"].startswith("callwise-")} == built


@pytest.mark.parametrize("target", sorted({s["build"]["target"] for s in CONTAINERS.values() if "build" in s}))
def test_every_target_is_labelled_and_ends_without_root(target: str) -> None:
    stage = re.search(rf"^FROM \S+ AS {target}$(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    assert stage, f"the Dockerfile has no target {target}"
    assert re.findall(r"^USER (\S+)$", stage[1], re.MULTILINE)[-1] == "10001:10001"
    for label in ("title", "licenses", "version=$VERSION", "revision=$REVISION"):
        assert f"org.opencontainers.image.{label}" in stage[1]


def test_no_image_fetches_what_is_not_pinned_by_hash() -> None:
    installs = re.findall(r"pip install[^\n]*", DOCKERFILE + (ROOT / "deploy/install").read_text().replace("\\\n", ""))
    assert len(installs) == 2
    assert all("--require-hashes" in install for install in installs)
    assert not re.search(r"apt-get|curl|wget", DOCKERFILE)


def test_an_image_is_given_every_file_that_it_copies() -> None:
    """`.dockerignore` lets nothing through but what it names."""
    copied = {
        path.partition("/")[0]
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, flags=re.MULTILINE)
        for path in [word for word in line.split() if not word.startswith("--")][:-1]
    }
    named = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied <= named
    assert all((ROOT / path).exists() for path in named)
