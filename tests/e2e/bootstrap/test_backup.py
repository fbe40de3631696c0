"""Backup, drill and restore of a real appliance: made while agents call, and back from archive and passphrase alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.state import StateFolder
from bootstrap.embedded.watch import Watch
from core.calls.claims import claim, settle_calls
from core.calls.lifecycle import CALLABLE, Result
from core.calls.recording import CallReport, record
from core.clock import now
from core.errors import Unavailable
from core.imports.kept_out import Doorkeeper, keep_out
from core.privacy.requests import Status, complete, request_erasure
from core.schema.person import Person
from core.settings.addresses import MongoSettings, S3Settings
from core.settings.group import ROOT
from core.settings.loading import load
from core.stores.event_log import append, first_broken
from core.stores.events import Event
from core.stores.mongo import Db, connect, count
from core.stores.object_store import ObjectStore

pytestmark = [pytest.mark.appliance, pytest.mark.timeout(900)]

PEOPLE = 400
RESULTS = (Result.SOLD, Result.REFUSED, Result.NO_ANSWER, Result.DO_NOT_CALL)


def database(appliance: Appliance) -> Db:
    return connect(load(MongoSettings, appliance.env))


def models(appliance: Appliance) -> ObjectStore:
    settings = load(S3Settings, appliance.env)
    return ObjectStore(settings, settings.s3_bucket_models)


def content(appliance: Appliance, key: str) -> bytes:
    """The content of an object. For seconds after its start SeaweedFS lists objects and does not find their volumes."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return models(appliance).get(key)
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def run(module: str, *words: str, state: Path, **env: str) -> str:
    """What a command on the appliance in `state` printed; it must end well."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("CALLWISE_")}
    done = subprocess.run(
        [sys.executable, "-P", "-m", module, *words],
        env={**known, "PYTHONPATH": str(ROOT), "CALLWISE_STATE": str(state), **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass
class Agent:
    """Calls one person after the other until told to end, and notes what was acknowledged."""

    db: Db
    name: str
    recorded: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        while not self.ended.is_set() and (prospect := claim(self.db, "spring", self.name)):
            result = RESULTS[len(self.recorded) % len(RESULTS)]
            self.recorded.append(record(self.db, prospect["_id"], self.name, CallReport(result))["_id"])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Appliance]:
    """An appliance with people to call, a kind of its own beside, and objects with odd keys on S3."""
    off = {**os.environ, "CALLWISE_BACKUP_DAILY": "off"}  # the clock may strike the hour during the tests
    state = tmp_path_factory.mktemp("first") / "state"
    with Appliance(state, services=("setup", "backup"), inherited=off) as appliance:
        Watch(appliance).wait_healthy(lambda _: None)
        db = database(appliance)
        db.campaigns.insert_one({"_id": "spring", "state": "open"})
        shared = {"campaign": "spring", "status": "open", "claim": None}
        db.prospects.insert_many(
            [{"_id": f"spring:{n}", "ref": f"{n}", "score": n / 1000, **shared} for n in range(PEOPLE)]
        )
        db.client[f"{db.name}-car-loans"].prospects.insert_one({"_id": "loans:1", "ref": "1", "campaign": "loans"})
        for key in ("1/models/m-1/artifacts/model.skops", "odd/ä b?.html"):
            models(appliance).put(key, key.encode() * 1000)
        yield appliance


def archive_of(appliance: Appliance) -> Path:
    return Path(f"{appliance.state.path}.backups")


def test_a_backup_while_agents_call_comes_back_from_archive_and_passphrase_alone(
    running: Appliance, tmp_path: Path
) -> None:
    state, db = running.state.path, database(running)
    agents = [Agent(database(running), name) for name in ("ann", "bob")]
    threads = [threading.Thread(target=agent.work) for agent in agents]
    for thread in threads:
        thread.start()
    while sum(len(agent.recorded) for agent in agents) < 20:
        assert any(thread.is_alive() for thread in threads)
    before = {key for agent in agents for key in list(agent.recorded)}
    said = run("bootstrap.demo.run_inside", "bootstrap.backup", state=state)
    for agent in agents:
        agent.ended.set()
    for thread in threads:
        thread.join()
    after = {key for agent in agents for key in agent.recorded}
    assert "read back and compared" in said
    assert len(after) > len(before)  # they went on meanwhile

    passphrase = StateFolder(state).secrets()["CALLWISE_BACKUP_PASSPHRASE"]
    again = tmp_path / "again"
    said = run(
        "bootstrap.backup.from_archive", str(archive_of(running)), "--state", str(again), state=tmp_path,
        CALLWISE_BACKUP_PASSPHRASE=passphrase,
    )  # fmt: skip
    assert f"into {again}" in said
    assert StateFolder(again).secrets() == StateFolder(state).secrets()
    with Appliance(again, services=("s3", "mongo")) as restored:
        Watch(restored).wait_healthy(lambda _: None)
        found = database(restored)
        settle_calls(found)
        calls = {call["_id"]: call for call in found.calls.find()}
        # Whatever was acknowledged before is there; whatever is there was acknowledged, and to the end.
        assert before <= calls.keys() <= after
        assert found.prospects.count_documents({}) == PEOPLE
        for call in calls.values():
            prospect = found.prospects.find_one({"_id": call["prospect"]})
            assert prospect is not None
            assert prospect["calls"] >= call["call"]
            outcome = found.outcomes.find_one({"_id": call["_id"]})
            assert (outcome is not None) == Result(call["result"]).is_outcome
        called = {call["prospect"] for call in calls.values()}
        for prospect in found.prospects.find():
            assert prospect["_id"] in called or (prospect["status"] in CALLABLE and not prospect.get("calls"))
        assert first_broken(found) is None
        assert [kind["_id"] for kind in found.kinds.find()] == [kind["_id"] for kind in db.kinds.find()]
        assert count(found.client[f"{found.name}-car-loans"].prospects, {}) == 1
        keys = models(running).keys()
        assert models(restored).keys() == keys
        assert all(content(restored, key) == content(running, key) for key in keys)


def test_a_drill_finds_every_store_equal(running: Appliance, tmp_path: Path) -> None:
    out = tmp_path / "drill.json"
    said = run("bootstrap.demo.run_inside", "bootstrap.backup", "--drill", "--json", str(out), state=running.state.path)
    result = json.loads(out.read_text())
    assert result["equal"], said
    stores = {one["store"]: one for one in result["stores"]}
    assert stores.keys() >= {
        "mongo",
        "s3",
        "mlflow",
        "prefect",
        "evidently",
        "registry",
        "spool",
        "secrets",
        "register",
    }
    assert stores["mongo"]["records"] > PEOPLE
    assert stores["mongo-served"]["records"] > PEOPLE
    settings = load(S3Settings, running.env)
    kept = [ObjectStore(settings, bucket).keys() for bucket in (settings.s3_bucket_models, settings.s3_bucket_datasets)]
    assert stores["s3"]["records"] == sum(map(len, kept))
    assert not (running.state.path / "backup" / "drill").exists()


def test_who_was_erased_after_the_backup_stays_erased_and_the_broken_state_is_kept(running: Appliance) -> None:
    state, db = running.state.path, database(running)
    secrets = StateFolder(state).secrets()
    gone = Person("7", "spring")
    asked = request_erasure(db, secrets["CALLWISE_ERASURE_KEY"], gone, by="mia", keep_out=True)
    receipt = {"number": asked.id, "pseudonym": asked.pseudonym, "kept_out": True}
    complete(db, asked, receipt)
    keep_out(db, asked.pseudonym, receipt=asked.id, at=now())
    db.prospects.delete_one({"_id": "spring:7"})
    append(db, who="mia", what=Event.PERSON_ERASED, subject=asked.id)
    running.stop()
    (state / "secrets.json").write_text("{ cut off")
    (state / "mlflow" / "mlflow.db").write_bytes(b"not a database")

    said = run(
        "bootstrap.backup.from_archive", str(archive_of(running)), "--state", str(state), state=state,
        CALLWISE_BACKUP_PASSPHRASE=secrets["CALLWISE_BACKUP_PASSPHRASE"],
    )  # fmt: skip
    (aside,) = state.parent.glob("state.before-restore-*")
    assert (aside / "mlflow" / "mlflow.db").read_bytes() == b"not a database"
    assert (aside / "secrets.json").read_text() == "{ cut off"
    assert "1 erasures carried over; 1 receipts; 1 people were back on the lists" in said, said
    with Appliance(state, services=("mongo",)) as restored:
        Watch(restored).wait_healthy(lambda _: None)
        found = database(restored)
        assert found.prospects.find_one({"_id": "spring:7"}) is not None  # the worker removes them
        statuses = sorted(one["status"] for one in found.erasures.find({"pseudonym": asked.pseudonym}))
        assert statuses == sorted([Status.DONE.value, Status.ASKED.value])
        assert Doorkeeper(found, secrets["CALLWISE_ERASURE_KEY"]).keeps_out("7", "spring")
