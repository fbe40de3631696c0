"""Whatever takes the model out of service, it comes back without anybody doing anything, and it is said."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.errors import Unavailable
from tests.scoring.by_grpc import called
from tests.scoring.processes import SERVING_BIN, Mongo, Process, Registry, Server, some_rows, wait_for


class Unloading(Server):
    """The scoring service, in which SIGUSR1 takes the model out of service."""

    module = "tests.scoring.unloading"

    def signal(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def process_of_its_own(self) -> Process:
        assert self.process is not None
        return self.process


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[tuple[Registry, Unloading]]:
    mongo, registry = Mongo(tmp_path), Registry(tmp_path)
    server = Unloading(tmp_path, registry, mongo.start().uri)
    try:
        yield registry, server
    finally:
        server.end()
        mongo.kill()


def scored(server: Server) -> str:
    return server.client.score(some_rows(server.registry.schema, 1), ["p"])[0].version


def test_nobody_can_load_or_unload_over_the_repository_api(parts: tuple[Registry, Unloading]) -> None:
    registry, server = parts
    registry.point("champion", registry.add(seed=1))
    server.start()
    for name in (registry.name, "another"):
        for verb in ("unload", "load"):
            reply = httpx.post(f"{server.url}/v2/repository/models/{name}/{verb}", trust_env=False)
            assert reply.status_code == 403
            assert "Nothing was changed." in reply.json()["error"]
            assert "scripts/rollback" in reply.json()["error"]
        statuses = called(SERVING_BIN / "python", "repository", f"127.0.0.1:{server.grpc_port}", name)
        assert statuses == {"unload": "PERMISSION_DENIED", "load": "PERMISSION_DENIED"}
        assert scored(server) == "1"
    (listed,) = httpx.post(f"{server.url}/v2/repository/index", json={}, trust_env=False).json()
    assert (listed["name"], listed["state"]) == (registry.name, "READY")
    assert server.client.state()["reloaded"] == ""


def test_a_model_that_is_out_of_service_is_seen_and_comes_back(parts: tuple[Registry, Unloading]) -> None:
    registry, server = parts
    registry.point("champion", registry.add(seed=1))
    server.start()
    process = server.process_of_its_own().pid
    for time in (1, 2):
        server.signal(signal.SIGUSR1)
        wait_for("the loss being told", lambda time=time: server.output.count("is loaded again") == time)  # type: ignore[misc]
        wait_for("the model being back", server.client.ready)
        assert scored(server) == "1"
        assert str(server.client.state()["reloaded"]).startswith(f"{time} time(s), last at ")
    assert server.process_of_its_own().pid == process
    assert not server.process_of_its_own().ended


def test_without_its_model_it_is_neither_ready_nor_well(parts: tuple[Registry, Unloading]) -> None:
    registry, server = parts
    registry.point("champion", registry.add(seed=1))
    server.start()
    server.signal(signal.SIGUSR1)
    seen = set()

    def back() -> bool:
        ready = httpx.get(f"{server.url}/v2/health/ready", trust_env=False).status_code
        try:
            server.client.state()
            seen.add((ready, "well"))
        except Unavailable:
            seen.add((ready, "lost"))
        return (400, "lost") in seen and server.client.ready()

    wait_for("being away and back", back)
    assert (400, "lost") in seen


def test_before_the_first_champion_it_is_well_and_comes_back_too(parts: tuple[Registry, Unloading]) -> None:
    registry, server = parts
    server.start(ready=False)
    assert httpx.get(f"{server.url}/v2/health/ready", trust_env=False).status_code == 400
    server.signal(signal.SIGUSR1)
    wait_for("the model being back", lambda: "out of service" in server.output and server._loaded())
    with pytest.raises(Unavailable, match="no champion yet"):
        scored(server)
    registry.point("champion", registry.add(seed=1))
    wait_for("the first champion", server.client.ready)
    assert scored(server) == "1"


def test_where_it_cannot_be_loaded_again_the_process_ends_for_another_to_start(
    parts: tuple[Registry, Unloading],
) -> None:
    registry, server = parts
    registry.point("champion", registry.add(seed=1))
    server.start()
    server.signal(signal.SIGUSR2)
    wait_for("the end", lambda: server.process_of_its_own().ended)
    assert "cannot be loaded again" in server.output
    assert "CALLWISE_CANARY_SHARE" in server.output
    server.start()
    assert scored(server) == "1"


def test_a_model_that_fails_at_the_start_ends_the_process(parts: tuple[Registry, Unloading]) -> None:
    registry, server = parts
    registry.point("champion", registry.add(seed=1))
    server._env["CALLWISE_CANARY_SHARE"] = "no number"
    wait = server._loaded
    server._loaded = lambda: server.process_of_its_own().ended or wait()  # type: ignore[method-assign]
    server.start(ready=False)
    assert server.process_of_its_own().ended
    assert "CALLWISE_CANARY_SHARE" in server.output
