"""A list that lives, in a real browser: a second file changes people; then undo, withdrawal and deletion."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, Page, expect

from bootstrap.check.browser import new_page, visit
from core.settings.group import ROOT
from core.stores.mongo import Db
from tests.people import enter

pytestmark = [pytest.mark.mongo, pytest.mark.s3]


@pytest.fixture
def keyed_app(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The app of a company that has a key of its own for each person."""
    written = yaml.safe_load((ROOT / "data" / "schema.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "schema.yaml"
    path.write_text(yaml.safe_dump(written | {"reference": "customer", "calendar": None}), encoding="utf-8")
    monkeypatch.setenv("CALLWISE_SCHEMA", str(path))
    return str(request.getfixturevalue("app"))


def file(folder: Path, name: str, person: dict[str, Any], people: list[dict[str, str]]) -> Path:
    path = folder / f"{name}.csv"
    rows = [{**person, "y": "", **one} for one in people]
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def bring(page: Page, path: Path) -> None:
    box = page.locator(".st-key-import")
    expect(box).not_to_contain_text(".csv")  # after an import, an empty box takes the place of the one with its file
    expect(box.locator("input[type=file]")).to_have_count(1)
    box.locator("input[type=file]").set_input_files(path)
    expect(page.locator(".st-key-preview")).to_contain_text("rows were checked")
    page.locator(".st-key-import_go button:enabled").click()
    expect(page.locator(".st-key-import-report")).to_contain_text(path.name)


def look(page: Page, name: str) -> None:
    """Keep a picture where the environment names a folder for it."""
    if folder := os.environ.get("TEST_PICTURES"):
        page.wait_for_timeout(1_500)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


# A width changes how the pages look, not what they do: at a laptop's it runs at night.
@pytest.mark.parametrize("width", [390, pytest.param(1440, marks=pytest.mark.nightly)])
def test_a_list_lives(
    keyed_app: str, chromium: Browser, db: Db, tmp_path: Path, person: dict[str, Any], width: int
) -> None:
    people = [{"customer": f"K-{n:03d}", "age": str(20 + n % 40)} for n in range(60)]
    later = [{**one, "age": str(30 + n)} if n < 12 else one for n, one in enumerate(people)]
    later += [{"customer": "K-900", "age": "33", "y": "yes"}, {"customer": "K-901", "age": "x"}]
    with new_page(chromium, width=width) as page:
        enter(page, keyed_app, db, "Mia")
        visit(page, f"{keyed_app}/campaigns")
        page.get_by_label("Name", exact=True).fill("Spring")
        bring(page, file(tmp_path, "may", person, people))
        expect(page.locator(".st-key-import-report")).to_contain_text("Every row fits the schema.")

        bring(page, file(tmp_path, "june", person, later))
        report = page.locator(".st-key-import-report")
        expect(report).to_contain_text("people changed: Age")
        expect(report.locator("canvas, svg").first).to_be_visible()
        look(page, f"report-{width}")
        report.get_by_role("button", name="Undo").click()
        expect(page.locator(".st-key-undo-question")).to_contain_text("1 person leaves the campaign.")
        look(page, f"undo-{width}")
        page.locator(".st-key-undo-go button").click()
        expect(page.locator(".st-key-campaigns-message")).to_contain_text("The import of june.csv is undone.")
        assert db.prospects.count_documents({}) == 60
        assert db.outcomes.count_documents({}) == 0

        page.get_by_role("tab", name="Run a campaign").click()
        one = page.locator(".st-key-withdraw-one")
        one.get_by_label("Reference", exact=True).fill("K-007")
        one.get_by_label("Reference", exact=True).press("Enter")
        expect(one).to_contain_text("still to be called")
        one.get_by_label("Why do they leave the list?").fill("moved away")
        one.get_by_role("button", name="Withdraw").click()
        expect(one).to_contain_text("moved away")
        look(page, f"withdrawn-{width}")
        leave = tmp_path / "leave.csv"
        leave.write_text("customer\nK-001\nK-002\nnobody\n")
        many = page.locator(".st-key-withdraw-many")
        many.locator("input[type=file]").set_input_files(leave)
        many.get_by_label("Why do they leave the list?").fill("sold elsewhere")
        many.get_by_role("button", name="Withdraw everybody in the file").click()
        expect(page.locator(".st-key-campaigns-message")).to_contain_text("2 people are off the list.")
        assert db.prospects.count_documents({"status": "withdrawn"}) == 3

        page.get_by_text("Delete this campaign").click()
        box = page.locator(".st-key-delete-campaign")
        box.get_by_label("Type Spring to confirm").fill("Spring")
        box.get_by_label("Why is it deleted?").fill("the contract ended")
        look(page, f"delete-{width}")
        box.get_by_role("button", name="Delete the campaign").click()
        expect(page.locator(".st-key-campaigns-message")).to_contain_text("Spring is being deleted.")
        look(page, f"deleting-{width}")
