"""Reads a glossary, and finds its terms and the words that it rules out in code, screens and documents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("core", "api", "app", "serving", "trainer", "monitor", "bootstrap", "replay", "bench", "tests")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
MSGID = re.compile(r'^msgid(?:_plural)? "')


@dataclass(frozen=True)
class Term:
    """A term of the glossary and the words that are not used for it."""

    name: str
    synonyms: tuple[str, ...]


def read(glossary: str) -> list[Term]:
    """The terms of all tables: rows of the cells term, definition, not, German. Raises ValueError for another row."""
    terms = []
    for line in glossary.splitlines():
        if not line.startswith("|") or line.startswith(("| term |", "|---")):
            continue
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if len(cells) != 4:
            raise ValueError(f"a row of the glossary has {len(cells)} cells and not 4: {line}")
        name, _, ruled_out, _ = cells
        terms.append(Term(name, tuple(re.findall(r"`([^`]+)`", ruled_out))))
    return terms


def sources(root: Path) -> dict[str, str]:
    """What is searched below `root`, by path: Python sources, documents, and the English sentences of the catalogues.

    The glossary itself is left out. A file keeps its line numbers.
    """
    paths = [path for package in PACKAGES for path in (root / package).rglob("*.py")]
    paths += [*(root / "docs").rglob("*.md"), *root.glob("*.md"), *(root / "data").glob("*.md")]
    found = {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in sorted(paths)}
    found.pop("docs/glossary.md", None)
    # These hold the words of other programs' files, by which a column is recognised.
    own = ("core/proposal/vocabulary.py", "tests/unit/core/proposal/")
    found = {path: text for path, text in found.items() if not path.startswith(own)}
    for path in sorted((root / "app" / "language" / "locale").rglob("*.po")):
        found[str(path.relative_to(root))] = _english(path.read_text(encoding="utf-8"))
    return found


def _english(catalogue: str) -> str:
    """The sentences a catalogue translates; an empty line for every other one."""
    kept, inside = [], False
    for line in catalogue.splitlines():
        inside = bool(MSGID.match(line)) or (inside and line.startswith('"'))
        kept.append(line if inside else "")
    return "\n".join(kept)


def unused(terms: Iterable[Term], texts: Mapping[str, str]) -> list[str]:
    """Names of the terms that stand in no text, singular or plural."""
    words = [_words(text) for text in texts.values()]
    patterns = {term.name: _pattern(term.name, plural=True) for term in terms}
    return [name for name, pattern in patterns.items() if not any(pattern.search(text) for text in words)]


def ruled_out(terms: Iterable[Term], texts: Mapping[str, str]) -> Iterator[str]:
    """Each use of a synonym, as `file:line: says 'synonym' where the glossary says 'term'`."""
    synonyms = [(term.name, synonym, _pattern(synonym)) for term in terms for synonym in term.synonyms]
    for file, text in texts.items():
        words = _words(text)
        for name, synonym, pattern in synonyms:
            if synonym.split()[0].split("-")[0] not in words:  # far quicker than the pattern, and mostly enough
                continue
            for match in pattern.finditer(words):
                line = words.count("\n", 0, match.start()) + 1
                yield f"{file}:{line}: says '{synonym}' where the glossary says '{name}'"


def _words(text: str) -> str:
    """The text in small letters, its identifiers taken apart: `water_boiler` and `WaterBoiler` are `water boiler`."""
    return CAMEL.sub(" ", text).replace("_", " ").lower()


def _pattern(words: str, *, plural: bool = False) -> re.Pattern[str]:
    """Whole words; between two may be a hyphen, or a line break with the mark of a comment or a quote."""
    parts = [re.escape(part) for part in re.split(r"[ -]", words.lower())]
    ending = "(?:e?s)?" if plural else ""
    return re.compile(r"(?<![a-z0-9])" + r"(?:-|[\s#>\"*]+)".join(parts) + ending + r"(?![A-Za-z0-9])", re.IGNORECASE)
