"""The table of rejected rows, as a person types into it."""

from __future__ import annotations

from playwright.sync_api import Page

TRIES = 5


def write_in_cell(page: Page, row: int, column: int, text: str) -> None:
    """Type `text` into a cell of the table of rejected rows, whose cells are drawn and not elements."""
    canvas = page.locator(".st-key-mend canvas").first
    entry = page.locator("#portal textarea, #portal input").first
    for _ in range(TRIES):
        # Not scroll_into_view_if_needed, which fails where the table is drawn anew while it waits.
        canvas.evaluate("canvas => canvas.scrollIntoView({block: 'center'})")
        page.wait_for_timeout(1_000)  # the page settles: what is above it may still move
        box = canvas.bounding_box()
        if box is None:
            continue
        page.mouse.click(box["x"] + 30, box["y"] + 35 * row + 52)  # the row's number, at the left
        for _ in range(column):
            page.wait_for_timeout(100)  # as fast as fingers are; a busy page loses what comes faster
            page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        entry.wait_for()
        if entry.is_enabled():
            break
        page.keyboard.press("Escape")  # the table was drawn anew meanwhile: this is the reason's cell
        entry.wait_for(state="detached")
    entry.fill(text)
    entry.press("Enter")
