"""Days of an agent, a manager and an engineer, in a real browser on a running appliance: nothing here is made up.

One story in parts, told in order, each of which goes on where the one before ended. What the screens say is looked up
afterwards where it is kept: in MongoDB, in S3, in the registry, at the scoring service.
"""

from __future__ import annotations

import csv
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.calls.result_words import CALLBACK, CHOICES, DO_NOT_CALL, NO_ANSWER, REFUSED, SOLD, WRONG_NUMBER, Choice
from bootstrap.check.browser import address, new_page, read_card, sign_in, take_next, visit
from bootstrap.check.journey import SAMPLE, SAMPLE_CAMPAIGN
from bootstrap.demo.child_commands import child_command
from core.accounts.shortcuts import STANDARD
from core.calls.lifecycle import Result
from core.files.campaign_file import CampaignFile
from core.models.decisions import DecisionKind
from core.privacy import requests as erasure_requests
from core.privacy.requests import Status
from core.schema import Schema
from core.scoring.logged import by_key
from core.stores.mongo import Document, count
from tests.browser import live_appliance
from tests.browser.barriers import WIDTHS, barriers, look_through, pages, report, settled
from tests.browser.choosing import choose
from tests.browser.keyboard import press_until
from tests.browser.live_appliance import STAFF, Search, login
from tests.browser.mending import write_in_cell
from tests.loop.live import Live
from tests.people import PASSWORD

pytestmark = [pytest.mark.appliance, pytest.mark.timeout(1500)]

SHIFT: list[Choice] = [
    SOLD, REFUSED, NO_ANSWER, REFUSED, CALLBACK, REFUSED, SOLD, WRONG_NUMBER, REFUSED, NO_ANSWER,
    REFUSED, DO_NOT_CALL, SOLD, REFUSED, CALLBACK, REFUSED, NO_ANSWER, REFUSED, SOLD, REFUSED,
]  # fmt: skip
TAKEN_BACK = 6  # of the shift: recorded as sold, then taken back and recorded as refused
OTHERS = 300  # calls that others make, so that the second training has something to learn from
CAMPAIGN, ROWS = "autumn-2026", 30
FOREIGN = {"age": "Customer age", "job": "Occupation of the customer", "marital": "Marital status", "y": "Bought"}
TALLEST = 4000  # pixels of a picture; a page that is longer is cut


@pytest.fixture(scope="module")
def live(chromium: Browser, tmp_path_factory: pytest.TempPathFactory, schema: Schema) -> Iterator[Live]:
    with live_appliance.running(tmp_path_factory.mktemp("journeys"), schema) as appliance:
        yield appliance


@pytest.fixture(scope="module")
def app(live: Live) -> str:
    return live_appliance.page(live)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    asked = os.environ.get("CALLWISE_SCREENSHOTS")
    folder = Path(asked) if asked else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def come_in(page: Page, app: str, shown: str) -> None:
    """Sign in by the form."""
    sign_in(page, app, login(shown), PASSWORD)
    page.locator("h1").wait_for()


# --- an agent's shift -----------------------------------------------------------------------------------------------


def test_an_agent_works_twenty_people(app: str, chromium: Browser, live: Live) -> None:
    worked: list[tuple[str, str]] = []
    with new_page(chromium, timeout_seconds=60) as page:
        come_in(page, app, "Ann Lee")
        visit(page, address(app, SAMPLE_CAMPAIGN))
        for place, choice in enumerate(SHIFT):
            by_key = place % 2 == 0
            take(page, by_key)
            ref = looked_up(page, live)
            if place == TAKEN_BACK:
                say(page, SOLD, by_key=True)
                assert outcome_of(live, ref) == "sold"
                expect(page.locator(".st-key-take-back button")).to_contain_text(ref)
                page.keyboard.press("u")
                expect(page.locator(".st-key-prospect-ref")).to_contain_text(ref)
                expect(page.locator(".st-key-message")).to_contain_text(f"{ref} is on your desk again")
                assert outcome_of(live, ref) is None
            meant = REFUSED if place == TAKEN_BACK else choice
            say(page, meant, by_key)
            worked.append((f"{SAMPLE_CAMPAIGN}:{ref}", meant.result.value))
        expect(page.locator(".st-key-ranked-list tbody tr").first).to_be_visible()
    live.say(f"Ann Lee worked {len(worked)} people")
    assert len({key for key, _ in worked}) == len(SHIFT), "nobody came twice"
    made = list(live.db.calls.find({"agent": "Ann Lee", "undone": None}).sort([("at", 1)]))
    assert [(one["prospect"], one["result"]) for one in made] == worked
    assert count(live.db.calls, {"agent": "Ann Lee"}) == len(SHIFT) + 1
    known = {one["prospect"]: one["result"] for one in live.db.outcomes.find({"agent": "Ann Lee"})}
    assert known == {key: result for key, result in worked if Result(result).is_outcome}
    live_appliance.calls(live, OTHERS)
    # It trains while the manager is busy with other things.
    run = live.flows.request_training("more calls are known")
    live.say(f"a second training was asked for: flow run {run.id[:8]}")


