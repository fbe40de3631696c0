"""scripts/upgrade on an embedded appliance with data that an earlier commit wrote: on, back by itself, and killed.

The stores are real, and so is the code that wrote them, from git's history. The other services do not start: the
check is asked for the stores alone. A clone of this repository stands for a person's checkout.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bootstrap.backup.copies.sqlite_files import tables
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.watch import Watch
from bootstrap.upgrade.engine import REFUSED, TAKEN_BACK, UPGRADED
from core.imports.column_mapping import ColumnMapping
from core.lists import import_log
from core.scoring.kept_predictions import kept_of
from core.settings.addresses import MongoSettings, S3Settings
from core.settings.group import ROOT
from core.settings.loading import load
from core.stores import stored_version
from core.stores.event_log import first_broken
from core.stores.mongo import Db, connect, count
from core.stores.object_store import ObjectStore

pytestmark = [pytest.mark.appliance, pytest.mark.timeout(900)]

OLD = "00a4a9c"
"""Before living lists: campaigns name their files, mappings their decimal commas, people their newest prediction."""
PEOPLE, CALLS = 300, 12
STORES = "s3,mongo"

WRITE = """
import os, sys
from pathlib import Path
from core.calls.claims import claim
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.imports.campaign_file import CampaignFile
from core.imports.column_mapping import ColumnMapping, remember
from core.imports.importer import ImportRequest, import_campaign
from core.schema import read_schema
from core.settings.addresses import MongoSettings, S3Settings
from core.settings.loading import load
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import connect, ensure_indexes

file, calls = CampaignFile.open(Path(sys.argv[1])), int(sys.argv[2])
db, schema = connect(load(MongoSettings)), read_schema(Path("data/schema.yaml"))
ensure_indexes(db)
mapping = ColumnMapping(ColumnMapping.by_name(schema, file.header).columns, commas=frozenset({"euribor3m"}))
import_campaign(db, schema, ImportRequest(file, "spring", outcomes_until=100), rejects=Path(sys.argv[1] + ".rejects"))
remember(db, schema, file, mapping, by="mia")
event_log.append(db, who="mia", what=Event.CAMPAIGN_IMPORTED, subject="spring")
for place, person in enumerate(list(db.prospects.find({"status": "open"}))):
    at = person["created_at"] if "created_at" in person else db.campaigns.find_one()["created_at"]
    row = {"_id": f"r:{place}", "request": "r", "prospect": person["_id"], "at": at, "version": "1", "score": 0.1}
    db.predictions.insert_one({**row, "features": person["features"], "route": "champion", "shadow_version": None})
    db.prospects.update_one({"_id": person["_id"]}, {"$set": {"prediction": row["_id"], "score": 0.1}})
for number in range(calls):
    held = claim(db, "spring", "ann")
    record(db, held["_id"], "ann", CallReport((Result.SOLD, Result.REFUSED, Result.NO_ANSWER)[number % 3]))
"""


def in_history(commit: str) -> bool:
    asked = ["git", "cat-file", "-e", f"{commit}^{{commit}}"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, check=False).returncode == 0


@contextmanager
def stores_of(state: Path) -> Iterator[Db]:
    with Appliance(state, services=("s3", "mongo")) as appliance:
        Watch(appliance).wait_healthy(lambda _: None)
        yield connect(load(MongoSettings, appliance.env))


def content(state: Path) -> dict[str, Any]:
    """Number and sha256 of every table's rows, as a drill compares them."""
    return {
        f"{path.stem}.{name}": part
        for path in sorted((state / "mongo").glob("callwise*.db"))
        for name, part in tables(path).items()
    }


