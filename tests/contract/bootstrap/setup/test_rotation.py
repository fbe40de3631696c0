"""What `scripts/init --rotated` asks: whether nothing needs a former key any more."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from bootstrap.setup import rotation, steps
from bootstrap.setup.rotation import main
from core.accounts import second_factor
from core.accounts.account import Role
from core.accounts.directory import add
from core.accounts.one_time_codes import KeyRing, code_at
from core.clock import now
from core.settings.loading import load
from core.stores.mongo import Db
from tests.scoring.processes import Registry
from tests.signing import SIGNING

pytestmark = pytest.mark.mongo
SECRET = b"12345678901234567890"
LOST = "no key opens the second factors of bob: scripts/accounts reset-factor NAME"


def environment(db: Db, made: Registry, factor: str) -> dict[str, str]:
    return {
        "MONGODB_URI": os.environ["MONGODB_URI"],
        "MONGODB_DATABASE": db.name,
        "MLFLOW_TRACKING_URI": made.uri,
        "CALLWISE_SIGNING_KEY": SIGNING,
        "CALLWISE_SECOND_FACTOR_KEY": factor,
    }


def test_second_factors_are_settled_by_the_next_start_and_a_wrong_key_is_told(
    db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made, before = Registry(tmp_path), now() - timedelta(minutes=2)
    ann = add(db, "ann", "Ann", Role.ENGINEER, by="tests", password="correct horse battery staple")
    second_factor.turn_on(db, KeyRing("old"), ann, SECRET, code_at(SECRET, before), before)

    def asked(factor: str, what: str = "settled") -> tuple[int, str]:
        for name, value in environment(db, made, factor).items():
            monkeypatch.setenv(name, value)
        return main([what]), capsys.readouterr().out

    def started(factor: str) -> str:
        env = {
            **environment(db, made, factor), "PREFECT_API_URL": "http://127.0.0.1:9/api", "MLSERVER_URL": "http://x",
            "S3_ENDPOINT_URL": "http://127.0.0.1:9", "S3_ACCESS_KEY": "nobody", "S3_SECRET_KEY": "not-a-real-one",
            "EVIDENTLY_URL": "http://x", "CALLWISE_DATA_REGISTRY": str(tmp_path),
        }  # fmt: skip
        return steps._second_factors(db, load(steps.Settings, env))

    assert asked("old") == (0, "nothing needs a former key\n")
    assert asked("new,old") == (1, "the second factors of ann are not under the new key\n")
    assert started("new,old") == "1 encrypted"
    assert asked("new,old") == asked("new") == (0, "nothing needs a former key\n")
    # One factor under a lost key keeps no other from the new one, and nobody waits for it.
    bob = add(db, "bob", "Bob", Role.ENGINEER, by="tests", password="correct horse battery staple")
    second_factor.turn_on(db, KeyRing("lost"), bob, SECRET, code_at(SECRET, before), before)
    assert asked("newer,new") == (1, f"the second factors of ann are not under the new key; {LOST}\n")
    assert started("newer,new").startswith("WARNING: The second factors of bob were stored under another")
    assert asked("newer,new") == asked("newer") == (0, f"nothing needs a former key; {LOST}\n")
    assert started("new,newer").startswith("WARNING: The second factors of bob were")
    assert asked("new") == (0, f"nothing needs a former key; {LOST}\n")

    assert started("another").startswith("WARNING: The second factors of ann, bob were stored under another")
    assert second_factor.accept(db, KeyRing("new"), "ann", code_at(SECRET, now()), now())
    assert asked("new", "trial") == (0, "no canary is on trial\n")


def test_what_cannot_be_seen_counts_as_a_no(
    db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in environment(db, Registry(tmp_path), "key").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=200")
    for what in ("trial", "settled"):
        assert main([what]) == 1
        assert "it cannot be seen" in capsys.readouterr().out
    monkeypatch.delenv("CALLWISE_SIGNING_KEY")
    assert rotation.main(["settled"]) == 1
