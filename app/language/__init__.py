"""Translates the screens into the language of the person at the screen, with gettext.

The code has every sentence in English where it is used, inside `_` (or `plural` where a count decides its form), with
named places to fill in: `_("{ref} is back on the list.").format(ref=ref)`. Never put an f-string inside `_`: no
catalogue can have it. The catalogues are `locale/LANGUAGE/LC_MESSAGES/callwise.po`, compiled at first use and kept up
to date by `scripts/words`. A sentence that a catalogue lacks appears in English.

A sentence outside a screen (a constant of a module, an error of the core) is a `core.sentences.Sentence`; `translate`
translates it where it is drawn.
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
CHOSEN = "language"  # the session's key of the chosen language
COOKIE = "callwise_language"  # the browser's


def languages() -> tuple[str, ...]:
    """The available languages, first the one of the code."""
    return _languages(FOLDER)


@cache
def _languages(folder: Path) -> tuple[str, ...]:
    return (SOURCE, *sorted(path.parent.parent.name for path in folder.glob("*/LC_MESSAGES/callwise.po")))


def locale() -> Locale:
    """The locale of this screen: the chosen language, or the browser's if it is available, or English.

    The browser's region applies where it fits the language, so that dates look as at home.
    """
    chosen = st.session_state.get(CHOSEN) or st.context.cookies.get(COOKIE)
    return _locale(st.context.locale or SOURCE, chosen, languages())


@lru_cache(maxsize=256)  # every sentence and number calls this; bounded, because browsers may send anything
def _locale(tag: str, chosen: str | None, available: tuple[str, ...]) -> Locale:
    try:
        browser = Locale.parse(tag, sep="-")
    except (ValueError, UnknownLocaleError):
        browser = Locale(SOURCE)
    language = chosen if chosen in available else browser.language
    if language not in available:
        return Locale(SOURCE)
    return browser if browser.language == language else Locale.parse(language)


def _(sentence: str) -> str:
    """`sentence` in the language of this screen."""
    return catalogue(locale().language).gettext(sentence)


def plural(one: str, many: str, number: int) -> str:
    """The form for `number` of a sentence, which has two forms in English."""
    return catalogue(locale().language).ngettext(one, many, number)


def translate(text: str) -> str:
    """`text` in the language of this screen, with its values, if it is a `Sentence`; any other text unchanged."""
    return translate_into(locale().language, text) if isinstance(text, Sentence) else text


def translate_into(language: str, text: str) -> str:
    """`text` in `language`, with its values, if it is a `Sentence`; any other text unchanged."""
    if not isinstance(text, Sentence):
        return text
    words = catalogue(language)
    if text.number is None:
        template = words.gettext(text.template)
    else:
        template = words.ngettext(text.template, text.many or text.template, text.number)
    values = {
        name: translate_into(language, value) if isinstance(value, str) else value
        for name, value in text.values.items()
    }
    if text.number is not None:
        values["number"] = text.number
    return template.format(**values) if values else template


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The translations of `language`; without a catalogue sentences stay English."""
    path = FOLDER / language / "LC_MESSAGES" / "callwise.po"
    if not path.is_file():
        return gettext.NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
