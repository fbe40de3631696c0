"""The words on the screens in the language of whoever looks at them, through gettext.

Every sentence is written in English where it is used, inside `_` (or `plural` where a count decides its form), with
named places to fill in: `_("{ref} is back on the list.").format(ref=ref)`. An f-string inside `_` can be in no
catalogue. The catalogues are `locale/LANGUAGE/LC_MESSAGES/callwise.po`, compiled when they are first asked for; a
sentence that one of them lacks is shown in English.
"""

from __future__ import annotations

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

import streamlit as st
from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).with_name("locale")
SOURCE = "en"
CHOSEN = "language"
"""Where the session keeps the language that a person chose."""


def languages() -> tuple[str, ...]:
    """The languages there are, the one the sentences are written in first."""
    return (SOURCE, *sorted(path.parent.parent.name for path in FOLDER.glob("*/LC_MESSAGES/callwise.po")))


def locale() -> Locale:
    """The locale of the person at this screen: the language they chose, or the first of their browser's that is there.

    The browser's region stays where it fits the language, so that a date is written as at home.
    """
    asked = str(st.context.locale or SOURCE)
    chosen = st.session_state.get(CHOSEN)
    try:
        theirs = Locale.parse(asked, sep="-")
    except (ValueError, UnknownLocaleError):
        theirs = Locale(SOURCE)
    language = chosen if chosen in languages() else theirs.language
    if language not in languages():
        return Locale(SOURCE)
    return theirs if theirs.language == language else Locale(language)


def _(sentence: str) -> str:
    """`sentence` in the language of the person at this screen."""
    return catalogue(locale().language).gettext(sentence)


def plural(one: str, many: str, number: int) -> str:
    """The form that `number` asks for, of a sentence with two forms in English."""
    return catalogue(locale().language).ngettext(one, many, number)


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
