"""A manager erases a person: found, confirmed, followed without a click, and the receipt saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, expect

from bootstrap.check.browser import new_page, visit
from core.clock import now
from core.privacy import requests as erasure_requests
from core.privacy.documents import collections
from core.privacy.requests import Status
from core.settings.group import ROOT
from core.stores.mongo import Db
from tests.people import enter


@pytest.fixture
def manager(db: Db, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The address of the app, under a schema with a reference column, with one person on a list."""
    written = yaml.safe_load((ROOT / "data" / "schema.yaml").read_text(encoding="utf-8"))
    schema = tmp_path / "schema.yaml"
    schema.write_text(yaml.safe_dump(written | {"reference": "customer"}), encoding="utf-8")
    monkeypatch.setenv("CALLWISE_SCHEMA", str(schema))
    monkeypatch.setenv("CALLWISE_ERASURE_KEY", "a-key-of-this-test")
    db.campaigns.insert_one({"_id": "spring", "title": "spring", "created_at": now()})
    db.prospects.insert_one({"_id": "spring:C-7", "campaign": "spring", "ref": "C-7", "status": "open", "claim": None})
    address: str = request.getfixturevalue("app")
    return address


def work(db: Db) -> Callable[[], None]:
    """What the worker does of it, without datasets and models."""
    [request] = erasure_requests.under_way(db)
    for place in collections(db):
        place.erase(request.subject)
    receipt = {
        "number": request.id, "pseudonym": request.pseudonym, "by": request.by, "passes": 2, "kept_out": True,
        "asked_at": request.asked_at.isoformat(), "done_at": now().isoformat(), "removed": {"prospects": 1},
        "left": {"prospects": 0}, "datasets": [], "models": [],
    }  # fmt: skip
    erasure_requests.write_progress(db, request, Status.WATCHING, due=now())

    def end() -> None:
        erasure_requests.complete(db, request, receipt)

    return end


def test_a_person_is_erased_and_the_receipt_saved(manager: str, chromium: Browser, db: Db, tmp_path: Path) -> None:
    with new_page(chromium, timeout_seconds=60) as page:
        enter(page, manager, db, "Mia Berger")
        visit(page, f"{manager}/privacy")
        page.get_by_label("Reference (column customer)").fill("C-7")
        page.keyboard.press("Enter")
        found = page.locator(".st-key-erase-found")
        expect(found).to_contain_text("Records on the call lists")
        page.get_by_label("Type the reference again").fill("C-8")
        page.get_by_role("button", name="Erase everywhere").click()
        expect(page.get_by_text("Nobody was erased. Type it again")).to_be_visible()
        assert erasure_requests.under_way(db) == []
        page.get_by_label("Type the reference again").fill("C-7")
        page.get_by_role("button", name="Erase everywhere").click()
        expect(page.get_by_text("Requested. The erasure begins within a minute.")).to_be_visible()
        end = work(db)
        expect(page.get_by_text("Removed everywhere. At")).to_be_visible()
        end()
        receipt = page.get_by_role("button", name="Receipt", exact=True)
        expect(receipt).to_be_visible()
        with page.expect_download() as download:
            receipt.click()
        download.value.save_as(tmp_path / "receipt.html")
    text = (tmp_path / "receipt.html").read_text(encoding="utf-8")
    assert "Mia Berger" in text
    assert "C-7" not in text
    assert "C-7" not in repr(list(db.erasures.find()))
