"""What each service is given: rights as the stores' own documents, and the file they are handed over in."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from bootstrap.setup import mongo_accounts
from bootstrap.setup.mongo_accounts import MongoAccounts, privileges
from bootstrap.setup.rights import READ, RIGHTS, WRITE, MongoRights, Rights
from bootstrap.setup.s3_accounts import policy
from bootstrap.setup.service_accounts import Settings, read_account, write_account
from core.errors import SettingsError
from core.settings.group import ROOT
from core.settings.loading import load
from core.stores.mongo import COLLECTIONS, PRIVATE

BUCKETS = {"datasets": "sets", "models": "models"}
PACKAGES = {"app": ("app",), "api": ("api",), "monitor": ("monitor",), "prefect-worker": ("trainer",)}
REMOVES = {
    "app": {"outcomes", "prospects", "contacts", "sessions", "attempts", "register_buckets"},
    "monitor": {"outcomes"},  # of a correction that the app did not complete
    "prefect-worker": {
        "calls",
        "contacts",
        "outcomes",
        "prospects",
        "predictions",
        "do_not_call",
        "campaigns",
        "imports",
        "answers",
        "changes",
    },
}
CHANGES = r"db\.(\w+)\.(?:insert|update|replace|bulk_write|delete|find_one_and)"


def by_service(name: str) -> Rights:
    return next(rights for rights in RIGHTS if rights.service == name)


def allowed(rights: MongoRights, collection: str) -> set[str]:
    return {
        action
        for privilege in privileges(rights)
        if privilege["resource"]["collection"] in ("", collection)
        for action in privilege["actions"]
    }


def test_rights_are_by_collection() -> None:
    rights = MongoRights(writes=("prospects",), appends=("events",))
    assert {"find", "insert", "update"} <= allowed(rights, "prospects")
    assert {"insert", "update"} & allowed(rights, "events") == {"insert"}
    assert {"insert", "update", "remove"} & allowed(rights, "users") == set()
    assert {"insert", "update"} & allowed(MongoRights(changes=("predictions",)), "predictions") == {"update"}


@pytest.mark.parametrize("rights", RIGHTS, ids=lambda rights: rights.service)
def test_only_the_app_and_erasing_may_remove_and_only_the_set_up_may_drop_an_index(rights: Rights) -> None:
    if rights.mongo is None:
        assert rights.service == "mlflow"
        return
    may = {action for privilege in privileges(rights.mongo) for action in privilege["actions"]}
    removes = {name for name in COLLECTIONS if "remove" in allowed(rights.mongo, name)}
    assert removes == REMOVES.get(rights.service, set())
    if rights.service == "prefect-worker":  # what it may remove, it cannot write
        written = {name: {"insert", "update"} & allowed(rights.mongo, name) for name in removes}
        # A record of many people's predictions goes on without the one who is erased.
        assert {name: actions for name, actions in written.items() if actions} == {"predictions": {"update"}}
    assert not may & {"dropCollection", "dropDatabase", "createUser", "anyAction"}
    assert ("createIndex" in may) == (rights.service in ("bootstrap", "app"))  # the app makes those of a new kind
    assert ("dropIndex" in may) == (rights.service == "bootstrap")


@pytest.mark.parametrize("rights", [r for r in RIGHTS if r.mongo is not None], ids=lambda rights: rights.service)
def test_everybody_reads_everything_but_who_signs_in_and_with_what(rights: Rights) -> None:
    assert rights.mongo is not None
    reads = {name for name in COLLECTIONS if "find" in allowed(rights.mongo, name)}
    unread = {"app": set(), "backup": set(), "bootstrap": set(), "api": PRIVATE - {"tokens"}}
    assert COLLECTIONS - reads == unread.get(rights.service, PRIVATE)


def test_every_collection_that_the_code_names_is_known() -> None:
    """Rights are by collection: one that is missing there could be read by nobody, on a server that keeps accounts."""
    named: set[str] = set()
    for package in ("core", "api", "app", "monitor", "trainer", "serving", "bootstrap"):
        for path in (ROOT / package).rglob("*.py"):
            named |= set(
                re.findall(r"\bdb\.([a-z_]+)\.(?:find|aggregate|insert|update|replace|delete|bulk)", path.read_text())
            )
    assert {"users", "sessions", "attempts", "prospects"} <= named <= COLLECTIONS


@pytest.mark.parametrize("service", PACKAGES)
def test_a_service_has_the_right_to_what_its_code_writes(service: str) -> None:
    mongo = by_service(service).mongo
    assert mongo is not None
    for package in PACKAGES[service]:
        for path in (ROOT / package).rglob("*.py"):
            code = path.read_text(encoding="utf-8")
            assert set(re.findall(CHANGES, code)) <= {*mongo.writes, *mongo.changes}, path
            assert "events.append(" not in code or "events" in mongo.appends, path


def test_people_may_say_on_a_screen_that_they_look_after_an_incident() -> None:
    """The app writes it through `core.oversight.incidents`, where the test above does not look."""
    mongo = by_service("app").mongo
    assert mongo is not None
    assert {"find", "update"} <= allowed(mongo, "incidents")
    assert "insert" in allowed(mongo, "events")


def test_a_policy_opens_its_bucket_and_no_other() -> None:
    document = policy({"datasets": (READ, WRITE)}, BUCKETS)
    resources = {resource for statement in document["Statement"] for resource in statement["Resource"]}
    actions = {action for statement in document["Statement"] for action in statement["Action"]}
    assert resources == {"arn:aws:s3:::sets", "arn:aws:s3:::sets/*"}
    assert {"s3:GetObject", "s3:PutObject", "s3:ListBucket"} <= actions
    assert not actions & {"s3:DeleteObject", "s3:CreateBucket", "s3:*"}


def test_a_policy_may_be_narrowed_to_a_prefix() -> None:
    document = policy({"datasets/imports/": (READ,)}, BUCKETS)
    objects = [s for s in document["Statement"] if "s3:GetObject" in s["Action"]]
    assert [s["Resource"] for s in objects] == [["arn:aws:s3:::sets/imports/*"]]


def test_what_is_handed_over_comes_back_and_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "account.env"
    given = {"MONGODB_URI": "mongodb://app:p@mongo/?authSource=callwise&x='y z'", "S3_SECRET_KEY": 'a$b`c"d'}
    assert read_account(path) == {}
    write_account(path, given)
    assert read_account(path) == given
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    shown = subprocess.run(
        [ROOT / "deploy/with-account", "sh", "-c", 'printf %s "$S3_SECRET_KEY|$MONGODB_URI"'],
        env={"ACCOUNT_FILE": str(path), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert shown == f"{given['S3_SECRET_KEY']}|{given['MONGODB_URI']}"


def test_without_its_account_a_service_does_not_start(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "deploy/with-account", "true"],
        env={"ACCOUNT_FILE": str(tmp_path / "none"), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "docker compose up accounts" in done.stderr


def test_an_administrator_with_a_default_password_is_refused() -> None:
    env = {
        "MONGODB_ADDRESS": "mongo:27017", "MONGODB_ADMIN_USER": "root", "MONGODB_ADMIN_PASSWORD": "generated-here",
        "S3_ENDPOINT_URL": "http://s3:9000", "S3_ADMIN_USER": "root", "S3_ADMIN_PASSWORD": "minioadmin",
    }  # fmt: skip
    with pytest.raises(SettingsError, match="S3_ADMIN_PASSWORD"):
        load(Settings, env)


@pytest.mark.parametrize(
    ("address", "uri"),
    [
        ("mongo:27017", "mongodb://app:word@mongo:27017/?authSource=callwise"),
        ("a:1,b:2,c:3/?replicaSet=rs0", "mongodb://app:word@a:1,b:2,c:3/?replicaSet=rs0&authSource=callwise"),
    ],
)
def test_a_service_gets_the_hosts_and_options_of_the_address_with_its_own_login(
    address: str, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def client(given: str, **_options: object) -> MagicMock:
        opened.append(given)
        return MagicMock()

    monkeypatch.setattr(mongo_accounts, "open_client", client)
    monkeypatch.setattr(mongo_accounts, "requires_login", lambda _uri, _database: True)
    assert MongoAccounts(address, "callwise", "root", "secret").grant("app", "word", MongoRights()) == uri
    [asked] = opened  # the administrator logs in by options of the client
    assert asked == f"mongodb://{address}" if "?" in address else f"mongodb://{address}/"
