"""The page Privacy: a person is found, erased only when it is confirmed, and the receipt names nobody."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
import yaml
from streamlit.testing.v1 import AppTest

from app.access import identity
from app.privacy import receipt_file
from core.accounts.account import Account, Role
from core.clock import now
from core.imports import kept_out
from core.privacy.requests import Erasure, Status, complete, get, request_erasure, seal, under_way, write_progress
from core.schema.person import Person
from core.settings.group import ROOT
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore

pytestmark = pytest.mark.mongo

KEY = "a-key-of-this-test"
Screen = Callable[[], AppTest]


@pytest.fixture
def screen(db: Db, objects: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Screen:
    written = yaml.safe_load((ROOT / "data" / "schema.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "schema.yaml"
    path.write_text(yaml.safe_dump(written | {"reference": "customer"}), encoding="utf-8")
    for name in ("S3_ENDPOINT_URL", "S3_ACCESS_KEY", "S3_SECRET_KEY"):
        monkeypatch.setenv(name, os.environ[name])
    monkeypatch.setenv("MONGODB_DATABASE", db.name)
    monkeypatch.setenv("S3_BUCKET_DATASETS", objects.bucket)
    monkeypatch.setenv("CALLWISE_SCHEMA", str(path))
    monkeypatch.setenv("CALLWISE_ERASURE_KEY", KEY)
    for campaign in ("spring", "autumn"):
        db.campaigns.insert_one({"_id": campaign, "title": campaign, "created_at": now()})
        key = f"{campaign}:C-7"
        db.prospects.insert_one({"_id": key, "campaign": campaign, "ref": "C-7", "status": "open", "claim": None})

    def script() -> None:
        from app import main
        from app.access.boundary import boundary
        from app.privacy import page as privacy_page

        with boundary():
            privacy_page.page(main.wire())

    st.cache_data.clear()
    return lambda: AppTest.from_function(script, default_timeout=60).run()


def said(test: AppTest) -> str:
    return "\n".join(
        e.value for e in [*test.success, *test.info, *test.warning, *test.error, *test.markdown, *test.caption]
    )


def find(test: AppTest, ref: str) -> AppTest:
    test.text_input(key="erase_ref").set_value(ref)
    return test.button(key="erase-find-go").click().run()


def confirm(test: AppTest, ref: str) -> AppTest:
    test.text_input(key="erase_ref_again").set_value(ref)
    return test.button(key="erase-go").click().run()


def ended(db: Db, ref: str = "C-7", **changed: Any) -> Erasure:
    """Somebody who was erased, with a receipt."""
    asked = request_erasure(db, KEY, Person(ref), by="Mia", keep_out=True)
    receipt = {
        "number": asked.id, "pseudonym": asked.pseudonym, "by": "Mia <b>B</b>", "passes": 2, "kept_out": True,
        "asked_at": now().isoformat(), "done_at": now().isoformat(),
        "removed": {"prospects": 2, "datasets": 1, "another place": 0}, "left": {"prospects": 0, "datasets": 0},
        "datasets": [{"old": "snapshot-1", "new": "snapshot-2"}],
        "models": [{"version": "4", "role": "champion", "dataset": "snapshot-1"}],
    }  # fmt: skip
    return complete(db, asked, receipt | changed)


def test_what_there_is_of_a_person_is_counted_by_place(screen: Screen) -> None:
    test = find(screen(), "C-7")
    assert not test.exception
    table = next(t.value for t in test.table if "Records" in t.value)
    assert dict(zip(table["Where"], table["Records"], strict=True))["Records on the call lists"] == "2"


def test_a_reference_that_nobody_has_is_said_to_be_nobodys(screen: Screen) -> None:
    assert "No list, call or file has this reference" in said(find(screen(), "C-8"))
    assert "The reference is missing" in said(find(screen(), "  "))


def test_only_the_same_reference_typed_again_erases(screen: Screen, db: Db) -> None:
    test = confirm(find(screen(), "C-7"), "C-8")
    assert "typed to confirm is not C\\-7" in said(test)
    assert under_way(db) == []
    test = confirm(test, "C-7")
    [request] = under_way(db)
    assert (request.person, request.by, request.keep_out, request.status) == (
        Person("C-7"), "Ann", True, Status.ASKED,
    )  # fmt: skip
    assert f"{request.id.replace('-', chr(92) + '-')} is under way" in said(test)
    assert db.prospects.count_documents({}) == 2  # the screen erases nobody itself


def test_how_far_it_is_and_what_holds_it_up_is_shown(screen: Screen, db: Db) -> None:
    asked = request_erasure(db, KEY, Person("C-7"), by="Mia", keep_out=False)
    write_progress(db, asked, Status.ERASING, found={"calls": {"1": 3}}, problem="The scoring service is away.")
    test = screen()
    table = next(t.value for t in test.table if "Searched" in t.value)
    rows = {row["Where"]: (row["Searched"], row["Removed"]) for _, row in table.iterrows()}
    assert (rows["Calls made, with their notes"], rows["Rows in datasets"]) == (("✓", "3"), ("…", ""))
    assert "The scoring service is away" in said(test)
    assert "This person's erasure is already under way" in said(find(test, "C-7"))


def test_a_receipt_names_nobody_and_can_be_shown_to_be_genuine(db: Db) -> None:
    done = ended(db)
    assert "C-7" not in repr(db.erasures.find_one({"_id": done.id}))
    page, text = receipt_file.as_page(done.receipt, "UTC"), receipt_file.as_json(done.receipt)
    assert "C-7" not in page + text
    assert seal(json.loads(text)) in page
    assert "Mia &lt;b&gt;B&lt;/b&gt;" in page
    for expected in ("snapshot-1", "snapshot-2", "in use", "another place", "Backups made before"):
        assert expected in page
    assert "http" not in page


def test_one_click_asks_for_a_training_without_the_person(screen: Screen, db: Db) -> None:
    done = ended(db)
    test = screen()
    assert "To be trained again: version 4" in said(test)
    test.button(key=f"retrain-{done.id}").click().run()
    assert get(db, done.id).retrain["run"] == ""
    assert "asked for a training without this person" in said(test)


def test_somebody_who_is_kept_out_may_be_let_in_again(screen: Screen, db: Db) -> None:
    done = ended(db)
    kept_out.keep_out(db, done.pseudonym, receipt=done.id, at=now())
    test = find(screen(), "C-7")
    assert f"receipt {done.id.replace('-', chr(92) + '-')}" in said(test)
    test.button(key="erase-let-in").click().run()
    assert not kept_out.is_kept_out(db, done.pseudonym)
    assert "imports them again" in said(test)


def test_an_agent_may_not_erase_however_they_come_to_the_button(
    screen: Screen, db: Db, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is a manager's already; who was made an agent meanwhile presses a button that is still drawn."""
    test = find(screen(), "C-7")
    agent = Account("ann", "Ann", Role.AGENT)

    def check(*, active: bool = True) -> Account:
        st.session_state[identity._ACCOUNT] = agent
        return agent

    monkeypatch.setattr(identity, "check", check)
    assert "Your account may not do that" in said(confirm(test, "C-7"))
    assert under_way(db) == []


def test_without_a_key_it_is_said_what_to_do(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CALLWISE_ERASURE_KEY")
    assert "CALLWISE" in said(screen())
