"""The words on the screens in the language of whoever looks at them, through gettext.

Every sentence is written in English where it is used, inside `_` (or `plural` where a count decides its form), with
named places to fill in: `_("{ref} is back on the list.").format(ref=ref)`. An f-string inside `_` can be in no
catalogue. The catalogues are `locale/LANGUAGE/LC_MESSAGES/callwise.po`, compiled when they are first asked for; a
sentence that one of them lacks is shown in English. `scripts/words` keeps the catalogues.

What is written where no screen is yet (a constant of a module, an error of the core) is a `core.sentences.Sentence`,
and `said` where it is drawn.
"""

from __future__ import annotations

import gettext
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path

import streamlit as st
from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from core.sentences import Sentence

FOLDER = Path(__file__).with_name("locale")
SOURCE = "en"
CHOSEN = "language"
"""Where the session keeps the language that a person chose."""
COOKIE = "callwise_language"
"""Where their browser keeps it."""


def languages() -> tuple[str, ...]:
    """The languages there are, the one the sentences are written in first."""
    return _languages(FOLDER)


@cache
def _languages(folder: Path) -> tuple[str, ...]:
    return (SOURCE, *sorted(path.parent.parent.name for path in folder.glob("*/LC_MESSAGES/callwise.po")))


def locale() -> Locale:
    """The locale of the person at this screen: the language they chose, or that of their browser if it is there.

    The browser's region stays where it fits the language, so that a date is written as at home.
    """
    chosen = st.session_state.get(CHOSEN) or st.context.cookies.get(COOKIE)
    return _locale(st.context.locale or SOURCE, chosen, languages())


@lru_cache(maxsize=256)  # asked for by every sentence and number; browsers may send anything
def _locale(asked: str, chosen: str | None, there: tuple[str, ...]) -> Locale:
    try:
        theirs = Locale.parse(asked, sep="-")
    except (ValueError, UnknownLocaleError):
        theirs = Locale(SOURCE)
    language = chosen if chosen in there else theirs.language
    if language not in there:
        return Locale(SOURCE)
    return theirs if theirs.language == language else Locale.parse(language)


def _(sentence: str) -> str:
    """`sentence` in the language of the person at this screen."""
    return catalogue(locale().language).gettext(sentence)


def plural(one: str, many: str, number: int) -> str:
    """The form that `number` asks for, of a sentence with two forms in English."""
    return catalogue(locale().language).ngettext(one, many, number)


def said(text: str) -> str:
    """`text` in the language of the person at this screen if it is a `Sentence`; as it is if it is any other text.

    Sentences among the values are said as well.
    """
    if not isinstance(text, Sentence):
        return text
    words = catalogue(locale().language)
    if text.number is None:
        template = words.gettext(text.template)
    else:
        template = words.ngettext(text.template, text.many or text.template, text.number)
    values = {name: said(value) if isinstance(value, str) else value for name, value in text.values.items()}
    if text.number is not None:
        values["number"] = text.number
    return template.format(**values) if values else template


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The sentences of `language`; those of one without a catalogue stay as they are written."""
    path = FOLDER / language / "LC_MESSAGES" / "callwise.po"
    if not path.is_file():
        return gettext.NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
