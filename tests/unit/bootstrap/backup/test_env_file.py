"""A backup of docker compose has .env and settings.env as they were, made of the variables of its container."""

from __future__ import annotations

import io

import pytest
from dotenv import dotenv_values

from bootstrap.backup.copies.env_file import EXAMPLE, files, quoted
from core.errors import NotFound

SECRETS = {
    "DOOR_SCORING_PASSWORD": "scoring", "DOOR_METRICS_PASSWORD": "metrics", "ADMIN_PASSWORD": "first",
    "MONGO_ROOT_PASSWORD": "m", "S3_ROOT_USER": "root", "S3_ROOT_PASSWORD": "s", "PREFECT_PASSWORD": "p",
    "CALLWISE_ROUTING_KEY": "r", "CALLWISE_SIGNING_KEY": "k", "CALLWISE_ERASURE_KEY": "e", "CALLWISE_CONTACT_KEY": "c",
    "CALLWISE_SECOND_FACTOR_KEY": "f", "CALLWISE_BACKUP_PASSPHRASE": "words",
}  # fmt: skip


def test_every_variable_comes_back_into_its_file() -> None:
    found = files(
        {
            **SECRETS, "DOOR_HOST": "calls.example.org", "MONGO_IMAGE": "mongo:8.0.12", "WORKER_MEMORY": "8g",
            "COMPOSE_FILE": "compose.yaml:compose.dask.yaml", "MY_CERTS": "/etc/certs",
            "CALLWISE_NOTIFY_URLS": "json://hooks.example.org/a b", "CALLWISE_BACKUP_DAYS": "14", "PATH": "/bin",
            # What compose.yaml sets itself, and the service's own account.
            "MONGODB_URI": "mongodb://backup:x@mongo", "S3_ACCESS_KEY": "k", "CALLWISE_BACKUP_FOLDER": "/var/lib",
            "CALLWISE_BACKUP_HOST": "0.0.0.0", "CALLWISE_BACKUP_PORT": "8091",
        }
    )  # fmt: skip
    env = dict(line.split("=", 1) for line in found["env"].splitlines())
    assert env == {
        **SECRETS, "DOOR_HOST": "calls.example.org", "MONGO_IMAGE": "mongo:8.0.12", "WORKER_MEMORY": "8g",
        "COMPOSE_FILE": "compose.yaml:compose.dask.yaml",
    }  # fmt: skip
    assert found["settings.env"] == "CALLWISE_NOTIFY_URLS=json://hooks.example.org/a b\nCALLWISE_BACKUP_DAYS=14\n"


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("plain-1_2.3:4/5@6?a=b", "plain-1_2.3:4/5@6?a=b"),
        ("two words", "two words"),
        ("pa$word", "'pa$word'"),
        ("before # after", "'before # after'"),
        ('say "hello"', "'say \"hello\"'"),
        (" spaces ", "' spaces '"),
        ("it's 5$", '"it\'s 5\\$"'),
        ("two\nlines", r'"two\nlines"'),
        ("back\\", r'"back\\"'),
    ],
)
def test_a_value_is_read_as_it_was(value: str, line: str) -> None:
    assert quoted(value) == line
    if "$" not in line or line.startswith("'"):  # the reader here knows no escape of a dollar, as Compose does
        assert dotenv_values(stream=io.StringIO(f"NAME={line}\n")) == {"NAME": value}


@pytest.mark.parametrize("name", SECRETS)
def test_without_one_of_the_secrets_there_is_no_backup(name: str) -> None:
    with pytest.raises(NotFound, match=f"The secrets {name} are not among"):
        files({**SECRETS, name: ""})


def test_the_example_names_every_secret() -> None:
    first = EXAMPLE.read_text().partition("# === the services' settings")[0].splitlines()
    assert {line.removesuffix("=") for line in first if line.endswith("=") and not line.startswith("#")} == set(SECRETS)
