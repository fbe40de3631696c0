"""Two scoring services on one appliance's stores and one spool, as `docker compose up --scale mlserver=2` has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from core.scoring.protocol import Score
from tests.scoring.processes import Mongo, Registry, Server, some_rows, wait_for

ROWS = 3


@dataclass
class Replicas:
    """The services, and what they share."""

    registry: Registry
    mongo: Mongo
    servers: tuple[Server, Server]

    def score(self, server: Server, request: str) -> list[Score]:
        rows = some_rows(self.registry.schema, ROWS, seed=9)
        return server.client.score(rows, [f"spring:{n}" for n in range(ROWS)], request_id=request)


@pytest.fixture(scope="module")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    folder, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    mongo, registry = Mongo(folder), Registry(folder)
    registry.point("champion", registry.add(seed=1))
    registry.add(seed=2)
    uri = mongo.start().uri
    one = Server(folder, registry, uri)
    two = Server(other, registry, uri, CALLWISE_SPOOL_DIR=str(one.spool))
    try:
        yield Replicas(registry, mongo, (one.start(), two.start()))
    finally:
        for server in (one, two):
            server.end()
        mongo.kill()


def test_both_follow_the_registry_and_a_repeated_request_finds_its_first_answer(replicas: Replicas) -> None:
    one, two = replicas.servers
    first = replicas.score(one, "asked-of-one")
    assert [score.version for score in first] == ["1"] * ROWS
    replicas.registry.point("champion", "2")
    wait_for("the new champion", lambda: all(one.client.state()["champion"] == "2" for one in replicas.servers))
    assert replicas.score(two, "asked-of-one") == first
    again = [
        [(score.version, score.score) for score in replicas.score(server, f"again-{place}")]
        for place, server in enumerate(replicas.servers)
    ]
    assert again[0] == again[1]
    assert {version for version, _ in again[0]} == {"2"}
    assert one.database().predictions.count_documents({"request": "asked-of-one"}) == ROWS


def test_what_waits_in_the_spool_of_one_is_found_by_the_other_and_stored_once(replicas: Replicas) -> None:
    one, two = replicas.servers
    replicas.mongo.kill()
    spooled = replicas.score(one, "asked-while-away")
    assert replicas.score(two, "asked-while-away") == spooled
    replicas.mongo.start()
    predictions = one.database().predictions
    wait_for("the spool being empty", lambda: two.client.state()["spool_waiting"] == 0)
    wait_for("the predictions", lambda: predictions.count_documents({"request": "asked-while-away"}) == ROWS)
    assert replicas.score(two, "asked-while-away") == spooled
