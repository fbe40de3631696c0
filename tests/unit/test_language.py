"""Words in the language of whoever looks."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
import streamlit as st

from app import language

PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Call list"
msgstr "Anrufliste"

msgid "one person"
msgid_plural "many people"
msgstr[0] "eine Person"
msgstr[1] "viele Personen"
"""


class Screen:
    """Stands for the browser: its language and its cookies."""

    locale: str | None = "de-AT"
    cookies: ClassVar[dict[str, str]] = {}


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "de" / "LC_MESSAGES" / "callwise.po"
    file.parent.mkdir(parents=True)
    file.write_text(PO)
    monkeypatch.setattr(language, "FOLDER", tmp_path)
    monkeypatch.setattr(st, "context", Screen())
    monkeypatch.setattr(st, "session_state", {})
    language.catalogue.cache_clear()


@pytest.fixture(autouse=True)
def no_catalogue_left() -> None:
    language.catalogue.cache_clear()


@pytest.mark.usefixtures("german")
def test_a_browser_that_asks_for_german_gets_it_with_its_own_region() -> None:
    assert language._("Call list") == "Anrufliste"
    assert language.plural("one person", "many people", 1) == "eine Person"
    assert language.plural("one person", "many people", 2) == "viele Personen"
    assert str(language.locale()) == "de_AT"


@pytest.mark.usefixtures("german")
def test_what_a_catalogue_lacks_is_shown_as_written() -> None:
    assert language._("Nobody translated this") == "Nobody translated this"


@pytest.mark.usefixtures("german")
def test_a_person_may_choose_another_language_than_the_browser() -> None:
    st.session_state[language.CHOSEN] = "en"
    assert language._("Call list") == "Call list"
    st.session_state[language.CHOSEN] = "xx"  # one that is gone
    assert language._("Call list") == "Anrufliste"


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("asked", ["pt-BR", "not a language", "", None])
def test_a_language_that_is_not_there_is_english(asked: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Screen, "locale", asked)
    assert language._("Call list") == "Call list"
    assert language.locale().language == "en"
