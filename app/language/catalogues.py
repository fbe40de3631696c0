"""Keeps the catalogues of other languages up to date with the code: `scripts/words [--check | --add LANGUAGE]`.

The same code always gives the same bytes: a catalogue has no times, no line numbers, and one order.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from app.language.extraction import Reading, places, read_sentences
from core.settings.group import ROOT

LOCALES = Path(__file__).with_name("locale")
DOMAIN = "callwise"
ALIKE = 0.8  # difflib's ratio from which a new sentence counts as an old one reworded

UNUSED = "is used nowhere"

_HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural}\\n"

"""


def template(reading: Reading) -> Catalog:
    """A catalogue of the sentences, without translations."""
    catalog = Catalog(domain=DOMAIN)
    for sentence in reading.sentences:
        forms = (sentence.singular, sentence.plural) if sentence.plural else sentence.singular
        catalog.add(forms, locations=[(sentence.file, 0)])
    return catalog


def catalogues(folder: Path) -> dict[str, Path]:
    """The catalogues in `folder`, by language."""
    return {path.parent.parent.name: path for path in sorted(folder.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))}


def read_catalogue(path: Path, language: str) -> Catalog:
    """The catalogue at `path`, or an empty one. Raises UnknownLocaleError."""
    if not path.is_file():
        return Catalog(locale=Locale.parse(language), domain=DOMAIN)
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=DOMAIN, abort_invalid=True)


def write(catalog: Catalog, path: Path) -> None:
    """Write the catalogue to `path`; equal content gives equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    header = _HEADER.format(language=catalog.locale_identifier or "", plural=catalog.plural_forms)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(header.encode())
        write_po(
            file, catalog, width=110, sort_by_file=True, omit_header=True, include_lineno=False, ignore_obsolete=True
        )
    part.replace(path)


def update(reading: Reading, folder: Path, languages: dict[str, Path]) -> None:
    """Write the template and all catalogues. A reworded sentence keeps its translation, marked as fuzzy."""
    source = template(reading)
    write(source, folder / f"{DOMAIN}.pot")
    for language, path in languages.items():
        catalog = read_catalogue(path, language)
        catalog.update(source, no_fuzzy_matching=True)
        for message in catalog:
            if message.id and not any(_forms(message)):
                _take_over(message, catalog)
        write(catalog, path)


def _take_over(message: Message, catalog: Catalog) -> None:
    """Give `message` the translation of the removed sentence that is most alike, if one is alike enough."""
    gone = {_one(old): old for old in catalog.obsolete.values() if len(_forms(old)) == len(_forms(message))}
    for like in get_close_matches(_one(message), gone, n=1, cutoff=ALIKE):
        message.string = gone[like].string
        message.flags.add("fuzzy")


def find_mistakes(reading: Reading, folder: Path) -> Iterator[str]:
    """The mistakes in the code's sentences and in the catalogues in `folder`, in words."""
    yield from reading.mistakes
    source = template(reading)
    for language, path in catalogues(folder).items():
        catalog = read_catalogue(path, language)
        for message in source:
            if message.id and message.id not in catalog:
                yield f"{language}: {_shown(message)} is missing"
        for message in catalog:
            if message.id:
                yield from (f"{language}: {_shown(message)} {what}" for what in _wrong(message, source))
        yield from (f"{language}: {_shown(message)} {UNUSED}" for message in catalog.obsolete.values())


def _wrong(message: Message, source: Catalog) -> Iterator[str]:
    if message.id not in source:
        yield UNUSED
        return
    if message.fuzzy:
        yield "was reworded: check its translation, and remove the mark 'fuzzy'"
    forms = _forms(message)
    if not all(forms):
        yield "is not translated"
        return
    originals = message.id if isinstance(message.id, tuple | list) else (message.id,)
    try:
        original = {name for text in originals for name in places(text)}
        translated = {name for text in forms if text for name in places(text)}
    except ValueError as error:
        yield f"has a brace too many in its translation: {error}"
        return
    if original != translated:
        yield f"has the places {sorted(original)}, its translation {sorted(translated)}"


def _one(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple | list) else message.id


def _forms(message: Message) -> tuple[str | None, ...]:
    return tuple(message.string) if isinstance(message.string, tuple | list) else (message.string,)


def _shown(message: Message) -> str:
    one = _one(message)
    return repr(one if len(one) < 80 else f"{one[:77]}…")


def main(arguments: list[str]) -> int:
    """Update the catalogues, or only check them. Returns 1 if a mistake is left."""
    parser = argparse.ArgumentParser(prog="scripts/words", description="Keeps the screens' catalogues up to date.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="change nothing, and fail if a catalogue is incomplete")
    mode.add_argument("--untold", action="store_true", help="list the texts that are not translated")
    mode.add_argument("--add", metavar="LANGUAGE", help="begin the catalogue of another language, such as pt")
    options = parser.parse_args(arguments)
    reading = read_sentences(ROOT)
    if options.untold:
        print("\n".join(reading.untranslated))
        return 0
    if not options.check:
        languages = catalogues(LOCALES)
        if options.add:
            try:
                language = Locale.parse(options.add).language
            except (ValueError, UnknownLocaleError) as error:
                parser.error(f"there is no language '{options.add}': {error}")
            languages.setdefault(language, LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po")
        update(reading, LOCALES, languages)
    problems = list(find_mistakes(reading, LOCALES))
    for problem in problems:
        print(problem, file=sys.stderr)
    print(
        f"{len(template(reading))} sentences in {', '.join(catalogues(LOCALES)) or 'no other language'}; "
        f"{len(reading.untranslated)} texts are not translated (scripts/words --untold)."
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
