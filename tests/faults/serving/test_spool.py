"""kill -9 of MongoDB and of MLServer under steady requests: what was acknowledged is in the log, once."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import CallwiseError
from core.scoring import protocol
from core.scoring.logged import every_row
from core.stores.mongo import Db
from tests.scoring.processes import Mongo, Registry, Server, some_rows, wait_for

THREADS, ROWS = 3, 4


class Traffic:
    """Steady requests from several threads, each with an id of its own; keeps what was acknowledged."""

    def __init__(self, server: Server, registry: Registry) -> None:
        self._client, self._rows = server.client, some_rows(registry.schema, ROWS)
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(THREADS)
        self.acknowledged: dict[str, protocol.Score] = {}
        self.failed: list[CallwiseError] = []
        self._asking: list[Future[None]] = []

    def __enter__(self) -> "Traffic":
        self._asking = [self._pool.submit(self._ask, number) for number in range(THREADS)]
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for one in self._asking:
            one.result()
        self._pool.shutdown()

    def more(self, count: int) -> None:
        """Wait until `count` more rows have been acknowledged."""
        target = len(self.acknowledged) + count
        wait_for(f"{count} more acknowledged predictions", lambda: len(self.acknowledged) >= target)

    def _ask(self, thread: int) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            prospects = [f"p{thread}-{number}-{row}" for row in range(ROWS)]
            try:
                scores = self._client.score(self._rows, prospects, request_id=f"t{thread}-{number}")
            except CallwiseError as error:
                self.failed.append(error)
                self._stop.wait(0.05)
                continue
            self.acknowledged.update((score.prediction, score) for score in scores)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    made = Registry(tmp_path_factory.mktemp("registry"))
    made.point("champion", made.add(seed=1))
    return made


@pytest.fixture
def mongo(tmp_path: Path) -> Iterator[Mongo]:
    made = Mongo(tmp_path).start()
    yield made
    made.kill()


@pytest.fixture
def server(tmp_path: Path, registry: Registry, mongo: Mongo) -> Iterator[Server]:
    made = Server(tmp_path, registry, mongo.uri)
    try:
        yield made.start()
    finally:
        made.end()


def drained(server: Server) -> bool:
    state = server.client.state()
    return state["spool_waiting"] == 0 and state["mongo"] == "takes predictions"


def lost_or_changed(db: Db, acknowledged: dict[str, protocol.Score]) -> list[str]:
    """Acknowledged predictions that the log does not hold as they were answered."""
    held = {one["_id"]: (one["score"], one["version"], one["route"]) for one in every_row(db)}
    return [key for key, score in acknowledged.items() if held.get(key) != (score.score, score.version, score.route)]


def twice(db: Db) -> int:
    """How many rows of requests stand in the log more than once."""
    rows = [(one["request"], one["prospect"]) for one in every_row(db)]
    return len(rows) - len(set(rows))


def test_mongodb_killed_under_steady_requests(server: Server, registry: Registry, mongo: Mongo) -> None:
    with Traffic(server, registry) as traffic:
        for _ in range(2):
            traffic.more(100)
            mongo.kill()
            traffic.more(200)
            assert not drained(server)
            mongo.start()
            wait_for("the spool being empty", lambda: drained(server))
        traffic.more(100)
    assert traffic.failed == [], "the spool takes what MongoDB does not"
    db = mongo.database()
    assert lost_or_changed(db, traffic.acknowledged) == []
    assert sum(1 for _ in every_row(db)) == len(traffic.acknowledged)
    assert twice(db) == 0
    assert server.client.state()["spool_disputed"] == 0


def test_mongodb_hangs_under_steady_requests(server: Server, registry: Registry, mongo: Mongo) -> None:
    with Traffic(server, registry) as traffic:
        traffic.more(100)
        mongo.hang()
        traffic.more(300)
        assert not drained(server)
        mongo.go_on()
        wait_for("the spool being empty", lambda: drained(server))
        traffic.more(100)
    assert traffic.failed == []
    db = mongo.database()
    assert lost_or_changed(db, traffic.acknowledged) == []
    assert sum(1 for _ in every_row(db)) == len(traffic.acknowledged)
    assert server.client.state()["spool_disputed"] == 0


def test_mlserver_killed_while_mongodb_is_down(server: Server, registry: Registry, mongo: Mongo) -> None:
    with Traffic(server, registry) as traffic:
        traffic.more(100)
        mongo.kill()
        traffic.more(200)
        server.kill()
        wait_for("requests failing", lambda: len(traffic.failed) > 0)
        server.start()
        traffic.more(100)
    waiting = server.client.state()["spool_waiting"]
    assert isinstance(waiting, int)
    assert waiting >= 300
    mongo.start()
    wait_for("the spool being empty", lambda: drained(server))
    db = mongo.database()
    assert lost_or_changed(db, traffic.acknowledged) == []
    assert twice(db) == 0
    assert server.client.state()["spool_disputed"] == 0


def test_mlserver_killed_while_the_spool_drains(server: Server, registry: Registry, mongo: Mongo) -> None:
    mongo.kill()
    with Traffic(server, registry) as traffic:
        traffic.more(2000)
    mongo.start()
    wait_for("the drain's begin", lambda: mongo.database().predictions.count_documents({}) > 0)
    server.kill()
    server.start()
    wait_for("the spool being empty", lambda: drained(server))
    db = mongo.database()
    assert lost_or_changed(db, traffic.acknowledged) == []
    assert sum(1 for _ in every_row(db)) == len(traffic.acknowledged)
    assert twice(db) == 0
