"""Choosing in the lists of a page that may be drawn anew at any moment."""

from __future__ import annotations

from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as WaitedInVain

TRIES = 6
PATIENCE = 8_000.0  # milliseconds


def choose(page: Page, label: str, option: str) -> None:
    """Choose `option` in the list named `label`.

    The page closes an open list when it is drawn anew for an earlier answer. A person opens the list once more then,
    and so does this. Raises playwright's TimeoutError if the option did not come, however often the list was opened.
    """
    box = page.get_by_role("combobox", name=label)
    for attempt in range(1, TRIES + 1):
        box.click()
        box.press_sequentially(option)  # the list draws only the options that fit on the screen
        try:
            page.get_by_role("option", name=option, exact=True).click(timeout=PATIENCE)
        except WaitedInVain:
            if attempt == TRIES:
                raise
            page.keyboard.press("Escape")
        else:
            return
