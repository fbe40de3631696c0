"""Every connection is made in one place, and every write through it waits for the journal."""

from __future__ import annotations

import ast

import pytest

from core.errors import SettingsError
from core.settings.addresses import MongoSettings
from core.settings.group import ROOT
from core.settings.loading import load
from core.stores.mongo import connect
from core.stores.mongo_client import open_client
from serving.prediction_log.store import MongoStore

PRODUCT = ("core", "api", "app", "serving", "trainer", "monitor", "bootstrap", "replay", "bench")
PLACE = ROOT / "core" / "stores" / "mongo_client.py"
# Whoever names one of these can open a connection, or change how its writes are acknowledged.
RESERVED = frozenset({"MongoClient", "AsyncMongoClient", "WriteConcern", "with_options", "write_concern"})
READ_ONLY = {"bootstrap/setup/mongo_accounts.py": {"write_concern"}}  # hands the client's own on to commands


def names(source: str) -> set[str]:
    """Every name, attribute, imported name and keyword of a call in `source`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                found.add(name)
            case ast.keyword(arg=str(name)):
                found.add(name)
    return found


def test_only_one_module_opens_connections_or_says_how_writes_are_acknowledged() -> None:
    files = [path for package in PRODUCT for path in (ROOT / package).rglob("*.py") if path != PLACE]
    assert len(files) > 200
    for path in files:
        file = str(path.relative_to(ROOT))
        reserved = (names(path.read_text(encoding="utf-8")) & RESERVED) - READ_ONLY.get(file, set())
        assert not reserved, (
            f"{file} names {sorted(reserved)}: use core.stores.mongo.connect or core.stores.mongo_client.open_client"
        )
    assert "MongoClient" in names(PLACE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("options", "w"),
    [
        ("", "majority"),
        ("?replicaSet=rs0", "majority"),
        ("?w=1", 1),
        ("?replicaSet=rs0&w=2&journal=false", 2),
        ("?journal=false", "majority"),
        ("?authSource=callwise;W=majority", "majority"),
    ],
)
def test_the_journal_is_waited_for_whatever_the_address_says_and_its_w_stays(options: str, w: int | str) -> None:
    uri = f"mongodb://callwise:password@127.0.0.1:1/{options}"
    db = connect(load(MongoSettings, {"MONGODB_URI": uri}))
    try:
        for place in (
            *(db.client, db.client["other"], db, db["calls"], db.outcomes),
            *(db.client.get_database("other"), db.get_collection("calls"), MongoStore(db)._collection),
        ):
            assert (place.write_concern.document["w"], place.write_concern.document["j"]) == (w, True), place
    finally:
        db.client.close()


@pytest.mark.parametrize("uri", ["mongodb://127.0.0.1/?w=0", "mongodb://", "mongodb://a:b@c@127.0.0.1/", "mongo://h"])
def test_an_address_that_is_not_usable_is_said_without_its_password(uri: str) -> None:
    with pytest.raises(SettingsError, match="MONGODB_URI is not usable") as refused:
        connect(load(MongoSettings, {"MONGODB_URI": uri}))
    assert "b@c" not in str(refused.value)


def test_a_client_of_a_service_account_waits_for_the_journal_too() -> None:
    with open_client("mongodb://127.0.0.1:1/", username="admin", password="secret", authSource="admin") as client:
        assert client.write_concern.document == {"w": "majority", "j": True}


def test_the_address_of_a_replica_set_reaches_the_driver_as_it_is() -> None:
    """The driver then finds the primary, and each write waits for the journals of most of the three servers."""
    uri = "mongodb://callwise:password@a.example:27017,b.example:27017,c.example:27018/?replicaSet=rs0&authSource=callwise"
    db = connect(load(MongoSettings, {"MONGODB_URI": uri}))
    with db.client as client:
        topology = client.topology_description
        assert topology.replica_set_name == "rs0"
        assert set(topology.server_descriptions()) == {("a.example", 27017), ("b.example", 27017), ("c.example", 27018)}
        assert client.write_concern.document == {"w": "majority", "j": True}
        assert db.outcomes.write_concern.document == {"w": "majority", "j": True}