def take(page: Page, by_key: bool) -> None:
    """Take the next person."""
    button = page.locator(".st-key-take button")
    expect(button).to_be_enabled()
    shown = page.locator(".st-key-give-back button")
    if by_key:
        press_until(page, "n", shown, "visible")
    else:
        button.click()
    expect(shown).to_be_visible()


def say(page: Page, choice: Choice, by_key: bool) -> None:
    """Record what came of the call, and wait until the desk is free."""
    assert choice in CHOICES
    card, promise = page.locator(".st-key-card"), page.locator(".st-key-promise-1 button")
    key, button = STANDARD[choice.result.value].lower(), page.locator(f".st-key-{choice.key} button")
    if not by_key:
        button.click()
    elif choice is CALLBACK:
        press_until(page, key, promise, "visible")
    else:
        press_until(page, key, card, "hidden")
    if choice is CALLBACK:
        expect(promise).to_be_visible()
        if by_key:
            press_until(page, "1", promise, "hidden")
        else:
            promise.click()
    expect(card).to_have_count(0)


def looked_up(page: Page, live: Live) -> str:
    """Who is on the card, whose score is the one in the log, and whose reasons are there in words."""
    shown = read_card(page)
    person = live.db.prospects.find_one({"_id": f"{SAMPLE_CAMPAIGN}:{shown['ref']}"})
    assert person is not None
    logged = by_key(live.db, [person["prediction"]]).get(person["prediction"])
    assert logged is not None
    assert shown["score"] == f"{logged['score']:.4f}"
    # At least two; they may be drawn after the score.
    expect(page.locator(".st-key-reasons li, .st-key-reasons [data-testid=stMarkdown]").nth(1)).to_be_attached()
    expect(page.locator(".st-key-reasons")).to_contain_text("raises it")
    return shown["ref"]


def outcome_of(live: Live, ref: str) -> str | None:
    """What is known of a call of Ann's."""
    found = live.db.outcomes.find_one({"prospect": f"{SAMPLE_CAMPAIGN}:{ref}"})
    return str(found["result"]) if found else None


# --- a manager's import ---------------------------------------------------------------------------------------------


def test_a_manager_imports_a_file_with_bad_rows_and_mends_them(
    app: str, chromium: Browser, live: Live, tmp_path: Path
) -> None:
    file = foreign(tmp_path)
    with new_page(chromium, timeout_seconds=60) as page:
        come_in(page, app, "Mia Berger")
        visit(page, f"{app}/campaigns")
        page.get_by_label("Name", exact=True).fill("Autumn 2026")
        page.locator(".st-key-import input[type=file]").set_input_files(file)
        expect(page.locator(".st-key-mapping")).to_contain_text("contains its name")
        expect(page.locator(".st-key-preview")).to_contain_text(f"All {ROWS} rows were checked")
        page.locator(".st-key-import_go button").click()
        report = page.locator(".st-key-import-report")
        expect(report).to_contain_text("2 rows broke a rule and were not imported.")
        assert count(live.db.prospects, {"campaign": CAMPAIGN}) == ROWS - 2
        write_in_cell(page, 0, 2, "33")
        page.locator(".st-key-mend_go button:enabled").click()
        expect(report).to_contain_text("1 of 2 rejected rows are imported now.")
        write_in_cell(page, 0, 2, "single")
        page.locator(".st-key-mend_go button:enabled").click()
        expect(report).to_contain_text("1 of 1 rejected row is imported now.")
    found = {one["row"]: one["features"] for one in live.db.prospects.find({"campaign": CAMPAIGN})}
    assert sorted(found) == list(range(1, ROWS + 1))
    assert (found[2]["age"], found[4]["marital"]) == (33, "single")
    for one in live.ranked(CAMPAIGN):
        logged = by_key(live.db, [one["prediction"]]).get(one["prediction"])
        assert logged is not None
        assert logged["score"] == one["score"]


