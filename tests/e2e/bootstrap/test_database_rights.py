"""Each service's login at a real database with logins: what set-up grants is what the service may do, and no more.

The server tells actions apart, and no collections: which collections a right names is tested on its documents
(tests/unit/bootstrap/setup/test_service_accounts.py), and in compose on MongoDB itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from bootstrap.backup.into_volumes import with_its_login
from bootstrap.setup.mongo_accounts import UNAUTHENTICATED, UNAUTHORIZED, MongoAccounts, privileges
from bootstrap.setup.rights import RIGHTS, MongoRights
from core.errors import Unavailable
from core.stores.mongo import Document
from core.stores.mongo_client import open_client
from tests.scoring import second_engine
from tests.scoring.second_engine import ROOT_PASSWORD, ROOT_USER, SecondEngine

pytestmark = second_engine.needed
DATABASE = "callwise"
WITH_RIGHTS = {rights.service: rights.mongo for rights in RIGHTS if rights.mongo is not None}
ACTIONS: dict[str, Callable[[MongoClient[Document]], object]] = {
    "find": lambda client: client[DATABASE].prospects.find_one({}),
    "insert": lambda client: client[DATABASE].prospects.insert_one({}),
    "update": lambda client: client[DATABASE].prospects.update_one({}, {"$set": {"seen": True}}),
    "remove": lambda client: client[DATABASE].prospects.delete_one({"_id": "nobody"}),
    "createIndex": lambda client: client[DATABASE].prospects.create_index("ref"),
    "dropIndex": lambda client: client[DATABASE].prospects.drop_index("ref_1"),
    "dropDatabase": lambda client: client.drop_database(DATABASE),
    "createUser": lambda client: client[DATABASE].command({"createUser": "mallory", "pwd": "x", "roles": []}),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecondEngine]:
    made = SecondEngine(tmp_path_factory.mktemp("database"), logins=True)
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def accounts(server: SecondEngine) -> MongoAccounts:
    return MongoAccounts(server.address, DATABASE, ROOT_USER, ROOT_PASSWORD)


@pytest.fixture(scope="module")
def addresses(accounts: MongoAccounts) -> dict[str, str]:
    assert accounts.missing == ""
    return {name: accounts.grant(name, f"password-of-{name}", rights) for name, rights in WITH_RIGHTS.items()}


def allowed(uri: str, action: str) -> bool:
    with open_client(uri, serverSelectionTimeoutMS=10_000) as client:
        try:
            ACTIONS[action](client)
        except OperationFailure as error:
            if error.code != UNAUTHORIZED:
                raise
            return False
    return True


def granted(rights: MongoRights) -> set[str]:
    return {action for privilege in privileges(rights) for action in privilege["actions"]}


@pytest.mark.parametrize("service", list(WITH_RIGHTS))
def test_a_service_may_do_what_its_rights_say_and_no_more(addresses: dict[str, str], service: str) -> None:
    may = {action for action in ACTIONS if allowed(addresses[service], action)}
    assert may == granted(WITH_RIGHTS[service]) & set(ACTIONS)


def test_whoever_has_no_login_or_a_wrong_password_reads_nothing(
    server: SecondEngine, addresses: dict[str, str]
) -> None:
    for uri in (server.uri, addresses["app"].replace("password-of-app", "a guess")):
        with (
            open_client(uri.replace("a guess", "a%20guess"), serverSelectionTimeoutMS=10_000) as client,
            pytest.raises(OperationFailure) as refused,
        ):
            client[DATABASE].prospects.find_one({})
        assert refused.value.code in (UNAUTHORIZED, UNAUTHENTICATED)


def test_a_new_password_takes_the_place_of_the_old_one(accounts: MongoAccounts) -> None:
    rights = WITH_RIGHTS["mlserver"]
    old = accounts.grant("rotating", "the-old-one", rights)
    new = accounts.grant("rotating", "the-new-one", rights)
    assert allowed(new, "insert")
    with open_client(old, serverSelectionTimeoutMS=10_000) as client, pytest.raises(OperationFailure):
        client[DATABASE].prospects.find_one({})


def test_fewer_rights_hold_for_a_user_who_is_there(accounts: MongoAccounts) -> None:
    uri = accounts.grant("shrinking", "password", MongoRights(writes=("prospects",)))
    assert allowed(uri, "update")
    accounts.grant("shrinking", "password", MongoRights(appends=("prospects",)))
    assert allowed(uri, "insert")
    assert not allowed(uri, "update")


def test_the_accounts_outlive_a_kill(server: SecondEngine, addresses: dict[str, str]) -> None:
    server.kill()
    server.start()
    assert allowed(addresses["monitor"], "insert")


def test_a_restore_keeps_the_login_where_there_are_accounts(server: SecondEngine) -> None:
    env = {"MONGODB_URI": f"mongodb://root:secret@{server.address}/?authSource=admin"}
    assert with_its_login(env) == env


def test_a_wrong_administrator_is_said(server: SecondEngine) -> None:
    wrong = MongoAccounts(server.address, DATABASE, ROOT_USER, "not the password")
    with pytest.raises(Unavailable, match="MONGO_ROOT_PASSWORD"):
        wrong.grant("app", "password", WITH_RIGHTS["app"])
