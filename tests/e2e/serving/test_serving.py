"""MLServer itself, with the runtime, real models in a real registry, and a MongoDB-wire server."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from pathlib import Path

import httpx
import psutil
import pytest

from core.clock import now
from core.errors import Unavailable
from core.models import levels_in_force
from core.models.level import levelled
from core.models.proof import predict
from core.models.registry import PROOF
from core.schema.column import Value
from core.scoring import protocol
from core.scoring.logged import by_key
from core.scoring.packed import rows_of
from tests.scoring.by_grpc import called
from tests.scoring.processes import SERVING_BIN, Mongo, Registry, Server, free_ports, some_rows, wait_for


@dataclass
class Appliance:
    """What the scoring service needs, and the service."""

    registry: Registry
    mongo: Mongo
    server: Server

    def expected(self, version: str, rows: list[dict[str, Value]]) -> list[float]:
        """The scores that the registry's own `predict` gives."""
        found = self.registry.registry.version(version)
        return [float(score) for score in predict(self.registry.registry.load(found).model, rows)]

    def serve(self, champion: str, canary: str = "") -> None:
        """Let the champion's alias name this version, and wait until the service has followed."""
        self.registry.point("champion", champion)
        wait_for(f"version {champion} being served", lambda: self.server.client.state()["champion"] == champion)


@pytest.fixture(scope="module")
def appliance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    folder = tmp_path_factory.mktemp("serving")
    mongo = Mongo(folder)
    server = None
    try:
        registry = Registry(folder)
        server = Server(folder, registry, mongo.start().uri, CALLWISE_CANARY_SHARE="0.5").start(ready=False)
        yield Appliance(registry, mongo, server)
    finally:
        if server:
            server.end()
        mongo.kill()


@pytest.fixture(scope="module")
def versions(appliance: Appliance) -> list[str]:
    """Two versions that score differently. The first test has seen the appliance without any."""
    return [appliance.registry.add(seed=1), appliance.registry.add(seed=2)]


def test_an_appliance_without_a_model_starts_and_says_so(appliance: Appliance) -> None:
    url = appliance.server.url
    assert httpx.get(f"{url}/v2/health/live").status_code == 200
    assert httpx.get(f"{url}/v2/health/ready").status_code == 400
    assert not appliance.server.client.ready()
    with pytest.raises(Unavailable, match="no champion yet"):
        appliance.server.client.score(some_rows(appliance.registry.schema, 1), ["p"])


