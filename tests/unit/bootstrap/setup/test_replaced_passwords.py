"""Replaced passwords: MongoDB's administrator gets the new one at the next start, and services get new ones too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from pymongo.errors import OperationFailure

from bootstrap.setup import mongo_accounts, service_accounts
from bootstrap.setup.mongo_accounts import UNAUTHENTICATED, MongoAccounts
from bootstrap.setup.rights import RIGHTS
from bootstrap.setup.service_accounts import FILE, Settings, hand_out, main, read_account, unsettled
from core.errors import Unavailable
from core.settings.loading import load

ENV = {
    "MONGODB_ADDRESS": "mongo:27017", "MONGODB_ADMIN_USER": "root", "MONGODB_ADMIN_PASSWORD": "present",
    "S3_ENDPOINT_URL": "http://s3:9000", "S3_ADMIN_USER": "root", "S3_ADMIN_PASSWORD": "of-s3",
    "CALLWISE_SIGNING_KEY": "signs",
}  # fmt: skip


class Server:
    """A MongoDB with one password of its administrator."""

    def __init__(self, password: str) -> None:
        self.password = password
        self.changes = 0

    def client(self, _uri: str, password: str = "", **_options: object) -> MagicMock:
        client = MagicMock()

        def command(asked: Any, *_more: object) -> dict[str, Any]:
            if password != self.password:
                raise OperationFailure("Authentication failed.", UNAUTHENTICATED)
            if isinstance(asked, dict) and "updateUser" in asked and asked["updateUser"] == "root":
                self.password, self.changes = asked["pwd"], self.changes + 1
            return {"ok": 1, "roles": [], "users": []}

        client.__getitem__.return_value.command.side_effect = command
        return client


Made = Callable[[str], Server]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    """Makes the server that every client finds; S3 takes every account."""

    def make(password: str) -> Server:
        server = Server(password)
        monkeypatch.setattr(mongo_accounts, "open_client", server.client)
        monkeypatch.setattr(mongo_accounts, "requires_login", lambda _uri, _database: True)
        s3 = MagicMock(missing="")
        s3.grant.side_effect = lambda service, secret, _rights: (service, secret)
        monkeypatch.setattr(service_accounts, "S3Accounts", lambda *_given: s3)
        return server

    return make


def settings(**more: str) -> Settings:
    return load(Settings, {**ENV, **more})


def files(root: Path) -> dict[str, dict[str, str]]:
    return {rights.service: read_account(root / rights.service / FILE) for rights in RIGHTS}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for rights in RIGHTS:
        (tmp_path / rights.service).mkdir()
    return tmp_path


@pytest.mark.parametrize("former", ["former", "never-used,former", "present"])
def test_the_administrators_password_is_changed_once(made: Made, former: str) -> None:
    server = made(former.rpartition(",")[2])
    for _ in range(2):
        MongoAccounts("mongo:27017", "callwise", "root", "present", former.split(","))
    assert (server.password, server.changes) == ("present", 0 if former == "present" else 1)


def test_where_no_password_fits_nothing_is_changed_and_none_is_told(made: Made) -> None:
    server = made("of-somebody-else")
    with pytest.raises(Unavailable, match="neither the new password") as error:
        MongoAccounts("mongo:27017", "callwise", "root", "present", ["former"])
    assert server.password == "of-somebody-else"
    assert not {"present", "former,"} & set(str(error.value).split())


def test_looking_changes_no_password(made: Made, root: Path) -> None:
    server = made("former")
    with pytest.raises(Unavailable):
        unsettled(settings(MONGODB_ADMIN_PASSWORD_BEFORE="former"), root)
    assert server.password == "former"


def test_services_keep_their_passwords_until_the_word_changes(made: Made, root: Path) -> None:
    made("present")
    hand_out(settings(), root)
    first = files(root)
    hand_out(settings(), root)
    assert files(root) == first
    hand_out(settings(SERVICE_ACCOUNTS="a-word"), root)
    second = files(root)
    for service, account in second.items():
        for name in ("MONGODB_PASSWORD", "S3_ACCOUNT_SECRET"):
            assert name not in account or account[name] != first[service][name], (service, name)
    hand_out(settings(SERVICE_ACCOUNTS="a-word"), root)
    assert files(root) == second


def test_killed_between_two_services_the_next_start_does_the_rest(
    made: Made, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made("present")
    hand_out(settings(), root)
    first, write = files(root), service_accounts.write_account
    written: list[Path] = []

    def killed(path: Path, given: dict[str, str]) -> None:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(path)
        write(path, given)

    with monkeypatch.context() as once:
        once.setattr(service_accounts, "write_account", killed)
        with pytest.raises(KeyboardInterrupt):
            hand_out(settings(SERVICE_ACCOUNTS="a-word"), root)
    assert len(unsettled(settings(SERVICE_ACCOUNTS="a-word"), root)) == len(RIGHTS) - 2
    hand_out(settings(SERVICE_ACCOUNTS="a-word"), root)
    assert unsettled(settings(SERVICE_ACCOUNTS="a-word"), root) == []
    assert all(files(root)[service] != first[service] for service in first)


def test_a_new_signing_key_is_handed_over_alone(made: Made, root: Path) -> None:
    made("present")
    hand_out(settings(), root)
    before = files(root)["app"]["CALLWISE_VERIFYING_KEY"]
    both = settings(CALLWISE_SIGNING_KEY="new,signs")
    assert set(unsettled(both, root)) == set(service_accounts.VERIFIERS)
    hand_out(both, root)
    assert unsettled(both, root) == unsettled(settings(CALLWISE_SIGNING_KEY="new"), root) == []
    assert files(root)["app"]["CALLWISE_VERIFYING_KEY"] not in (before, "")


def test_the_command_says_who_waits(
    made: Made, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made("present")
    monkeypatch.setattr(service_accounts, "load", lambda _cls: settings())
    monkeypatch.setattr(service_accounts.unsettled, "__defaults__", (root,))
    monkeypatch.setattr(service_accounts.hand_out, "__defaults__", (root,))
    assert main(["--check"]) == 1
    assert "waiting: bootstrap, backup" in capsys.readouterr().out
    assert main([]) == 0
    capsys.readouterr()
    assert main(["--check"]) == 0
    assert "are in use" in capsys.readouterr().out