def foreign(folder: Path) -> Path:
    """People of the sample under another program's names, in Windows' letters; the second and the fourth are wrong."""
    path = folder / "export.csv"
    with CampaignFile.open(SAMPLE).records() as records, path.open("w", encoding="cp1252", newline="") as file:
        people = [dict(one) for one in itertools.islice(records, 14_000, 14_000 + ROWS)]
        writer = csv.DictWriter(file, [FOREIGN.get(name, name) for name in people[0]], delimiter=";")
        writer.writeheader()
        for number, values in enumerate(people, 1):
            values["y"] = ""
            values["age"] = "young" if number == 2 else values["age"]
            values["marital"] = "verheiratet, gl\xfccklich" if number == 4 else values["marital"]
            writer.writerow({FOREIGN.get(name, name): value for name, value in values.items()})
    return path


# --- a model is approved, and taken back ----------------------------------------------------------------------------


def test_a_model_on_trial_is_approved_and_then_taken_back(app: str, chromium: Browser, live: Live) -> None:
    trial = live.until("the second model is on trial", lambda: live.lineup().trial)
    first, second = live.lineup().champion, trial.version
    assert first == "1"
    live.until("the canary is in service", lambda: live.in_service() == (first, second))
    with new_page(chromium, height=1000, timeout_seconds=60) as page:
        come_in(page, app, "Mia Berger")
        visit(page, f"{app}/models")
        decide(page, f"Promote version {second} now", "it has seen the newest calls")
        expect(page.locator(".st-key-message")).to_contain_text(f"Version {second} is champion now.")
        live.until("serving follows", lambda: live.in_service() == (second, ""))
        visit(page, f"{app}/models")
        decide(page, f"Go back to version {first}", "agents complain")
        expect(page.locator(".st-key-message")).to_contain_text(f"Version {first} is champion again instead of")
        live.until("serving goes back", lambda: live.in_service() == (first, ""))
        expect(page.locator(".st-key-models-now")).to_contain_text(f"Version {first}")
    promoted, back = live.decisions()[-2:]
    assert (promoted.what, promoted.version, promoted.by) == (DecisionKind.PROMOTED, second, "Mia Berger")
    assert (back.what, back.version, back.by, back.why) == (
        DecisionKind.ROLLED_BACK,
        first,
        "Mia Berger",
        "agents complain",
    )
    live.until("the alias follows", lambda: live.alias("champion") == first)


def decide(page: Page, what: str, why: str) -> None:
    """Choose `what`, say why, and press."""
    page.locator(".st-key-models-decide label", has_text=what).click()
    page.get_by_label("Why?").fill(why)
    page.locator(".st-key-decide-now button").click()


# --- a person is erased; meanwhile --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def customer(live: Live) -> Document:
    """The first who bought of Ann Lee: scored, called, learnt from by the second model."""
    [sold] = live.db.calls.find({"agent": "Ann Lee", "result": "sold", "undone": None}).sort([("at", 1)]).limit(1)
    found = live.db.prospects.find_one({"_id": sold["prospect"]})
    assert found is not None
    return found


@pytest.fixture(scope="module")
def search(live: Live, customer: Document) -> Search:
    return Search(live, customer)


def test_a_manager_asks_for_a_person_to_be_erased(
    app: str, chromium: Browser, live: Live, customer: Document, search: Search
) -> None:
    there = search.places()
    for place in ("mongo prospects", "mongo calls", "mongo outcomes", "mongo predictions", "s3 "):
        assert [one for one in there if one.startswith(place)], f"{place} of {there}"
    assert search.rows()
    with new_page(chromium, timeout_seconds=60) as page:
        come_in(page, app, "Mia Berger")
        visit(page, f"{app}/privacy")
        choose(page, "Campaign", SAMPLE_CAMPAIGN)
        page.get_by_label("Reference on the list", exact=True).fill(customer["ref"])
        page.keyboard.press("Enter")
        expect(page.locator(".st-key-erase-found")).to_contain_text("Records on the call lists")
        page.get_by_label("Type the reference again").fill(customer["ref"])
        page.get_by_role("button", name="Erase everywhere").click()
        expect(page.get_by_text("It continues automatically")).to_be_visible()
        [asked] = erasure_requests.under_way(live.db)
        live.until("the first pass is done", lambda: erasure_requests.get(live.db, asked.id).status is Status.WATCHING)
        expect(page.get_by_text("Removed everywhere. At")).to_be_visible()
    assert search.places() == [f"mongo erasures {asked.id}"], "only the request itself still knows whom to look for"


