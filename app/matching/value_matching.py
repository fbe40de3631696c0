"""Proposes which value of the schema a spelling in a file means, from the words alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from core.imports.column_mapping import cell, normal, unmistakable
from core.schema import Schema
from core.schema.column import Column
from core.sentences import Sentence
from core.values.numbers import NumberReading, take_apart

SAME_WORD = Sentence("the same word")
ALIKE = 0.8  # difflib's ratio (0 to 1) from which a word counts as a misspelling of another
_SAME = (
    frozenset({"yes", "y", "true", "t", "1", "ja", "j", "oui", "si", "sim", "x"}),
    frozenset({"no", "n", "false", "f", "0", "nein", "non", "nao"}),
    frozenset({"unknown", "n a", "na", "none", "null", "nan", "not known", "unbekannt", "missing", "unspecified"}),
)
"""Words that mean the same in many programs' exports."""


@dataclass(frozen=True)
class Spelling:
    """A spelling in the file, its number of rows in the sample, the value proposed for it ("" for none), and why."""

    text: str
    rows: int
    value: str
    why: str = ""


def spellings(words: Collection[str], found: Mapping[str, int]) -> list[Spelling]:
    """A proposal for each spelling of `found` (with its rows) that is not one of `words`, the most frequent first."""
    exact, forms = set(words), unmistakable(words)
    strange = sorted((text for text in found if text and text not in exact), key=lambda text: (-found[text], text))
    return [Spelling(text, found[text], *_meant(text, words, forms)) for text in strange]


def _meant(text: str, words: Collection[str], forms: Mapping[str, str]) -> tuple[str, str]:
    form = normal(text)
    if form in forms:
        return forms[form], SAME_WORD
    for same in _SAME:
        known = [word for word in words if normal(word) in same]
        if form in same and len(known) == 1:
            return known[0], Sentence("means the same")
    if _is_number(text):
        return "", ""
    begun = [
        word
        for short, word in forms.items()
        if min(len(short), len(form)) >= 3 and (short.startswith(form) or form.startswith(short))
    ]
    if len(begun) == 1:
        return begun[0], Sentence("the same word, cut short")
    ratios = {word: SequenceMatcher(None, short, form).ratio() for short, word in forms.items()}
    near = [word for word, ratio in ratios.items() if ratio >= ALIKE and ratio == max(ratios.values())]
    return (near[0], Sentence("nearly the same word")) if len(near) == 1 else ("", "")


def _is_number(text: str) -> bool:
    return take_apart(text) is not None


def share(column: Column, cells: Collection[str], reading: NumberReading | None = None) -> float:
    """The share of `cells` that fit the column's rule, as `reading` reads them; 0 where there are no cells."""
    return sum(fits(column, text, reading) for text in cells) / len(cells) if cells else 0.0


def fits(column: Column, text: str, reading: NumberReading | None = None) -> bool:
    """Whether `text` fits the column's rule."""
    try:
        column.parse(reading.plain(text) if reading else text)
    except ValueError:
        return False
    return True


def special_codes(schema: Schema, name: str, found: Mapping[str, int]) -> list[Spelling]:
    """The spellings in a number column that are not numbers, each with the special code whose meaning is nearest."""
    column = schema.in_files[name]
    meanings = {normal(words): str(code) for code, words in column.special.items()}
    proposals = []
    for text in sorted((t for t in found if t and not _is_number(t)), key=lambda t: (-found[t], t)):
        near = [code for words, code in meanings.items() if set(normal(text).split()) & set(words.split())]
        code, why = (near[0], Sentence("means the same")) if len(near) == 1 else ("", "")
        proposals.append(Spelling(text, found[text], code, why))
    return proposals


def count_cells(cells: Iterable[object], most: int) -> dict[str, int]:
    """How often each of the first `most` different cells occurs, as text."""
    counts: dict[str, int] = {}
    for raw in cells:
        text = cell(raw)
        if text in counts or len(counts) < most:
            counts[text] = counts.get(text, 0) + 1
    return counts
