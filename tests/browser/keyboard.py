"""Keys on a page that listens to a button's key only a moment after it shows the button."""

from __future__ import annotations

from typing import Literal

from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as Overdue

TRIES = 3
PATIENCE = 10_000.0  # milliseconds


def press_until(page: Page, key: str, what: Locator, state: Literal["visible", "hidden"]) -> None:
    """Press `key`, and again if `what` is not in `state` then: so does whoever was faster than the page.

    Raises playwright's TimeoutError if no try helped.
    """
    for attempt in range(1, TRIES + 1):
        page.keyboard.press(key)
        try:
            what.wait_for(state=state, timeout=PATIENCE)
        except Overdue:
            if attempt == TRIES:
                raise
        else:
            return