def test_whoever_guesses_passwords_has_to_wait(app: str, chromium: Browser, live: Live) -> None:
    with new_page(chromium) as page:
        page.goto(app)
        for _ in range(6):
            page.get_by_label("Login name").fill("tom.ray")
            page.get_by_label("Password").fill("not the password")
            with page.expect_navigation():
                page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("Too many attempts failed. Try again in")
        assert page.url == f"{app}/sign-in"
    counted = [one["failures"] for one in live.db.attempts.find({"failures": {"$exists": True}})]
    assert counted
    assert set(counted) == {5}, "of the name, of the address, and of both; the last attempt was not looked at"


def test_each_page_of_managers_is_refused_to_an_agent(app: str, chromium: Browser) -> None:
    with new_page(chromium) as page:
        come_in(page, app, "Eva Stein")
        every = pages(page, app)
    with new_page(chromium) as page:
        come_in(page, app, "Ann Lee")
        own = pages(page, app)
        assert {path.removeprefix(app).strip("/") for path in own} == {"", "agenda", "my-account", "sign-out"}
        others = [path for path in every if path not in own]
        assert len(others) >= 8
        for path in others:
            visit(page, path)
            expect(page.locator(".st-key-refused")).to_contain_text("This page is for managers and engineers.")
            expect(page.locator("[data-testid=stTable], canvas, input[type=file]")).to_have_count(0)


def test_an_erasure_ends_with_a_receipt_and_nothing_is_left(
    app: str, chromium: Browser, live: Live, customer: Document, search: Search, tmp_path: Path
) -> None:
    with new_page(chromium, timeout_seconds=60) as page:
        come_in(page, app, "Mia Berger")
        live.until("the erasure is done", lambda: not erasure_requests.under_way(live.db))
        visit(page, f"{app}/privacy")
        with page.expect_download() as download:
            page.get_by_role("button", name="Receipt", exact=True).click()
        download.value.save_as(tmp_path / "receipt.html")
    text = (tmp_path / "receipt.html").read_text(encoding="utf-8")
    assert "Mia Berger" in text
    assert customer["ref"] not in text
    assert search.places() == []
    assert search.rows() == []
    [done] = erasure_requests.newest(live.db, 10)
    removed, left = done.receipt["removed"], done.receipt["left"]
    assert min(removed[name] for name in ("prospects", "calls", "outcomes", "predictions", "datasets")) >= 1
    assert set(left.values()) == {0}
    assert "2" in {one["version"] for one in done.receipt["models"]}
    live.say(f"removed: {removed}")


# --- and how it all looks -------------------------------------------------------------------------------------------


@pytest.mark.nightly  # tests/browser/test_barriers.py looks at each page each time, full, empty and with an error
def test_every_page_is_free_of_barriers_and_is_pictured(
    app: str, chromium: Browser, live: Live, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for job in ("drift", "performance"):
        with child_command(live.appliance, "monitor", job) as looked:
            for line in looked:
                live.say(line)
        assert looked.status == 0
    assert STAFF["Eva Stein"].value == "engineer"
    found: list[str] = []
    for width in WIDTHS:
        with new_page(chromium, width=width, timeout_seconds=60) as page:
            page.goto(f"{app}/sign-in")
            found += report_of_sign_in(page, pictures, width)
            come_in(page, app, "Eva Stein")
            visit(page, address(app, SAMPLE_CAMPAIGN))
            take_next(page)
            settled(page)
            found += report(page, f"the card at {width}")
            picture(page, pictures / f"card-{width}.png")
            page.locator(".st-key-give-back button").click()
            expect(page.locator(".st-key-card")).to_have_count(0)
            for path, _page in look_through(page, app):
                name = path.removeprefix(app).strip("/") or "call-list"
                found += report(page, f"{name} at {width}")
                picture(page, pictures / f"{name}-{width}.png")
    taken = sorted(pictures.glob("*.png"))
    with capsys.disabled():
        live.say(f"{len(taken)} pictures are in {pictures}")
    assert len(taken) >= 2 * 12
    assert found == [], "\n".join(found)


def report_of_sign_in(page: Page, pictures: Path, width: int) -> list[str]:
    """The only page outside of Streamlit."""
    page.screenshot(path=pictures / f"sign-in-{width}.png")
    return [f"sign-in: {line}" for line in barriers(page)]


def picture(page: Page, path: Path) -> None:
    """The whole page, not only what fits the screen: Streamlit's scrolls within itself."""
    size = page.viewport_size
    assert size is not None
    tall = page.locator("[data-testid=stMain]").evaluate("main => main.scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": min(max(int(tall) + 80, size["height"]), TALLEST)})
    settled(page)
    page.screenshot(path=path)
    page.set_viewport_size(size)
