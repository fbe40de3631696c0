"""Pictures of the screens for the docs: `python -m bootstrap.check.screenshots APP_URL FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from bootstrap.check.browser import address, find_chromium, open_page, sign_in, take_next, visit
from bootstrap.check.journey import SAMPLE_CAMPAIGN
from bootstrap.setup.accounts import temporary_account
from core.accounts.account import Role
from core.settings.addresses import MongoSettings
from core.settings.loading import load
from core.stores.mongo import connect

WIDTHS = {"": (1440, 1000), "-phone": (390, 844)}
PAGES = {
    "call-list": ".st-key-card .st-key-reasons",
    "campaigns": ".st-key-campaign-list",
    "results": ".st-key-results-gains",
    "overview": ".st-key-standing",
    "models": ".st-key-models-timeline canvas, .st-key-models-timeline svg",
    "review": ".st-key-review-moved, .st-key-review-none",
    "economy": ".st-key-what-if",
}
"""The pages to show, by the end of their address, and the part to wait for: a page appears part by part."""


def take(app: str, folder: Path, chromium: str, login: tuple[str, str]) -> list[Path]:
    """Photograph the call list with a person on the card, and the other pages, at a laptop's and a phone's width."""
    taken: list[Path] = []
    for suffix, (width, height) in WIDTHS.items():
        with open_page(chromium, width=width, height=height) as page:
            sign_in(page, app, *login)
            visit(page, address(app, SAMPLE_CAMPAIGN))
            take_next(page)
            for name, part in PAGES.items():
                if name != "call-list":
                    visit(page, f"{app.rstrip('/')}/{name}")
                page.locator(part).first.wait_for()
                page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
                page.wait_for_load_state("networkidle")
                path = folder / f"{name}{suffix}.png"
                page.screenshot(path=path)
                taken.append(path)
    return taken


def main() -> int:
    """Take all pictures and print their paths; 1 if there is no Chromium."""
    app, folder = sys.argv[1:]
    chromium = find_chromium()
    if chromium is None:
        print("There is no Chromium on this machine; no picture was taken.", file=sys.stderr)
        return 1
    with temporary_account(connect(load(MongoSettings)), "Ann", Role.ENGINEER) as login:
        for path in take(app, Path(folder), chromium, login):
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
