"""The list of services is whole, and what is made of it gives each service what it needs and no more."""

from __future__ import annotations

import configparser
import importlib
import os
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from bootstrap.embedded import environment, supervisor_config
from bootstrap.embedded.environment import service_environment
from bootstrap.embedded.ports import HOST
from bootstrap.embedded.services import BY_NAME, PORT_NAMES, SERVICES, Service, select, tier
from bootstrap.embedded.state import StateFolder
from core.settings.loading import load

NAMES = [service.name for service in SERVICES]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateFolder]:
    folder = StateFolder(tmp_path / "a state with 100% odd %(characters)s")
    folder.lock()
    folder.prepare()
    ports = {name: 20000 + number for number, name in enumerate(PORT_NAMES)}
    folder.write("appliance.json", {"base": 20000, "ports": ports, "start": "now"})
    yield folder
    folder.unlock()


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_needs_are_services_and_come_first() -> None:
    for number, service in enumerate(SERVICES):
        assert set(service.needs) <= set(NAMES[:number]), f"{service.name} needs something that is not listed before it"


def test_every_port_has_one_owner() -> None:
    owned = [port for service in SERVICES for port in service.ports]
    assert sorted(owned) == sorted(set(owned)) == sorted(PORT_NAMES)


@pytest.mark.parametrize("service", SERVICES, ids=NAMES)
def test_every_brace_is_known(service: Service, state: StateFolder) -> None:
    known = environment.values(state).keys()
    for template in (*service.command, *service.environment.values(), *service.litter):
        assert fields(template) <= known
    assert set(service.reads) <= known
    assert not service.address or service.address in known


@pytest.mark.parametrize("service", SERVICES, ids=NAMES)
def test_no_secret_in_a_command_line(service: Service, state: StateFolder) -> None:
    words = " ".join(environment.command(service, environment.values(state)))
    assert not [name for name, secret in state.secrets().items() if secret in words]


@pytest.mark.parametrize("service", SERVICES, ids=NAMES)
def test_servers_listen_on_loopback(service: Service, state: StateFolder) -> None:
    if service.ports and service.name not in {
        "monitor",
        "mlserver",
        "backup",
        "api",
    }:  # those learn it from a setting and from a file
        assert HOST in " ".join(environment.command(service, environment.values(state)))


@pytest.mark.parametrize("service", SERVICES, ids=NAMES)
def test_a_service_is_given_no_secret_it_does_not_read(service: Service, state: StateFolder) -> None:
    given = service_environment(service, environment.base(state, {}), environment.values(state))
    own = {fields(template).pop() for template in service.environment.values() if len(fields(template)) == 1}
    for name, secret in state.secrets().items():
        if name not in service.reads and name not in own:
            assert secret not in given.values()


@pytest.mark.parametrize(("service", "root"), [("setup", "bootstrap.setup.steps"), ("mlserver", "serving.main")])
def test_a_service_is_given_all_it_reads(service: str, root: str, state: StateFolder) -> None:
    given = service_environment(BY_NAME[service], environment.base(state, {}), environment.values(state))
    settings = load(importlib.import_module(root).Settings, given)
    assert settings.mlflow_tracking_uri == environment.values(state)["MLFLOW_TRACKING_URI"]


@pytest.mark.parametrize("service", SERVICES, ids=NAMES)
def test_a_service_runs_in_the_environment_that_has_its_program(service: Service, state: StateFolder) -> None:
    program, *_ = environment.command(service, environment.values(state))
    assert os.access(program, os.X_OK)
    given = service_environment(service, environment.base(state, {}), environment.values(state))
    assert given["PATH"].split(":")[0] == str(Path(program).parent)
    assert (service.venv == ".venv-serving") == (service.name == "mlserver")


def test_the_callers_tools_do_not_leak_in(state: StateFolder) -> None:
    outside = {
        "AWS_PROFILE": "work", "PREFECT_API_KEY": "k", "MLFLOW_TRACKING_TOKEN": "t", "HOME": "/home/me",
        "PYTHONPATH": "/mine", "NO_PROXY": "corp", "LC_ALL": "C", "CALLWISE_CLAIM_MINUTES": "3",
    }  # fmt: skip
    shared = environment.base(state, outside)
    assert not {"AWS_PROFILE", "PREFECT_API_KEY", "MLFLOW_TRACKING_TOKEN"} & shared.keys()
    assert Path(shared["HOME"]).is_relative_to(state.path)
    assert shared["PYTHONPATH"] == str(environment.ROOT)
    assert HOST in shared["NO_PROXY"]
    assert (shared["LC_ALL"], shared["CALLWISE_CLAIM_MINUTES"]) == ("C", "3")


def test_select_brings_along_what_is_needed() -> None:
    assert [service.name for service in select(["mlflow"])] == ["s3", "mlflow"]
    assert select() == SERVICES
    with pytest.raises(KeyError):
        select(["no such"])


def test_what_uses_a_service_is_stopped_before_it(state: StateFolder) -> None:
    tiers = {service.name: tier(service) for service in SERVICES}
    written = supervisor_config.configuration(SERVICES, tiers, environment.values(state))
    parsed = configparser.RawConfigParser(strict=True)
    parsed.read_string(written)
    # supervisord stops the group with the highest priority number first.
    priority = {
        program: parsed.getint(section, "priority")
        for section in parsed.sections()
        if section.startswith("group:")
        for program in parsed.get(section, "programs").split(",")
    }
    assert priority.keys() == set(NAMES)
    assert all(priority[service.name] > priority[need] for service in SERVICES for need in service.needs)


def test_only_the_one_shot_may_end(state: StateFolder) -> None:
    written = supervisor_config.configuration(SERVICES, dict.fromkeys(NAMES, 0), environment.values(state))
    parsed = configparser.RawConfigParser()
    parsed.read_string(written)
    restarts = {name: parsed.get(f"program:{name}", "autorestart") for name in NAMES}
    assert {name for name, value in restarts.items() if value != "true"} == {"setup"}


def test_supervisor_reads_its_configuration_back(state: StateFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(state.path)
    path = state.path / "run" / "supervisord.conf"
    path.write_text(supervisor_config.configuration(SERVICES, dict.fromkeys(NAMES, 0), environment.values(state)))
    options = ServerOptions()
    options.realize(["-c", str(path)])
    programs = {program.name: program for group in options.process_group_configs for program in group.process_configs}
    assert programs.keys() == set(NAMES)
    assert Path(programs["app"].stdout_logfile).resolve() == state.path / "log" / "app.log"
    assert programs["app"].command.endswith("-m bootstrap.embedded.launch app")
