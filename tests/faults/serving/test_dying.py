"""A canary that takes the scoring service down does so once; then its trial ends, by itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.models.decisions import DecisionKind, decisions
from core.models.succession import Succession
from core.schema import Schema
from core.stores.events import Event
from monitor.trials.trial import TrialJob
from monitor.trials.verdict import TrialRules
from serving.loading_mark import FILE
from tests.scoring.processes import Mongo, Registry, Server, some_rows, wait_for


class Dying(Server):
    """The scoring service, which dies of version 2."""

    module = "tests.scoring.dying"

    def __init__(self, folder: Path, registry: Registry, mongodb_uri: str) -> None:
        super().__init__(folder, registry, mongodb_uri, DIES_OF="2")

    @property
    def has_died(self) -> bool:
        return self.process is not None and self.process.ended

    def version(self) -> str:
        """The version that answers."""
        return self.client.score(some_rows(self.registry.schema, 1), ["p"])[0].version


@pytest.fixture
def mongo(tmp_path: Path) -> Iterator[Mongo]:
    made = Mongo(tmp_path).start()
    yield made
    made.kill()


@pytest.fixture
def server(tmp_path: Path, mongo: Mongo) -> Iterator[Dying]:
    made = Dying(tmp_path, Registry(tmp_path), mongo.uri)
    yield made
    made.end()


def test_a_canary_that_ends_the_process_is_loaded_once_and_its_trial_ends(
    server: Dying, mongo: Mongo, schema: Schema
) -> None:
    """Kind: a state that nobody but the person who sees it ends."""
    registry, db = server.registry, mongo.database()
    assert [registry.add(seed=seed) for seed in (1, 2, 3)] == ["1", "2", "3"]
    succession = Succession(db, registry.name, registry.registry, by="monitor")
    succession.promote("1", why="the first")
    server.start()
    succession.start_trial("2", why="it passed the gates", incident="drift:7")
    wait_for("the canary ending the process", lambda: server.has_died)

    server.start()
    assert server.version() == "1"
    state = server.client.state()
    assert (state["champion"], state["canary"], state["refused_versions"]) == ("1", "", "2")
    assert "the scoring service died while it loaded this version" in str(state["refused"])
    server.end()  # politely, which must not make the next process forget
    server.start()
    assert server.output.count("version 2 ends the process") == 1

    job = TrialJob(db, schema, succession, server.client.state, TrialRules())
    assert job.advance().startswith("version 2 was dropped: serving refuses it: version 2: the scoring service died")
    last = decisions(db, registry.name)[-1]
    assert (last.what, last.version, last.incident) == (DecisionKind.DROPPED, "2", "drift:7")
    assert db.events.count_documents({"what": Event.MODEL_DROPPED}) == 1
    wait_for("the refusal being over", lambda: server.client.state()["refused_versions"] == "")
    assert not (server.spool / FILE).exists()

    succession.start_trial("3", why="it passed the gates")
    wait_for("the next canary being in service", lambda: server.client.state()["canary"] == "3")
    assert (server.spool / FILE).exists(), "it has not been in service for long"
    server.end()
    assert not (server.spool / FILE).exists(), "a process that is told to end does not die of its canary"
    server.start()
    wait_for("the canary being in service again", lambda: server.client.state()["canary"] == "3")
