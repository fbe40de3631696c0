"""The call list as a person sees it, in a headless Chromium that is already on the machine.

Nothing is downloaded, and the page is the only source: the classes that Streamlit gives to keyed containers
(`st-key-<key>`) are the contract.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlencode

from core.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# Headless, without the services that a browser contacts automatically.
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SCORE = re.compile(r"([01])[.,](\d{4})")


class Shown(TypedDict):
    """What the card shows: the person's reference, the score as `0.3421`, and the chance as written there."""

    ref: str
    score: str
    chance: str


def find_chromium() -> str | None:
    """The path of a Chromium on this machine; None without one, or without Playwright to drive it."""
    if importlib.util.find_spec("playwright") is None:
        return None
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


@contextmanager
def open_browser(executable: str) -> Iterator[Browser]:
    """A headless Chromium that runs; ended afterwards."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  not in the image of the set-up

    # Chromium has no sandbox for root, and a container's only user often is root.
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def new_page(
    browser: Browser, *, width: int = 1440, height: int = 900, locale: str = "en-GB", timeout_seconds: float = 30.0
) -> Iterator[Page]:
    """An empty page that shares no cookie and no cache with another; a wait on it lasts at most `timeout_seconds`."""
    with browser.new_context(viewport={"width": width, "height": height}, locale=locale) as context:
        page = context.new_page()
        page.set_default_timeout(timeout_seconds * 1000)
        yield page


@contextmanager
def open_page(
    executable: str, *, width: int = 1440, height: int = 900, locale: str = "en-GB", timeout_seconds: float = 30.0
) -> Iterator[Page]:
    """An empty page in a browser of its own, with the language `locale`."""
    with (
        open_browser(executable) as browser,
        new_page(browser, width=width, height=height, locale=locale, timeout_seconds=timeout_seconds) as page,
    ):
        yield page


def address(url: str, campaign: str) -> str:
    """The address of `campaign`'s call list."""
    return f"{url.rstrip('/')}/?{urlencode({'campaign': campaign})}"


def sign_in(page: Page, url: str, name: str, password: str) -> None:
    """Sign in to the app at `url`, and wait until the app leaves the sign-in page."""
    page.goto(f"{url.rstrip('/')}/sign-in")
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.locator("button[type=submit]").click()
    page.wait_for_url(lambda now: "/sign-in" not in now)


def visit(page: Page, url: str) -> None:
    """Open `url`, and reload it (at most twice) if parts of the page's own script did not arrive.

    On a machine where containers start and stop, Chromium sometimes lost requests, likely because the network
    interfaces changed. A person would reload the page.
    """
    lost: list[str] = []
    page.on("requestfailed", lambda request: lost.append(request.url))
    for _ in range(3):
        lost.clear()
        page.goto(url)
        page.wait_for_load_state("networkidle")
        if not any("/static/" in missing for missing in lost):
            break
    page.locator("h1").wait_for()


def take_next(page: Page) -> Shown:
    """Press Next call on an open call list, once it is ranked, and read the card; or read a card already shown."""
    card = page.locator(".st-key-card .st-key-score-exact")
    ranked = page.locator(".st-key-ranked-list td").filter(has_text=SCORE)
    card.or_(ranked).first.wait_for(state="attached")  # a phone shows no exact score in the list
    if not card.count():
        page.locator(".st-key-take button:enabled").click()
    return read_card(page)


def read_card(page: Page) -> Shown:
    """Read the card. Raises NotFound if it shows no score with four decimals."""
    text = page.locator(".st-key-card .st-key-score-exact").inner_text()
    score = SCORE.search(text)
    if score is None:
        raise NotFound(f"The card shows no score with four decimals, but '{text.strip()}'.")
    return Shown(
        ref=shown_reference(page.locator(".st-key-prospect-ref").inner_text()),
        score=f"{score[1]}.{score[2]}",
        chance=page.locator(".st-key-chance [data-testid=stMetricValue]").inner_text().strip(),
    )


def shown_reference(heading: str) -> str:
    """The reference in the heading of a card: alone, or in a line of its own below the name."""
    lines = [line.strip() for line in heading.splitlines() if line.strip()]
    below = [line.removeprefix("Reference ") for line in lines if line.startswith("Reference ")]
    return below[0].strip() if below else " ".join(lines[:1]).removeprefix("Person ").strip()


def read_call_list(
    url: str, campaign: str, login: tuple[str, str], executable: str, *, timeout_seconds: float = 60.0
) -> Shown:
    """Sign in to the app at `url`, take the next call of `campaign` once it is ranked, and read the card.

    The prospect stays claimed. Raises Unavailable, with the page's text, if no card appears in `timeout_seconds`.
    """
    from playwright.sync_api import Error  # noqa: PLC0415

    with open_page(executable, timeout_seconds=timeout_seconds) as page:
        try:
            sign_in(page, url, *login)
            visit(page, address(url, campaign))
            return take_next(page)
        except Error as error:
            text = " ".join(page.locator("body").inner_text(timeout=1000).split())[:300]
            raise Unavailable(
                f"The app at {url} showed no card: {error.message.splitlines()[0]}", next=f"The page said: {text}"
            ) from error
