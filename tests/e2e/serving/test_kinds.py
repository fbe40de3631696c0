"""Two campaign kinds in one scoring service: the second comes, changes and scores while the first goes on."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from core.errors import InputError
from core.kinds.kind import Kind
from core.kinds.registry import add
from core.privacy.requests import request_erasure
from core.schema import Schema
from core.schema.person import Person
from core.scoring.client import ScoringClient
from core.settings.addresses import ScoringSettings
from core.settings.group import ROOT
from core.stores.mongo import Db
from tests.scoring.processes import Mongo, Registry, Server, some_rows, wait_for

CONTENT = (ROOT / "tests" / "schemas" / "bank-full.yaml").read_text(encoding="utf-8")
NAME = "bank-marketing-full"


@dataclass
class Two:
    """The service, and both kinds' registries and clients."""

    server: Server
    mongo: Mongo
    home: Db
    first: Registry
    other: Registry
    kind: Kind
    client: ScoringClient


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory, schema: Schema) -> Iterator[Two]:
    """The service runs with the first kind before the second is added."""
    folder = tmp_path_factory.mktemp("kinds")
    mongo, server = Mongo(folder), None
    try:
        first = Registry(folder)
        server = Server(folder, first, mongo.start().uri)
        first.point("champion", first.add(seed=1))
        server.start()
        home = server.database()
        kind, _ = add(home, schema, CONTENT, by="ann")
        other = Registry(folder, name=f"{first.name}-{NAME}", schema=kind.schema, experiment_name="serving-other")
        scoring = ScoringSettings(mlserver_url=server.url, callwise_model_name=other.name)
        yield Two(server, mongo, home, first, other, kind, ScoringClient(scoring, kind.schema))
    finally:
        if server:
            server.end()
        mongo.kill()


def has_model(two: Two) -> bool:
    return httpx.get(f"{two.server.url}/v2/models/{two.other.name}", trust_env=False).is_success


def test_a_kind_is_taken_up_while_the_service_runs_and_needs_no_champion_for_the_other_to_be_ready(two: Two) -> None:
    wait_for("the kind in service", lambda: has_model(two))
    assert not two.client.ready()
    assert two.server.client.ready()
    assert httpx.get(f"{two.server.url}/v2/health/ready", trust_env=False).status_code == 200


def test_each_kind_has_its_own_champion_level_and_log(two: Two) -> None:
    version = two.other.add(seed=3)
    two.other.add(seed=4)
    two.other.point("champion", version)
    wait_for("the other kind's champion", two.client.ready)
    rows = some_rows(two.kind.schema, 5)
    told = two.client.score(rows, [f"spring:{row}" for row in range(5)], request_id="theirs")
    assert {score.version for score in told} == {version}
    assert two.server.client.score(some_rows(two.first.schema, 1), ["a:1"], request_id="ours")
    theirs = two.kind.database(two.home)
    assert theirs.predictions.count_documents({}) == 5
    assert {one["request"] for one in two.home.predictions.find()} == {"ours"}
    assert {one["request"] for one in theirs.predictions.find()} == {"theirs"}


def test_a_new_version_of_the_kind_is_taken_up_and_stops_no_score(two: Two, schema: Schema) -> None:
    with_pilots = CONTENT.replace("unemployed, unknown]}", "unemployed, pilot, unknown]}", 1)
    kind, needed = add(two.home, schema, with_pilots, by="ann")
    assert needed.needs == "a training"
    wider = ScoringClient(ScoringSettings(mlserver_url=two.server.url, callwise_model_name=two.other.name), kind.schema)
    row = {**some_rows(kind.schema, 1)[0], "job": "pilot"}
    asked = 0

    def takes_pilots() -> bool:
        nonlocal asked
        two.client.score(some_rows(two.kind.schema, 1), ["spring:1"])  # scores all the while
        asked += 1
        with contextlib.suppress(InputError):  # until then, 'pilot' is not one of the words
            return bool(wider.score([row], ["spring:2"]))
        return False

    wait_for("the new word being known", takes_pilots)
    assert asked > 0


def test_an_erasure_is_searched_for_in_every_kinds_spool(two: Two) -> None:
    request = request_erasure(two.home, "a key", Person("4711"), by="ann", keep_out=False)
    clients = (two.server.client, two.client)
    wait_for("the spools searched", lambda: all(request.id in str(one.state()["forgotten"]) for one in clients))


def test_what_was_served_is_served_again_while_mongodb_is_away(two: Two) -> None:
    two.server.end()
    two.mongo.kill()
    try:
        two.server.start()
        wait_for("the kind in service again", two.client.ready)
        assert two.client.score(some_rows(two.kind.schema, 1), ["spring:9"], request_id="spooled")
        assert two.client.state()["spool_waiting"] == 1
        assert two.server.client.state()["spool_waiting"] == 0
    finally:
        two.mongo.start()
    theirs = two.kind.database(two.home)
    wait_for(
        "the spool drained to the kind's log", lambda: theirs.predictions.find_one({"request": "spooled"}) is not None
    )
    assert two.home.predictions.find_one({"request": "spooled"}) is None
