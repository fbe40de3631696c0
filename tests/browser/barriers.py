"""The look for what bars people from a page, by axe-core, and the walk through every page of the menu.

axe-core comes with its package and is run inside the page; nothing is fetched. https://github.com/dequelabs/axe-core
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from bootstrap.check.browser import visit

WIDTHS = [1440, 390]
SERIOUS = ("serious", "critical")


@dataclass(frozen=True)
class Known:
    """A violation that comes from Streamlit and cannot be mended from here: axe's rule, within what, why it stays."""

    rule: str
    selector: str
    why: str


_MENU = "Streamlit 1.67 puts a div around a section of a phone's menu, between its list and the items"
KNOWN = (
    Known("list", "[data-testid=stSidebarNavItems]", _MENU),
    Known("listitem", "[data-testid=stSidebarNavItems]", _MENU),
)


def pages(page: Page, url: str) -> list[str]:
    """The addresses of all pages, as the menu has them: in a row, in a list that opens, or at the side of a phone."""
    visit(page, url)
    settled(page)
    link = "[data-testid=stTopNavLink], [data-testid=stTopNavDropdownLink], [data-testid=stSidebarNavLink]"
    found = [str(each.get_attribute("href")) for each in page.locator(link).all()]
    for section in page.locator("[data-testid=stTopNavSection]").all():
        section.click()
        page.locator("[data-testid=stTopNavDropdownLink]").first.wait_for()
        found += [str(each.get_attribute("href")) for each in page.locator(link).all()]
        page.keyboard.press("Escape")
    return list(dict.fromkeys(found))


def settled(page: Page) -> None:
    """Wait until the page is drawn: nothing runs any more."""
    page.wait_for_load_state("networkidle")
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def barriers(page: Page) -> list[str]:
    """The serious violations on the page that is open, one line each."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    lines = []
    for violation in found:
        if violation["impact"] not in SERIOUS:
            continue
        for node in violation["nodes"]:
            target = " ".join(map(str, node["target"]))
            if not any(k.rule == violation["id"] and within(page, target, k.selector) for k in KNOWN):
                why = " ".join(check["message"] for check in [*node["any"], *node["all"], *node["none"]])
                lines.append(f"{violation['id']} ({violation['impact']}) at {target}: {node['html'][:160]} {why}")
    return lines


def within(page: Page, target: str, selector: str) -> bool:
    """Whether what axe names lies within what `selector` names, or is it."""
    found: bool = page.locator(target).first.evaluate("(element, around) => !!element.closest(around)", selector)
    return found


def look_through(page: Page, app: str, then: Callable[[Page], None] | None = None) -> Iterator[tuple[str, Page]]:
    """Each page of the menu, drawn."""
    menu = pages(page, app)
    assert {f"{app}/{path}" for path in ("", "campaigns", "results", "overview", "accounts", "my-account")} <= set(menu)
    for path in menu:
        visit(page, path)
        settled(page)
        if then:
            then(page)
        yield path, page


def report(page: Page, path: str) -> list[str]:
    """Every barrier on the page, and whether its body is wider than the screen."""
    found = [f"{path}: {line}" for line in barriers(page)]
    wide = page.locator("[data-testid=stMain]").evaluate("main => main.scrollWidth - main.clientWidth")
    return found + ([f"{path}: {wide} pixels wider than the screen"] if wide else [])
