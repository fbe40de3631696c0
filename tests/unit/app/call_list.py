"""What tests of the call list share: the people on it, and how they read and press what is drawn."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

Screen = Callable[..., AppTest]
PEOPLE = {"p1": 0.3421, "p2": 0.9, "p3": 0.05}


def said(test: AppTest) -> str:
    return "\n".join(e.value for e in [*test.success, *test.info, *test.warning, *test.error, *test.markdown])


def plainly(test: AppTest) -> str:
    """The same as it is read: what people may type is escaped on a page."""
    return said(test).replace("\\", "")


def press(test: AppTest, key: str) -> AppTest:
    return test.button(key=key).click().run()


def shown(test: AppTest) -> list[str]:
    """The heading of the card, if there is one."""
    return [e.value for e in test.subheader if e.value.startswith("Person")]


def listed(test: AppTest) -> list[str]:
    return next((list(t.value["Person"]) for t in test.table if "Person" in t.value), [])
