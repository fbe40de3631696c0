"""The worker's figures: served by the worker alone, because its runs inherit all its variables."""

from __future__ import annotations

import importlib.util
import socket
from types import ModuleType
from urllib.request import urlopen

import pytest
import yaml

from core.settings.group import ROOT


@pytest.fixture
def program() -> ModuleType:
    found = importlib.util.spec_from_file_location("prefect_worker", ROOT / "deploy" / "prefect_worker.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_the_worker_answers_and_a_run_does_not_know_the_port(
    program: ModuleType, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(program.PORT, str(port))
    program.serve_figures()
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        assert b"python_info" in answer.read()
    program.serve_figures()  # what a run of this worker would do: nothing


def test_nothing_is_served_where_nobody_asks(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(program.PORT, raising=False)
    monkeypatch.setattr(program, "start_http_server", lambda _: pytest.fail("a port was opened"))
    program.serve_figures()


def test_no_variable_of_compose_makes_each_run_open_a_port() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    workers = {name: one for name, one in services.items() if "--type=process" in one.get("command", ())}
    assert list(workers) == ["prefect-worker"]
    for worker in workers.values():
        assert not [name for name in worker["environment"] if name.startswith("PREFECT_CLIENT_METRICS")]
