"""The real scoring service with a champion, on a MongoDB and a registry of its own, for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scoring.processes import Mongo, Registry, Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    mongo, registry = Mongo(folder), Registry(folder)
    registry.point("champion", registry.add(seed=1))
    server = Server(folder, registry, mongo.start().uri)
    try:
        yield server.start()
    finally:
        server.end()
        mongo.kill()
