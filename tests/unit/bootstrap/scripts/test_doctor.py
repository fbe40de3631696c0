"""scripts/doctor: each state of an appliance gets its own line, with what to do.

There is no engine here: a program called `docker` answers as the engine would, from a description of the appliance.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.settings.group import ROOT

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
SERVICES = [name for name, service in COMPOSE.items() if service["restart"] == "unless-stopped"]
ONE_SHOTS = [name for name, service in COMPOSE.items() if service["restart"] == "no" and "profiles" not in service]
PORTS = ("DOOR_PORT", "DOOR_PORT_MLFLOW", "DOOR_PORT_PREFECT", "DOOR_PORT_EVIDENTLY")
WELL = {"Status": "running", "Health": {"Status": "healthy"}, "OOMKilled": False, "ExitCode": 0}
HOUR = timedelta(hours=1)
SCORING = "0 0 0 1\n\n\n"

# What the doctor asks the engine, and no more: another question ends with status 64, and the test sees it.
DOCKER = r"""#!{python} -IS
import json, pathlib, subprocess, sys
here = pathlib.Path(__file__).parent
world = json.loads((here / "world.json").read_text())
words = sys.argv[1:]
def say(text=""):
    print(text)
    sys.exit(0)
match words:
    case ["version", *_]: say("28.2.2")
    case ["info", "--format", "{{{{.NCPU}}}}"]: say("4")
    case ["info", "--format", "{{{{.MemTotal}}}}"]: say(16 << 30)
    case ["info", "--format", "{{{{.DockerRootDir}}}}"]: say("/")
    case ["compose", "version", "--short"]: say("2.24.0")
    case ["compose", "config", "--quiet"]: sys.exit(0)
    case ["compose", "config", "--images"]: say("callwise-app:0.1.0")
    case ["image", "inspect", _]: sys.exit(0)
    case ["compose", "ps", "--services", "--status", "running"]:
        say("\n".join(n for n, c in world["containers"].items() if c["State"]["Status"] in ("running", "restarting")))
    case ["compose", "ps", "--all", "--quiet"]: say("\n".join([*world["containers"], "of-run"]))
    case ["compose", "ps", "--quiet"]: say("\n".join(n for n in world["containers"] if n != "secrets"))
    case ["compose", "ps", "--all", "--quiet", "secrets"]: say("secrets")
    case ["inspect", "--format", form, *names]:
        for name in names:
            one = world["containers"].get(name)
            if one is None:  # of `docker compose run`
                print("monitor True exited - 0 false 1")
            elif ".Config.Env" in form:
                print("\n".join([f"{{name}} {{pair}}" for pair in one.get("Env", [])]))
            else:
                state = one["State"]
                killed, health = str(state["OOMKilled"]).lower(), state.get("Health", {{}}).get("Status", "-")
                print(name, "False", state["Status"], health, one.get("RestartCount", 0), killed, state["ExitCode"])
        sys.exit(0)
    case ["compose", "logs", *_, name]: say(world.get("logs", {{}}).get(name, ""))
    case ["compose", "exec", "-T", "mlserver", *_]: say(world["scoring"])
    case ["compose", "exec", "-T", "monitor", "python3", "-IS", "-"]:
        page = here / "health.json"
        page.write_text(json.dumps(world["health"]))
        sys.exit(subprocess.run([sys.executable, "-IS", "-", page.as_uri()], check=False).returncode)
    case ["compose", "exec", "-T", "backup", "python3", "-IS", "-"]:
        if world["backups"] is None:
            sys.exit(1)
        page = here / "backups.json"
        page.write_text(json.dumps(world["backups"]))
        sys.exit(subprocess.run([sys.executable, "-IS", "-", page.as_uri()], check=False).returncode)
