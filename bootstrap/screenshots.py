"""Pictures of the screens for the docs: `python -m bootstrap.screenshots APP_URL FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from bootstrap.browser import address, find_chromium, opened, sign_in, take_next, visit
from bootstrap.journey import SAMPLE_CAMPAIGN
from bootstrap.people import visitor
from core.accounts import Role
from core.mongo import connect
from core.settings import MongoSettings, load

WIDTHS = {"": (1440, 1000), "-phone": (390, 844)}


def take(app: str, folder: Path, chromium: str, login: tuple[str, str]) -> list[Path]:
    """The call list with a person on the card, and the other pages; at a laptop's and a phone's width."""
    taken: list[Path] = []
    for suffix, (width, height) in WIDTHS.items():
        with opened(chromium, width=width, height=height) as page:
            sign_in(page, app, *login)
            visit(page, address(app, SAMPLE_CAMPAIGN))
            take_next(page)
            for name in (
                "call-list",
                "campaigns",
                "results",
                "overview",
                "models",
                "review",
                "economy",
                "accounts",
                "my-account",
            ):
                if name != "call-list":
                    visit(page, f"{app.rstrip('/')}/{name}")
                if name == "results":  # it is drawn as its parts are read
                    page.locator(".st-key-results-gains").wait_for()
                page.wait_for_load_state("networkidle")
                path = folder / f"{name}{suffix}.png"
                page.screenshot(path=path)
                taken.append(path)
    return taken


def main() -> int:
    """Take them all and name them; 1 if there is no Chromium."""
    app, folder = sys.argv[1:]
    chromium = find_chromium()
    if chromium is None:
        print("There is no Chromium on this machine; no picture was taken.", file=sys.stderr)
        return 1
    with visitor(connect(load(MongoSettings)), "Ann", Role.ENGINEER) as login:
        for path in take(app, Path(folder), chromium, login):
            print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
