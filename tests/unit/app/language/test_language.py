"""Words in the language of whoever looks."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
import streamlit as st

from app import language
from app.shell.notices import Notice
from core.errors import Conflict
from core.sentences import Sentence

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


LATER = """
msgid "{by} holds {what}."
msgstr "{what} ist bei {by}."

msgid "{number} row"
msgid_plural "{number} rows"
msgstr[0] "eine Zeile"
msgstr[1] "{number} Zeilen"
"""


@pytest.mark.usefixtures("german")
def test_what_was_written_where_nobody_looked_is_said_where_somebody_does(tmp_path: Path) -> None:
    file = tmp_path / "de" / "LC_MESSAGES" / "callwise.po"
    file.write_text(PO + LATER)
    rows = Sentence("{number} row", many="{number} rows", number=2)
    held = Sentence("{by} holds {what}.", by="Ann", what=rows)
    assert held == "Ann holds 2 rows."
    assert language.translate(held) == "2 Zeilen ist bei Ann."
    assert language.translate(Sentence("{number} row", many="{number} rows", number=1)) == "eine Zeile"
    assert language.translate(Sentence("Call list")) == "Anrufliste"
    assert language.translate("Call list") == "Call list", "plain text may be anything, such as a name"
    assert language.translate(Sentence("Nobody translated {this}", this="it")) == "Nobody translated it"


@pytest.mark.usefixtures("german")
def test_an_error_of_the_core_reaches_a_person_in_their_language(tmp_path: Path) -> None:
    file = tmp_path / "de" / "LC_MESSAGES" / "callwise.po"
    file.write_text(PO + LATER)
    error = Conflict(Sentence("{by} holds {what}.", by="Ann", what="p1"), kept="Call list", next=Sentence("Call list"))
    assert Notice.from_error(error) == Notice("warning", "p1 ist bei Ann.", "Call list", "Anrufliste")


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("cookie", "chosen", "word"),
    [("en", None, "Call list"), ("de", "en", "Call list"), ("xx", None, "Anrufliste"), ('"><b>', None, "Anrufliste")],
)
def test_the_browser_remembers_the_language_and_a_choice_goes_before_it(
    monkeypatch: pytest.MonkeyPatch, cookie: str, chosen: str | None, word: str
) -> None:
    monkeypatch.setattr(Screen, "cookies", {language.COOKIE: cookie})
    st.session_state[language.CHOSEN] = chosen
    assert language._("Call list") == word