print("doctor asked", words, file=sys.stderr)
sys.exit(64)
"""


class Folder:
    """A folder of an appliance, with the engine's answers; `world` may be changed before `doctor`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name in ("scripts/doctor", "scripts/init", "scripts/bundle", ".env.example"):
            (path / name).parent.mkdir(exist_ok=True, parents=True)
            shutil.copy(ROOT / name, path / name)
        shutil.copytree(ROOT / "deploy/doctor", path / "deploy/doctor")
        (path / "bin").mkdir()
        program = path / "bin/docker"
        program.write_text("#!/bin/sh\n")  # an engine without a volume
        program.chmod(0o755)
        path_of_programs = f"{path / 'bin'}:{os.environ['PATH']}"
        subprocess.run([path / "scripts/init"], env={"PATH": path_of_programs}, capture_output=True, check=True)
        program.write_text(DOCKER.format(python=sys.executable))
        program.chmod(0o755)
        self.env("DOOR_LISTEN=127.0.0.1")
        self.world: dict[str, Any] = {
            "containers": {name: {"State": dict(WELL), "RestartCount": 0} for name in SERVICES},
            "scoring": SCORING,
            "backups": backups(HOUR),
            "health": {"ok": True, "scheduler": True, "failing": [], "jobs": {"rank": job("ranked: 0")}},
        }
        for name in ONE_SHOTS:
            self.world["containers"][name] = {"State": {"Status": "exited", "ExitCode": 0, "OOMKilled": False}}

    def env(self, line: str, file: str = ".env") -> None:
        """Set one variable."""
        path = self.path / file
        name = line.split("=", maxsplit=1)[0]
        kept = [one for one in path.read_text().splitlines() if not one.startswith(f"{name}=")] if path.exists() else []
        path.write_text("\n".join([*kept, line]) + "\n")
        path.chmod(0o600)

    def value(self, name: str) -> str:
        lines = (self.path / ".env").read_text().splitlines()
        return next(line.split("=", 1)[1] for line in lines if line.startswith(f"{name}="))

    def state(self, service: str, **state: Any) -> None:
        restarts = state.pop("RestartCount", 0)
        container = self.world["containers"][service]
        container["State"] |= state
        container["RestartCount"] = restarts

    def doctor(self) -> Said:
        (self.path / "bin/world.json").write_text(json.dumps(self.world))
        done = subprocess.run(
            [self.path / "scripts/doctor"],
            env={"PATH": f"{self.path / 'bin'}:{os.environ['PATH']}"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert not done.stderr, done.stderr
        return Said(done.returncode, done.stdout.splitlines())


class Said:
    """What the doctor printed."""

    def __init__(self, status: int, lines: list[str]) -> None:
        self.status, self.lines = status, lines

    def about(self, name: str) -> list[str]:
        return [line for line in self.lines if line.split()[1] == name]

    def bad(self, name: str) -> str:
        found = [line for line in self.about(name) if line.startswith("BAD")]
        assert found, "\n".join(self.lines)
        assert self.status == 1
        assert " -> " in found[0]
        return "\n".join(found)

    def warned(self, name: str) -> str:
        found = [line for line in self.about(name) if line.startswith("WARN")]
        assert found, "\n".join(self.lines)
        return found[0]


def job(said: str = "", error: str = "", failures: int = 0) -> dict[str, Any]:
    return {"runs": 9, "failures_in_a_row": failures, "said": said, "error": error}


def backups(age: timedelta | None, **what: Any) -> dict[str, Any]:
    """The page about backups, whose newest is so old."""
    at = None if age is None else (datetime.now(UTC) - age).isoformat()
    page = {"ok": True, "daily": "on", "last_backup": at, "last_drill": at, "last_equal_drill": at, "failures": {}}
    return page | what


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@contextmanager
def listening(address: str) -> Iterator[int]:
    """A program on a free port of `address`."""
    with socket.socket() as server:
        server.bind((address, 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_well_appliance_has_no_bad_line(folder: Folder) -> None:
    said = folder.doctor()
    assert not [line for line in said.lines if line.startswith("BAD")]
    assert len([line for line in said.lines if line.endswith("healthy")]) == len(SERVICES)


def test_a_start_is_no_crash(folder: Folder) -> None:
    folder.state("monitor", Health={"Status": "starting"})
    said = folder.doctor()
    assert "starting -> wait a minute" in said.warned("monitor")
    assert said.status == 2


@pytest.mark.parametrize("state", [{"Status": "restarting", "ExitCode": 1}, {"Health": {"Status": "starting"}}])
def test_a_crash_at_each_start_is_named_with_its_last_words(folder: Folder, state: dict[str, Any]) -> None:
    words = "The settings are not usable: CALLWISE_RANK_SECOND: unknown variable; did you mean CALLWISE_RANK_SECONDS."
    folder.world["logs"] = {"monitor": f"{words}\n"}
    folder.state("monitor", **state, RestartCount=5)
    line = folder.doctor().bad("monitor")
    assert "crashes at its start, 5 times so far" in line
    assert "did you mean CALLWISE_RANK_SECONDS" in line


def test_all_containers_dead_is_bad_and_each_is_named(folder: Folder) -> None:
    for name in SERVICES:
        folder.state(name, Status="exited", ExitCode=137)
    said = folder.doctor()
    assert "every container has stopped" in said.bad("health")
    assert all("has stopped with status 137" in said.bad(name) for name in SERVICES)


def test_an_appliance_that_was_never_started_is_a_warning(folder: Folder) -> None:
    folder.world["containers"] = {}
    assert "nothing runs" in folder.doctor().warned("health")


def test_memory_is_raised_by_the_variable_that_exists(folder: Folder) -> None:
    folder.state("prefect-worker", OOMKilled=True)
    line = folder.doctor().warned("prefect-worker")
    assert "(WORKER_MEMORY)" in line
    assert "# WORKER_MEMORY=" in (ROOT / ".env.example").read_text()


def test_a_set_up_that_failed_is_named(folder: Folder) -> None:
    folder.world["logs"] = {"bootstrap": "setup: CALLWISE_SCHEMA: there is no file x.yaml"}
    folder.state("bootstrap", Status="exited", ExitCode=1)
    folder.state("app", Status="created")
    said = folder.doctor()
    assert "there is no file x.yaml" in said.bad("bootstrap")
    assert "was never started" in said.bad("app")


def test_a_notice_address_that_fails_is_named_at_its_first_failure(folder: Folder) -> None:
    folder.world["health"]["jobs"]["notify"] = job(error="Mail did not take a message. It waits.", failures=1)
    line = folder.doctor().bad("notices")
    assert "Mail did not take a message" in line
    assert "CALLWISE_NOTIFY_URLS" in line


def test_a_job_that_fails_again_and_again_is_named(folder: Folder) -> None:
    folder.world["health"] |= {"ok": False, "failing": ["drift"]}
    folder.world["health"]["jobs"]["drift"] = job(error="Evidently does not answer.", failures=4)
    assert "drift failed 4 times in a row: Evidently does not answer." in folder.doctor().bad("jobs")


def test_an_open_incident_is_told(folder: Folder) -> None:
    folder.world["health"]["jobs"]["incidents"] = job("quality: escalated")
    said = folder.doctor()
    assert "quality: escalated" in said.warned("incidents")
    folder.world["health"]["jobs"]["incidents"] = job("no incident")
    assert not folder.doctor().about("incidents")


@pytest.mark.parametrize("value", ["nonsense", "a@b", "/certs/cert.pem", "cert.pem key.pem"])
def test_a_certificate_setting_that_means_nothing_is_named(folder: Folder, value: str) -> None:
    folder.env(f"DOOR_TLS={value}")
    assert f"DOOR_TLS={value} is none of" in folder.doctor().bad("certificate")


@pytest.mark.parametrize("value", ["internal", "/certs/cert.pem /certs/key.pem", '"/certs/cert.pem /certs/key.pem"'])
def test_a_certificate_setting_that_means_something_is_well(folder: Folder, value: str) -> None:
    folder.env(f"DOOR_TLS={value}")
    assert not folder.doctor().about("certificate")


def test_a_public_certificate_needs_its_port(folder: Folder) -> None:
    folder.env("DOOR_TLS=ops@example.org")
    assert "DOOR_PORT is 8443" in folder.doctor().bad("certificate")


def test_a_misspelt_name_is_named(folder: Folder) -> None:
    folder.env("DOR_LISTEN=0.0.0.0")
    assert "nothing reads: DOR_LISTEN" in folder.doctor().bad(".env")


def test_a_services_setting_in_the_wrong_file_is_named(folder: Folder) -> None:
    folder.env("CALLWISE_RANK_SECONDS=5")
    line = folder.doctor().bad(".env")
    assert "nothing reads here: CALLWISE_RANK_SECONDS -> move the line to settings.env" in line


def test_variables_of_composes_own_and_of_an_override_are_let_be(folder: Folder) -> None:
    folder.env("COMPOSE_PROJECT_NAME=callwise")
    folder.env("MY_CERTS=/etc/certs")
    (folder.path / "compose.override.yaml").write_text('services: {caddy: {volumes: ["${MY_CERTS}:/certs:ro"]}}\n')
    assert not [line for line in folder.doctor().lines if "nothing reads" in line]


def test_a_misspelt_setting_of_the_services_is_named(folder: Folder) -> None:
    folder.env("CALLWISE_RANK_SECOND=5", "settings.env")
    assert "unknown: CALLWISE_RANK_SECOND" in folder.doctor().bad("settings.env")


def test_settings_that_others_may_read_are_named(folder: Folder) -> None:
    folder.env("CALLWISE_NOTIFY_URLS=json://example.org", "settings.env")
    assert folder.doctor().about("settings.env")[0].startswith("ok")
    (folder.path / "settings.env").chmod(0o644)
    assert "its mode is 644" in folder.doctor().bad("settings.env")


def test_a_password_that_was_changed_and_not_applied_is_named_and_not_printed(folder: Folder) -> None:
    folder.world["containers"]["secrets"]["Env"] = [f"DOOR_SCORING_PASSWORD={folder.value('DOOR_SCORING_PASSWORD')}"]
    assert not folder.doctor().about("applied")
    folder.env("DOOR_SCORING_PASSWORD=another-long-password")
    line = folder.doctor().bad("applied")
    assert "changed, but not in use: DOOR_SCORING_PASSWORD -> docker compose up -d --wait" in line
    assert "another-long-password" not in line


def test_the_databases_password_is_not_changed_in_env_alone(folder: Folder) -> None:
    folder.world["containers"]["secrets"]["Env"] = ["MONGO_ROOT_PASSWORD=the-one-at-the-first-start"]
    assert "put the former one back, then scripts/init --rotate MONGO_ROOT_PASSWORD" in folder.doctor().bad("applied")


def test_a_replaced_password_of_the_database_is_changed_by_the_next_start(folder: Folder) -> None:
    folder.world["containers"]["secrets"]["Env"] = ["MONGO_ROOT_PASSWORD=the-one-at-the-first-start"]
    folder.env("MONGO_ROOT_PASSWORD_BEFORE=the-one-at-the-first-start")
    assert "-> docker compose down && docker compose up -d --wait" in folder.doctor().bad("applied")


def test_without_an_env_it_is_well_and_says_where_the_secrets_are(folder: Folder) -> None:
    folder.world["containers"]["secrets"]["Env"] = ["MONGO_ROOT_PASSWORD=", "PREFECT_PASSWORD="]
    (folder.path / ".env").unlink()
    said = folder.doctor()
    assert not [line for line in said.lines if line.startswith("BAD")]
    assert "there is none" in said.about(".env")[0]
    assert not said.about("applied")


def test_secrets_that_came_into_env_after_the_start_are_no_changed_ones(folder: Folder) -> None:
    """`scripts/init` writes those that docker compose made, which are in use."""
    folder.world["containers"]["secrets"]["Env"] = ["MONGO_ROOT_PASSWORD=", "PREFECT_PASSWORD="]
    line = folder.doctor().warned("applied")
    assert "in .env since the last start: MONGO_ROOT_PASSWORD PREFECT_PASSWORD -> docker compose up -d --wait" in line
    assert not [line for line in folder.doctor().lines if line.startswith("BAD")]


def test_while_a_rotation_waits_every_service_is_started_again_but_for_the_door(folder: Folder) -> None:
    """`up` alone would hand out a verifying key that the services that run on never read."""
    (folder.path / ".env.rotated-20260301T120000Z").write_text("CALLWISE_SIGNING_KEY=of-before\n")
    folder.world["containers"]["secrets"]["Env"] = ["DOOR_SCORING_PASSWORD=of-before"]
    assert "-> docker compose up -d --wait" in folder.doctor().bad("applied")
    folder.world["containers"]["secrets"]["Env"] = ["CALLWISE_SIGNING_KEY=of-before"]
    assert "-> docker compose down && docker compose up -d --wait" in folder.doctor().bad("applied")
    (folder.path / ".env.rotated-20260301T120000Z").unlink()
    assert "-> docker compose up -d --wait" in folder.doctor().bad("applied")


def test_a_setting_of_the_services_that_was_not_applied_is_named(folder: Folder) -> None:
    folder.env("CALLWISE_HOLD_DAYS=3", "settings.env")
    folder.world["containers"]["monitor"]["Env"] = ["CALLWISE_HOLD_DAYS=7"]
    assert "CALLWISE_HOLD_DAYS" in folder.doctor().bad("applied")


@pytest.mark.parametrize(("listen", "address"), [("127.0.0.2", "127.0.0.2"), ("0.0.0.0", "127.0.0.1")])
def test_the_door_is_looked_for_where_it_listens(folder: Folder, listen: str, address: str) -> None:
    folder.env(f"DOOR_LISTEN={listen}")
    with listening(address) as one, listening(address) as two, listening(address) as three, listening(address) as four:
        for name, port in zip(PORTS, (one, two, three, four), strict=True):
            folder.env(f"{name}={port}")
        assert f"the door listens on {listen}: {one} {two} {three} {four}" in folder.doctor().about("ports")[0]


def test_a_lost_volume_is_named_with_the_way_out_and_only_as_the_last_start_found_it(folder: Folder) -> None:
    lost = "setup: LOST: the volume callwise_mlflow was emptied: models are gone -> restore it from a backup"
    folder.world["logs"] = {"bootstrap": f"setup: object store: buckets\n{lost}\nsetup: stores: lost: mlflow\n"}
    line = folder.doctor().bad("stores")
    assert "callwise_mlflow" in line
    assert "-> restore it from a backup" in line
    folder.world["logs"]["bootstrap"] += "setup: object store: buckets\nsetup: stores: all are this appliance's\n"
    assert not folder.doctor().about("stores")


def test_what_the_monitor_warns_of_is_told(folder: Folder) -> None:
    warning = {"grade": "BAD", "name": "disk", "what": "512 MiB are free", "next": "make room"}
    folder.world["health"]["warnings"] = [warning]
    assert "512 MiB are free -> make room" in folder.doctor().bad("disk")


def test_the_newest_backup_is_told(folder: Folder) -> None:
    made = (datetime.now(UTC) - HOUR).strftime("%Y-%m-%d")
    (line,) = [line for line in folder.doctor().about("backup") if "healthy" not in line]
    assert line.startswith("ok")
    assert f"the newest is of {made}" in line


@pytest.mark.parametrize(("age", "said"), [(None, "there is none yet"), (31 * HOUR, "the newest is of")])
def test_no_recent_backup_is_a_warning(folder: Folder, age: timedelta | None, said: str) -> None:
    folder.world["backups"] = backups(age)
    line = folder.doctor().warned("backup")
    assert said in line
    assert "-> scripts/backup makes one" in line
    folder.world["backups"] = backups(age, daily="off")
    assert "CALLWISE_BACKUP_DAILY is off" in folder.doctor().warned("backup")


def test_a_backup_that_failed_is_bad_and_its_reason_is_told(folder: Folder) -> None:
    folder.world["backups"] = backups(HOUR, failures={"backup": "The store mlflow is empty:\tnothing to back up."})
    assert "the last backup failed: The store mlflow is empty: nothing to back up." in folder.doctor().bad("backup")


def test_a_drill_that_found_a_difference_is_bad_also_after_a_restart(folder: Folder) -> None:
    folder.world["backups"] = backups(HOUR, last_equal_drill=None)
    assert "the last drill found a difference" in folder.doctor().bad("backup")


def test_a_page_about_backups_that_does_not_answer_is_bad(folder: Folder) -> None:
    folder.world["backups"] = None
    assert "does not answer" in folder.doctor().bad("backup")