class Checkout:
    """A clone of this repository, as a person has it, with the appliance in `state`."""

    def __init__(self, root: Path, state: Path) -> None:
        self.root, self.state = root, state
        self.git("clone", "--quiet", "--shared", str(ROOT), str(root), cwd=root.parent)
        self.git("config", "user.name", "Tests")
        self.git("config", "user.email", "tests@example.org")
        self.git("checkout", "--quiet", "-B", "main")
        for name in (".venv", ".venv-serving"):
            (root / name).symlink_to(ROOT / name)
        self.present = self.git("rev-parse", "HEAD")

    def git(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run(["git", *words], cwd=cwd or self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def version(self, name: str, migration: str = "") -> str:
        """Tag a commit after the present one, with this body of a migration more, and stay where we are."""
        (self.root / "release").write_text(name)
        if migration:
            number = stored_version.NEWEST + 1
            listing = self.root / "bootstrap" / "migrations" / "listing.py"
            listing.write_text(
                listing.read_text()
                + f"\n\ndef _more(db, keep):\n    {migration}\n    return 1\n\n\n"
                + f'MIGRATIONS += (Migration({number}, "one more", _more),)\n'
            )
            path = self.root / "core" / "stores" / "stored_version.py"
            path.write_text(path.read_text().replace(f"NEWEST = {number - 1}", f"NEWEST = {number}"))
        self.git("add", "--all", "--", "release", "bootstrap", "core")
        self.git("commit", "--quiet", "--message", name)
        self.git("tag", name)
        self.git("checkout", "--quiet", self.present)
        self.git("checkout", "--quiet", "-B", "main")
        return name

    def upgrade(self, *words: str) -> subprocess.Popen[str]:
        known = {name: value for name, value in os.environ.items() if not name.startswith("CALLWISE_")}
        return subprocess.Popen(
            [str(self.root / "scripts" / "upgrade"), "--only", STORES, "--seconds", "120", *words],
            env={**known, "CALLWISE_STATE": str(self.state)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str) -> tuple[int, str]:
        process = self.upgrade(*words)
        said, _ = process.communicate(timeout=600)
        return process.returncode, said

    @property
    def folder(self) -> Path:
        return self.root / ".state" / "upgrade"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of an appliance whose MongoDB the old commit filled; the other stores have a record each."""
    if not in_history(OLD):
        pytest.skip(f"the commit {OLD} is not here: git fetch --unshallow")
    folder = tmp_path_factory.mktemp("old")
    (folder / "code").mkdir()
    archive = subprocess.run(["git", "archive", OLD], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(folder / "code")], input=archive.stdout, check=True)
    with zipfile.ZipFile(ROOT / "data" / "sample-campaign.zip") as sample:
        lines = sample.read(sample.namelist()[0]).decode().splitlines()
    (folder / "spring.csv").write_text("\n".join(lines[: PEOPLE + 1]) + "\n")
    state = folder / "state"
    with Appliance(state, services=("s3", "mongo")) as appliance:
        Watch(appliance).wait_healthy(lambda _: None)
        s3 = load(S3Settings, appliance.env)
        for bucket in (s3.s3_bucket_datasets, s3.s3_bucket_models):
            ObjectStore(s3, bucket).ensure()
        known = {name: appliance.env[name] for name in ("MONGODB_URI", "MONGODB_DATABASE")}
        subprocess.run(
            [sys.executable, "-P", "-c", WRITE, str(folder / "spring.csv"), str(CALLS)],
            cwd=folder / "code",
            env={"PYTHONPATH": str(folder / "code"), "PATH": os.environ["PATH"], **known},
            check=True,
        )
    for store in ("mlflow", "prefect"):
        with closing(sqlite3.connect(state / store / f"{store}.db")) as database, database:
            database.execute("CREATE TABLE runs AS SELECT 1 AS n")
    for store in ("registry", "evidently"):
        (state / store).mkdir(exist_ok=True)
        (state / store / "kept").write_text("1")
    shutil.rmtree(state / "run")  # sockets, which no copy takes
    return state


@pytest.fixture
def checkout(written: Path, tmp_path: Path) -> Checkout:
    shutil.copytree(written, tmp_path / "state")
    return Checkout(tmp_path / "checkout", tmp_path / "state")


def check_migrated(state: Path) -> None:
    with stores_of(state) as db:
        assert stored_version.applied(db) == stored_version.NEWEST
        assert count(db.prospects, {}) == PEOPLE
        assert count(db.calls, {}) == CALLS
        assert first_broken(db) is None
        [entry] = import_log.into(db, "spring")
        assert entry.document["report"]["rows"] == PEOPLE
        mapping = ColumnMapping.from_document(db.mappings.find_one() or {})
        assert mapping.numbers["euribor3m"].decimal == ","
        ranked = [person for person in db.prospects.find() if person.get("prediction")]
        assert len(ranked) == count(db.predictions, {}) > 100
        assert all(kept_of(person)[0][1] == person["prediction"] for person in ranked)


def test_data_of_an_old_commit_are_migrated_and_nothing_is_lost(checkout: Checkout) -> None:
    checkout.version("v9.0")
    status, said = checkout.run("--check")
    assert (status, "Nothing speaks against" in said) == (UPGRADED, True), said
    status, said = checkout.run()
    assert status == UPGRADED, said
    steps = [line.partition("] ")[2].partition(":")[0] for line in said.splitlines()]
    assert steps[:9] == ["preflight", "prefetch", "close", "backup", "stop", "switch", "migrate", "start", "open"], said
    assert f"the data were of version 0 and are of {stored_version.NEWEST}; nothing is missing" in said
    assert (checkout.root / "release").read_text() == "v9.0"
    assert checkout.git("status", "--porcelain") == ""
    assert sorted(path.name for path in checkout.folder.iterdir()) == ["lock", "log"]
    check_migrated(checkout.state)
    status, said = checkout.run()
    assert (status, "is here already" in said) == (REFUSED, True), said


def test_a_release_that_loses_people_is_taken_back_and_the_data_are_as_before(checkout: Checkout) -> None:
    checkout.version("v9.1", "db.prospects.delete_many({})")
    before = content(checkout.state)
    status, said = checkout.run("v9.1")
    assert status == TAKEN_BACK, said
    assert f"callwise.prospects: 0 of {PEOPLE}" in said
    assert "restore: backup" in said
    assert checkout.git("rev-parse", "HEAD") == checkout.present
    assert checkout.git("symbolic-ref", "--short", "HEAD") == "main"
    assert not (checkout.root / "release").exists()
    assert content(checkout.state) == before
    [aside] = checkout.state.parent.glob("state.before-restore-*")
    assert "callwise.prospects" in content(aside)
    assert not (checkout.folder / "upgrade.json").exists()


@pytest.mark.parametrize("way_out", ["on", pytest.param("back", marks=pytest.mark.nightly)])
def test_killed_in_the_middle_of_the_migration(checkout: Checkout, way_out: str) -> None:
    go = checkout.state.parent / "go"
    wait = f"import pathlib, time\n    while not pathlib.Path({str(go)!r}).exists():\n        time.sleep(0.2)"
    checkout.version("v9.3", wait)
    before = content(checkout.state)
    process = checkout.upgrade("v9.3")
    log, deadline = checkout.folder / "log", time.monotonic() + 300
    while not (log.exists() and "migration 5:" in log.read_text(errors="replace")):
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    noted = json.loads((checkout.folder / "upgrade.json").read_text())
    assert (noted["done"][-1], noted["touched"]) == ("switch", True)
    go.touch()
    if way_out == "back":
        status, said = checkout.run("--back")
        assert status == TAKEN_BACK, said
        assert content(checkout.state) == before
        assert checkout.git("rev-parse", "HEAD") == checkout.present
        return
    status, said = checkout.run("v1.0")
    assert (status, "under way" in said) == (REFUSED, True), said
    status, said = checkout.run()
    assert status == UPGRADED, said
    assert "going on with the upgrade to v9.3" in said
    with stores_of(checkout.state) as db:
        assert stored_version.applied(db) == stored_version.NEWEST + 1
        assert (count(db.prospects, {}), count(db.calls, {})) == (PEOPLE, CALLS)


def test_refusals_say_which_rule_and_what_to_do(checkout: Checkout) -> None:
    status, said = checkout.run("v7")
    assert (status, "version: git knows no version v7" in said) == (REFUSED, True), said
    status, said = checkout.run("--back")
    assert (status, "no upgrade is under way" in said) == (REFUSED, True), said
    checkout.version("v9.4")
    (checkout.root / "README.md").write_text("changed")
    (checkout.state / "secrets.json").rename(checkout.state / "secrets.away")
    status, said = checkout.run("v9.4")
    assert status == REFUSED
    assert "checkout: files are changed here: README.md -> git stash" in said
    assert "appliance: there is none in" in said
    assert "Nothing was stopped and nothing was changed." in said
    assert not (checkout.folder / "upgrade.json").exists()
