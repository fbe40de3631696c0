"""From a file that nobody has seen to a person on the phone, in a browser, at the width of a laptop and of a phone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import TimeoutError as Overdue

from bootstrap.check.browser import new_page, visit
from core.kinds.registry import kinds
from core.schema import read_schema
from core.settings.group import ROOT
from core.stores.mongo import Db
from tests.browser.choosing import choose
from tests.customers import exported, office_workbook
from tests.people import enter

pytestmark = [pytest.mark.mongo, pytest.mark.s3]

# A width changes how the wizard looks, not what it does: each file goes through once, and at the other width at night.
PHONE_FIRST = [390, pytest.param(1440, marks=pytest.mark.nightly)]
LAPTOP_FIRST = [1440, pytest.param(390, marks=pytest.mark.nightly)]


def look(page: Page, name: str) -> None:
    """Keep a picture where the environment names a folder for it."""
    if folder := os.environ.get("TEST_PICTURES"):
        page.wait_for_timeout(1_500)
        before = page.viewport_size
        assert before is not None
        # The page scrolls in a part of its own, so all of it is seen only in a window that is as high.
        height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
        page.set_viewport_size({"width": before["width"], "height": max(int(height), before["height"])})
        page.wait_for_timeout(500)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))
        page.set_viewport_size(before)


@pytest.mark.parametrize("width", PHONE_FIRST)
def test_a_file_becomes_a_list_of_people_to_phone(
    app: str, chromium: Browser, db: Db, tmp_path: Path, width: int
) -> None:
    path = tmp_path / "customers.csv"
    path.write_bytes(exported())
    with new_page(chromium, width=width) as page:
        enter(page, app, db, "Mia")
        visit(page, f"{app}/campaigns")
        page.get_by_role("tab", name="A new kind of campaign").click()
        form = page.locator(".st-key-new-kind")
        look(page, f"kind-empty-{width}")
        form.locator("input[type=file]").set_input_files(path)
        expect(form).to_contain_text("120 rows, 9 columns.")
        expect(form).to_contain_text("'Status after call' is kept from the model")
        look(page, f"kind-proposed-{width}")

        page.get_by_text("columns that are clear").click()
        choose(page, "Meaning of Visits", "For people to read, not for the model")
        expect(form).to_contain_text("The model reads: First Source, Opted in, Joined.")
        form.get_by_label("What you call it").fill("Warm customers")
        form.get_by_label("What you call it").press("Enter")
        expect(form).to_contain_text("120 rows were checked")
        look(page, f"kind-ready-{width}")
        form.get_by_role("button", name="Make the kind and import the file").click()
        expect(page.locator(".st-key-campaigns-message")).to_contain_text("Warm customers is made")
        expect(page.locator(".st-key-campaign-list")).to_contain_text("Warm customers")
        look(page, f"kind-made-{width}")

        made = kinds(db, read_schema(ROOT / "data" / "schema.yaml"))[-1]
        assert made.database(db).prospects.count_documents({"status": "open"}) == 40
        visit(page, app)
        page.locator(".st-key-take button").click()
        card = page.locator(".st-key-card")
        expect(card).to_contain_text("Ada Prøve")
        expect(card.locator("a[href^='tel:+']")).to_be_visible()
        expect(card).to_contain_text("Visits")
        look(page, f"kind-card-{width}")

        page.get_by_role("button", name="Give back").click()
        expect(page.locator(".st-key-take")).to_be_visible()
        search = page.locator(".st-key-search")
        look_for(page, "01512 5550100", search.get_by_text("Ada Prøve 100 · K-00100"))
        look(page, f"search-{width}")
        search.get_by_role("button", name="Take").click()
        expect(card).to_contain_text("Ada Prøve 100")


def look_for(page: Page, number: str, found: Locator) -> None:
    """Look for `number`, and once more where the page was drawn anew, and the field closed, while it was typed."""
    field = page.locator(".st-key-search").get_by_label("Name, phone number, e-mail address or reference")
    for patience in (10_000.0, 10_000.0, 30_000.0):
        if not field.is_visible():
            page.get_by_text("Somebody calls you? Find them").click()
        field.fill(number)
        field.press("Enter")
        try:
            found.wait_for(timeout=patience)
        except Overdue:
            continue
        return
    expect(found).to_be_visible()


@pytest.mark.parametrize("width", LAPTOP_FIRST)
def test_a_workbook_of_an_office_is_put_right_on_the_way(
    app: str, chromium: Browser, db: Db, tmp_path: Path, width: int
) -> None:
    path = office_workbook(tmp_path / "autumn list.xlsx")
    with new_page(chromium, width=width) as page:
        enter(page, app, db, "Mia")
        visit(page, f"{app}/campaigns")
        page.get_by_role("tab", name="A new kind of campaign").click()
        form = page.locator(".st-key-new-kind")
        form.locator("input[type=file]").set_input_files(path)
        expect(form).to_contain_text("The sheet 'Call log' is read, the largest of 3.")
        look(page, f"workbook-wrong-sheet-{width}")
        choose(page, "Sheet", "Customers")
        expect(form).to_contain_text("120 rows, 9 columns.")
        line = form.get_by_role("spinbutton", name="Line with the names of the columns")
        expect(line).to_have_count(1)  # what the other sheet had goes when the page is drawn to its end
        expect(line).to_have_value("4")

        expect(form).to_contain_text("What do the words of Result mean?")
        look(page, f"workbook-words-{width}")
        go = form.get_by_role("button", name="Make the kind and import the file")
        expect(go).to_have_count(0)
        choose(page, "moved away (24 rows)", "A refusal")
        form.get_by_role("button", name="Take these meanings").click()
        expect(form).to_contain_text("they can be read in two ways: Income, Joined.")
        expect(form).to_contain_text("Its cells do not show how they are written.")
        expect(go).to_be_disabled()
        look(page, f"workbook-asked-{width}")

        choose(page, "How its numbers are written", "1,234.5 (1,100 = 1100)")
        expect(form).to_contain_text("they can be read in two ways: Joined.")
        choose(page, "How its dates are written", "12/01/2024 = 1 Dec 2024, month first")
        expect(form).to_contain_text("120 rows were checked")
        page.get_by_text("columns that are clear").click()
        choose(page, "Meaning of Desk", "Words")
        expect(form).to_contain_text("The model reads: Age, Income, Joined, Desk, Town.")

        income = form.locator("[class*='st-key-kind-column-']").filter(has_text="Meaning of Income")
        income.get_by_role("button", name="Details").click()
        label = page.get_by_role("textbox", name="What agents read")
        label.fill("Income a month")
        label.press("Enter")
        expect(form).to_contain_text("The model reads: Age, Income a month, Joined, Desk, Town.")
        look(page, f"workbook-details-{width}")
        page.keyboard.press("Escape")
        look(page, f"workbook-ready-{width}")
        go.click()
        expect(page.locator(".st-key-campaigns-message")).to_contain_text("Autumn list is made")
        expect(page.locator(".st-key-campaign-list")).to_contain_text("Autumn list")

        made = kinds(db, read_schema(ROOT / "data" / "schema.yaml"))[-1]
        theirs = made.database(db)
        assert theirs.prospects.count_documents({"status": "open"}) == 48
        assert theirs.outcomes.count_documents({"positive": True}) == 24
        assert theirs.outcomes.count_documents({"positive": False}) == 48
        one = theirs.prospects.find_one({"row": 14})
        assert one is not None
        found = {name: one["features"][name] for name in ("Age", "Income", "Joined", "Desk", "Town")}
        assert found == {"Age": 33, "Income": 5113, "Joined": "2024-02-03", "Desk": "17", "Town": "There"}
        visit(page, app)
        page.locator(".st-key-take button").click()
        card = page.locator(".st-key-card")
        expect(card).to_contain_text("Ada Prøve")
        expect(card).to_contain_text("Income a month")
        look(page, f"workbook-card-{width}")
