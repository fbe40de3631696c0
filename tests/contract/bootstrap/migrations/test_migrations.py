"""Data as earlier commits wrote it has the form of today after the migrations, also when they are killed on the way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bootstrap.migrations.apply import migrate
from bootstrap.migrations.listing import MIGRATIONS
from bootstrap.migrations.lock import KEY, LASTS, locked
from bootstrap.migrations.migration import AT_ONCE, Keep, Migration
from core.calls import contacts
from core.clock import now
from core.errors import Conflict
from core.imports.column_mapping import ColumnMapping
from core.lists import import_log
from core.lists.logged_import import Kind, State
from core.schema.economy import Economy
from core.scoring.kept_predictions import kept_before, kept_of, with_newest
from core.stores import stored_version
from core.stores.embedded_mongo import milliseconds
from core.stores.mongo import Db, Document, count, ensure_indexes
from core.values.numbers import NumberReading
from core.wishes.number_keys import NumberKeys
from tests.customers import CONTACT_KEY, CONTACT_KEYS

ERASURE_KEY = "a key of erasure"

pytestmark = pytest.mark.mongo

AT = datetime(2026, 11, 24, 9, tzinfo=UTC)
SHA = "ab" * 32
PEOPLE = AT_ONCE + 7


@pytest.fixture(autouse=True)
def _contact_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLWISE_CONTACT_KEY", CONTACT_KEY)
    monkeypatch.setenv("CALLWISE_ERASURE_KEY", ERASURE_KEY)


def nothing() -> None:
    """Keeps no lock."""


def number(n: int) -> Migration:
    return MIGRATIONS[n - 1]


def everything(db: Db) -> dict[str, list[Document]]:
    return {
        name: sorted(db[name].find(), key=lambda one: str(one["_id"]))
        for name in sorted(db.list_collection_names())
        if name != "appliance"
    }


def write_as_before(db: Db) -> None:
    """What the commits before 3ab35de, d1f61f6 and ae3dec9 wrote."""
    fetched = {"at": AT, "by": "snapshot"}
    value = {"series": "euribor3m", "period": "2008-05", "unit": "percent", "source": "doi:1"}
    db.indicators.insert_one({"_id": "euribor3m:2008-05", **value, "value": 4.857, "fetched": fetched})
    db.mappings.insert_one(
        {
            "_id": "header",
            "columns": [{"column": "age", "from": "B"}],
            "values": [],
            "commas": ["age"],
            "lenient": True,
            "used": {"by": "mia", "at": AT, "file": "spring.csv"},
        }
    )
    mended = {"in": 2, "still": 1, "file": "cd" * 32, "at": AT}
    entry = {"rows": 40, "rejected": 3, "path": "spring.csv", "imported_at": AT, "mended": mended}
    db.campaigns.insert_one({"_id": "spring", "title": "Spring", "created_at": AT, "files": {SHA: entry}})
    db.prospects.insert_many(
        [
            {"_id": f"spring:{n:05d}", "campaign": "spring", "ref": f"{n:05d}", "prediction": f"r{n}:0"}
            for n in range(PEOPLE)
        ]
    )
    db.prospects.create_index([("campaign", 1), ("status", 1), ("score", -1)])
    db.calls.create_index([("undo.by", 1)])
    db.contacts.insert_one(
        {
            "_id": "spring:00001",
            "campaign": "spring",
            "ref": "00001",
            "values": [{"column": "mobile", "kind": "phone", "text": "+49 151 5550002"}],
            "search": ["15550002"],
        }
    )


def check_as_now(db: Db) -> None:
    economy = Economy(list(db.indicators.find()))
    assert economy.figures_at(datetime(2008, 5, 1, tzinfo=UTC)).values == {"euribor3m": 4.857}
    assert ColumnMapping.from_document(db.mappings.find_one() or {}).numbers == {"age": NumberReading(",", ".")}
    [entry] = import_log.into(db, "spring")
    assert (entry.key, entry.kind, entry.state) == (f"spring:{SHA[:16]}", Kind.PEOPLE, State.DONE)
    assert entry.document["times"]["ended"] == AT
    assert (entry.document["report"]["rows"], entry.document["mended"]["in"]) == (40, 2)
    assert "files" not in (db.campaigns.find_one() or {})
    for person in db.prospects.find():
        assert kept_before(kept_of(person), AT) is None, "when they were ranked, nobody knows"
        again = with_newest(person, "new:0", AT)
        assert again[-1][1] == "new:0"
    assert count(db.prospects, {}) == PEOPLE
    indexes = [index["key"] for name in ("prospects", "calls") for index in db[name].index_information().values()]
    fields = [[field for field, _ in index] for index in indexes]
    assert ["undo.by"] not in fields
    assert [way.text for way in contacts.ways(db, CONTACT_KEYS, "spring:00001")] == ["+49 151 5550002"]
    assert (db.contacts.find_one({"_id": "spring:00001"}) or {})["numbers"] == [
        NumberKeys(ERASURE_KEY).hash("+491515550002")
    ]
    assert ["campaign", "status", "score"] not in fields
    assert db.prospects.distinct("zone") == ["", "Europe/Berlin"]
    assert (db.prospects.find_one({"_id": "spring:00001"}) or {})["zone"] == "Europe/Berlin"


def test_data_of_before_the_first_migration_becomes_that_of_today_once(db: Db) -> None:
    write_as_before(db)
    said: list[str] = []
    assert migrate(db, lambda: [db], say=said.append) == stored_version.NEWEST
    check_as_now(db)
    assert [line.rpartition(": ")[2] for line in said] == ["1", "1", "1", str(PEOPLE), "2", "1", str(PEOPLE), "1"]
    noted = db.appliance.find_one({"_id": stored_version.KEY}) or {}
    assert [one["changed"] for one in noted["applied"]] == [1, 1, 1, PEOPLE, 2, 1, PEOPLE, 1]
    ensure_indexes(db)
    before = everything(db)
    assert migrate(db, lambda: pytest.fail("nothing is missing")) == stored_version.NEWEST
    # Each one changes nothing in data that has its form.
    assert [migration.run(db, nothing) for migration in MIGRATIONS] == [0] * len(MIGRATIONS)
    assert everything(db) == before


@pytest.mark.parametrize("dies_at", range(0, 14, 2))
def test_a_migration_that_is_killed_is_finished_by_the_next_set_up(db: Db, dies_at: int) -> None:
    write_as_before(db)
    looks = 0

    def dying(migration: Migration) -> Migration:
        def run(database: Db, keep: Keep) -> int:
            def kept() -> None:
                nonlocal looks
                looks += 1
                if looks > dies_at:
                    raise KeyboardInterrupt
                keep()

            kept()
            return migration.run(database, kept)

        return Migration(migration.number, migration.sentence, run)

    with pytest.raises(KeyboardInterrupt):
        migrate(db, lambda: [db], migrations=[dying(one) for one in MIGRATIONS])
    assert (stored_version.applied(db) or 0) < stored_version.NEWEST
    assert migrate(db, lambda: [db]) == stored_version.NEWEST
    check_as_now(db)


def test_a_new_appliance_begins_at_the_newest_version(db: Db) -> None:
    assert migrate(db, lambda: pytest.fail("there is nothing to migrate")) == stored_version.NEWEST
    assert stored_version.applied(db) == stored_version.NEWEST


def test_every_kind_is_migrated_before_a_version_is_kept(db: Db) -> None:
    other = db.client[f"{db.name}-car-loans"]
    write_as_before(db)
    other.mappings.insert_one({"_id": "h", "columns": [], "values": [], "commas": ["price"], "lenient": True})
    try:
        migrate(db, lambda: [db, other])
        assert ColumnMapping.from_document(other.mappings.find_one() or {}).numbers == {
            "price": NumberReading(",", ".")
        }
    finally:
        db.client.drop_database(other.name)


def test_data_of_a_newer_release_is_refused_and_left_as_it_is(db: Db) -> None:
    db.appliance.insert_one({"_id": stored_version.KEY, "version": stored_version.NEWEST + 1, "applied": []})
    with pytest.raises(Conflict, match="newer release") as error:
        migrate(db, lambda: pytest.fail("touched"))
    assert "restore a backup" in error.value.next
    with pytest.raises(Conflict, match=f"knows those up to {stored_version.NEWEST}"):
        stored_version.refuse_newer(db)


def test_one_set_up_at_a_time_and_a_dead_one_keeps_nobody_out(db: Db) -> None:
    at, said, waits = now(), list[str](), 0
    db.appliance.insert_one({"_id": KEY, "by": "another", "until": milliseconds(at + LASTS)})

    def pause(_seconds: float) -> None:
        nonlocal at, waits
        at, waits = at + timedelta(seconds=11), waits + 1

    with locked(db, said.append, clock=lambda: at, pause=pause) as keep:
        keep()
        assert (db.appliance.find_one({"_id": KEY}) or {})["by"] != "another"
        # Somebody takes it over, as after a process that stood still for too long.
        db.appliance.update_one({"_id": KEY}, {"$set": {"by": "a third"}})
        with pytest.raises(Conflict, match="taken over"):
            keep()
    assert waits == 3
    assert said == ["another set-up is migrating the data; waiting for it"]
    assert (db.appliance.find_one({"_id": KEY}) or {})["by"] == "a third"


def test_a_killed_migration_leaves_the_version_of_the_last_one_that_was_done(db: Db) -> None:
    write_as_before(db)

    def fail(_db: Db, _keep: Callable[[], None]) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate(db, lambda: [db], migrations=[number(1), number(2), Migration(3, "fails", fail)])
    assert stored_version.applied(db) == 2
