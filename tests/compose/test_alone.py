"""`docker compose up` on a new server, without any other command: nothing is asked, no secret has a default."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from core.settings.group import ROOT
from tests.compose.appliance import ENV, START_SECONDS, Appliance, run
from tests.compose.test_doors import SECRETS
from tests.compose.test_guide import EMPTIED

SEE_OTHER = 303


@pytest.fixture(scope="module")
def alone(appliance: Appliance, tmp_path_factory: pytest.TempPathFactory) -> Appliance:
    """A new appliance. Of .env, the lines about images stay, which may name those of this machine."""
    if not os.environ.get(EMPTIED):
        pytest.skip(f"it removes every volume; {EMPTIED}=yes allows that")
    appliance.compose("down", "--volumes", timeout=START_SECONDS)
    if ENV.exists():
        shutil.copy(ENV, tmp_path_factory.mktemp("before") / "env")
        pinned = (ROOT / ".env.example").read_text().splitlines()
        named = [line for line in ENV.read_text().splitlines() if line.split("=")[0].endswith(("_IMAGE", "_VERSION"))]
        ENV.unlink()
        if images := [line for line in named if line not in pinned]:
            ENV.write_text("\n".join([*images, ""]))
            ENV.chmod(0o600)
    appliance.compose("up", "--detach", "--wait", timeout=START_SECONDS)
    return appliance


def secrets(appliance: Appliance) -> dict[str, str]:
    env = appliance.env
    return {name: env[name] for name in SECRETS}


def test_every_service_is_well_and_every_secret_is_made(alone: Appliance) -> None:
    assert alone.healthy()
    made = secrets(alone)
    assert all(len(value) >= 20 for value in made.values())
    assert len(set(made.values())) == len(made)


def test_no_file_and_no_container_shows_a_secret_that_was_made(alone: Appliance) -> None:
    made, containers = secrets(alone), alone.containers()
    shown = {
        "docker compose config": alone.compose("config"),
        "the logs": alone.compose("logs", "--no-log-prefix"),
        "docker inspect": json.dumps([(one["Config"], one["Args"]) for one in containers.values()]),
    }
    for where, text in shown.items():
        assert not {name for name, value in made.items() if value in text}, where


def test_the_first_password_signs_in(alone: Appliance) -> None:
    password = alone.compose("run", "--rm", "-T", "secrets", "make-secrets", "password").strip()
    with alone.client(headers={"sec-fetch-site": "same-origin"}) as client:

        def sign_in(typed: str) -> httpx.Response:
            return client.post(alone.url() + "/sign-in", data={"name": "admin", "password": typed})

        assert sign_in(password[:-1]).status_code != SEE_OTHER
        assert sign_in(password).status_code == SEE_OTHER


def test_another_up_makes_nothing_anew(alone: Appliance) -> None:
    made, before = secrets(alone), {name: one["Id"] for name, one in alone.containers().items()}
    alone.compose("up", "--detach", "--wait", timeout=START_SECONDS)
    assert secrets(alone) == made
    assert {name: one["Id"] for name, one in alone.containers().items()} == before


def test_the_doctor_and_the_backup_find_all_they_need(alone: Appliance) -> None:
    done = subprocess.run(["scripts/doctor"], capture_output=True, text=True, cwd=ROOT, timeout=300, check=False)
    assert done.returncode != 1, done.stdout
    alone.compose("exec", "-T", "backup", "with-account", "python", "-m", "bootstrap.backup", timeout=START_SECONDS)


def test_init_takes_over_what_was_made_and_the_appliance_goes_on_with_it(alone: Appliance, tmp_path: Path) -> None:
    made = secrets(alone)
    run("scripts/init")
    assert {name: alone.env[name] for name in SECRETS} == made
    alone.compose("up", "--detach", "--wait", timeout=START_SECONDS)
    assert alone.healthy()
    files = alone.inside("backup", "sh", "-c", "cat /run/secrets/*")
    assert all(value in files for value in made.values())


def test_a_secret_that_is_changed_in_env_is_taken_up_by_every_service_that_has_it(alone: Appliance) -> None:
    before = alone.env["PREFECT_PASSWORD"]
    run("scripts/init", "--rotate", "PREFECT_PASSWORD")
    after = alone.env["PREFECT_PASSWORD"]
    assert after != before
    alone.compose("up", "--detach", "--wait", timeout=START_SECONDS)
    for service in ("prefect", "prefect-worker", "monitor", "caddy"):
        process = alone.inside(service, "sh", "-c", "cat /run/secrets/*; cat /proc/[0-9]*/environ | tr '\\0' '\\n'")
        assert before not in process
        assert after in process
    run("scripts/init", "--rotated")