def test_it_listens_on_its_three_ports_of_loopback_alone(appliance: Appliance) -> None:
    server = appliance.server
    assert server.process is not None
    tree = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]
    listening = {
        (ip_address(connection.laddr.ip.removeprefix("::ffff:")).is_loopback, connection.laddr.port)
        for process in tree
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {(True, port) for port in (server.http_port, server.grpc_port, server.metrics_port)}


def test_a_champion_is_served_as_soon_as_there_is_one(appliance: Appliance, versions: list[str]) -> None:
    appliance.registry.point("champion", versions[0])
    wait_for("the service being ready", appliance.server.client.ready)
    assert httpx.get(f"{appliance.server.url}/v2/health/ready").status_code == 200


def test_reply_log_and_registry_say_the_same_number(appliance: Appliance, versions: list[str]) -> None:
    appliance.serve(versions[0])
    rows = some_rows(appliance.registry.schema, 50, seed=9)
    scores = appliance.server.client.score(rows, [f"p{row}" for row in range(50)], request_id="same")
    assert [score.score for score in scores] == appliance.expected(versions[0], rows)
    log = by_key(appliance.mongo.database(), [score.prediction for score in scores])
    for score, row in zip(scores, rows, strict=True):
        held = log[score.prediction]
        assert (held["score"], held["version"], held["route"]) == (score.score, versions[0], "champion")
        assert held["features"] == row


def test_a_canary_gets_its_share_and_both_scores_are_logged(appliance: Appliance, versions: list[str]) -> None:
    appliance.serve(versions[0])
    appliance.registry.point("canary", versions[1])
    wait_for("the canary", lambda: appliance.server.client.state()["canary"] == versions[1])
    rows = some_rows(appliance.registry.schema, 60, seed=10)
    scores = appliance.server.client.score(rows, [f"p{row}" for row in range(60)], request_id="canary")
    by_version = {version: appliance.expected(version, rows) for version in versions}
    log = by_key(appliance.mongo.database(), [score.prediction for score in scores])
    assert {score.route for score in scores} == {"champion", "canary"}
    for row, score in enumerate(scores):
        held = log[score.prediction]
        used, shadow = versions if score.route == "champion" else reversed(versions)
        assert (score.version, score.score) == (used, by_version[used][row])
        assert (held["shadow_version"], held["shadow_score"]) == (shadow, by_version[shadow][row])
    appliance.registry.registry.client.delete_registered_model_alias(appliance.registry.name, "canary")
    wait_for("the canary's end", lambda: appliance.server.client.state()["canary"] == "")


def test_the_level_in_force_is_served_without_mongodb_and_again_after_a_restart(
    appliance: Appliance, versions: list[str]
) -> None:
    appliance.serve(versions[0])
    rows, log = some_rows(appliance.registry.schema, 20, seed=14), appliance.mongo.database().predictions
    expected = levelled(appliance.expected(versions[0], rows), -0.8).tolist()

    def answered(request_id: str) -> list[float]:
        scores = appliance.server.client.score(rows, [f"p{row}" for row in range(20)], request_id=request_id)
        return [score.score for score in scores]

    def level() -> object:
        return appliance.server.client.state()["champion_level"]

    assert level() == 0
    levels_in_force.put_in_force(
        appliance.mongo.database(), versions[0], levels_in_force.Level(-0.8, 200, 20, 40.5, now())
    )
    wait_for("the level", lambda: level() == -0.8)
    assert answered("levelled") == expected
    assert {held["level"] for held in rows_of(log.find({"request": "levelled"}))} == {-0.8}
    appliance.mongo.kill()
    assert answered("levelled-without-mongodb") == expected
    wait_for("the silence being noticed", lambda: "the levels cannot be read" in appliance.server.output)
    assert (level(), answered("levelled-still")) == (-0.8, expected)
    appliance.mongo.start()
    wait_for("the spool being empty", lambda: appliance.server.client.state()["spool_waiting"] == 0)
    appliance.server.end()
    appliance.server.start()
    assert answered("levelled-anew") == expected, "from the first answer on"
    appliance.mongo.database().appliance.delete_one({"_id": f"{levels_in_force.KEY}{versions[0]}"})
    wait_for("the level's end", lambda: level() == 0)


def test_grpc_sends_words_as_bytes(appliance: Appliance, versions: list[str]) -> None:
    appliance.serve(versions[0])
    schema = appliance.registry.schema
    rows = some_rows(schema, 2, seed=11)
    request = json.dumps(protocol.request(schema, rows, ["a", "b"], "by-grpc"))
    address = f"127.0.0.1:{appliance.server.grpc_port}"
    reply = called(SERVING_BIN / "python", "infer", address, appliance.registry.name, "by-grpc", request)
    assert reply["versions"] == [versions[0]] * 2
    assert reply["scores"] == appliance.expected(versions[0], rows)
    assert appliance.mongo.database().predictions.count_documents({"request": "by-grpc"}) == 2


def test_a_model_that_does_not_reproduce_its_proof_is_refused(appliance: Appliance, versions: list[str]) -> None:
    appliance.serve(versions[0])
    bad = appliance.registry.add(seed=3, proven=False)
    appliance.registry.point("champion", bad)
    wait_for("the refusal", lambda: f"version {bad}: " in str(appliance.server.client.state()["refused"]))
    assert "does not reproduce its proof" in str(appliance.server.client.state()["refused"])
    assert f"version {bad} is refused" in appliance.server.output
    rows = some_rows(appliance.registry.schema, 1)
    assert appliance.server.client.score(rows, ["p"])[0].version == versions[0]
    appliance.serve(versions[1])
    assert appliance.server.client.state()["refused"] == ""


def refusal_says(appliance: Appliance, why: str) -> bool:
    return why in str(appliance.server.client.state()["refused"])


def test_a_version_that_training_did_not_sign_is_refused_and_said(appliance: Appliance, versions: list[str]) -> None:
    """Made past training, and then one whose files were replaced by those of another, with their proof."""
    appliance.serve(versions[0])
    made = appliance.registry
    unsigned, replaced = made.add(seed=4, signed=False), made.add(seed=5)
    for inside in ("model.skops", f"extra_files/{PROOF}"):
        shutil.copy(made.file(unsigned, inside), made.file(replaced, inside))
    for bad, why in ((unsigned, "has no signature"), (replaced, "is not the file that was signed")):
        made.point("champion", bad)
        wait_for("the refusal", partial(refusal_says, appliance, why))
        rows = some_rows(made.schema, 1)
        assert appliance.server.client.score(rows, ["p"])[0].version == versions[0]
    appliance.serve(versions[0])


def test_models_change_under_steady_requests_and_none_is_dropped(appliance: Appliance, versions: list[str]) -> None:
    appliance.serve(versions[0])
    rows = some_rows(appliance.registry.schema, 5, seed=12)
    expected = {version: appliance.expected(version, rows) for version in versions}
    prospects = [f"p{row}" for row in range(5)]
    stop = threading.Event()

    def ask() -> list[list[protocol.Score]]:
        answers = []
        while not stop.is_set():
            answers.append(appliance.server.client.score(rows, prospects))
        return answers

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            for version in [versions[1], versions[0]] * 4:
                appliance.serve(version)
        finally:
            stop.set()
        answers = [answer for one in asking for answer in one.result()]
    served = {answer[0].version for answer in answers}
    assert served == set(versions)
    for answer in answers:
        assert {score.version for score in answer} == {answer[0].version}, "one request, one line-up"
        assert [score.score for score in answer] == expected[answer[0].version]
    log = appliance.mongo.database().predictions
    assert log.count_documents(
        {"_id": {"$in": [score.prediction for answer in answers for score in answer]}}
    ) == 5 * len(answers)


def test_without_a_registry_it_starts_says_so_and_ends_when_told(appliance: Appliance, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_ports(1)[0]}"
    server = Server(tmp_path, appliance.registry, appliance.mongo.uri, MLFLOW_TRACKING_URI=nowhere)
    try:
        server.start(ready=False)
        state = server.client.state()
        assert (state["registry"], state["champion"]) == ("does not answer", "")
        assert not server.client.ready()
    finally:
        server.end()
    assert server.output.count("the model registry does not answer") == 1


def test_it_ends_when_told_and_goes_on_after_a_restart(appliance: Appliance, versions: list[str]) -> None:
    appliance.serve(versions[0])
    began = time.monotonic()
    appliance.server.end()
    assert time.monotonic() - began < 20, "not by being killed"
    assert Path(appliance.server.spool).is_dir()
    appliance.server.start()
    assert appliance.server.client.state()["champion"] == versions[0]
    assert "Traceback" not in appliance.server.output
