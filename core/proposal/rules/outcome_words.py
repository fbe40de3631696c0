"""The words in an outcome's column, and what each of them says about the call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.imports.column_mapping import normal, spelling_form
from core.proposal import vocabulary
from core.proposal.evidence import ColumnEvidence
from core.schema.yes_no import yes_or_no


class Result(StrEnum):
    """What a word says of a call; a row with a `REJECTED` one is not imported."""

    SALE = "a sale"
    REFUSAL = "a refusal"
    UNDECIDED = "no outcome yet"
    REJECTED = "rejected"


@dataclass(frozen=True)
class OutcomeWord:
    """A word in its most frequent spelling, the rows that have it in any, and what it `means`; None: nobody can tell.

    `missing`: it says that nothing is known, such as n/a.
    """

    text: str
    rows: int
    means: Result | None
    missing: bool = False


def outcome_words(found: ColumnEvidence) -> list[OutcomeWord]:
    """The column's words, the most frequent first; empty where they are too many to count."""
    if found.unlisted:
        return []
    both = bool(found.filled and found.yes and found.no and found.yes + found.no == found.filled)
    groups: dict[object, list[tuple[str, int]]] = {}
    for word, rows in found.common(len(found.words)):
        groups.setdefault(yes_or_no(word) if both else spelling_form(word), []).append((word, rows))
    words = [OutcomeWord(same[0][0], sum(rows for _, rows in same), _meaning(same[0][0])) for same in groups.values()]
    for word, rows in found.missing.items():
        words.append(OutcomeWord(word, rows, Result.UNDECIDED, missing=True))
    return sorted(words, key=lambda word: (-word.rows, word.text))


def _meaning(word: str) -> Result | None:
    form = normal(word)
    if form in vocabulary.POSITIVE:
        return Result.SALE
    if form in vocabulary.NEGATIVE:
        return Result.REFUSAL
    return Result.UNDECIDED if form in vocabulary.UNDECIDED else None


def two_sides(words: list[OutcomeWord]) -> tuple[OutcomeWord, OutcomeWord, bool] | None:
    """The word of a sale, the word of a refusal, and whether their meaning says so; None if there are not two words.

    Words that say that nothing is known do not count.
    """
    told = [word for word in words if not word.missing]
    if len(told) != 2:
        return None
    for sale, refusal in (told, reversed(told)):
        if sale.means is Result.SALE and refusal.means is Result.REFUSAL:
            return sale, refusal, True
    refusal, sale = told  # the frequent one comes first
    return sale, refusal, False


def same_word(words: list[OutcomeWord], text: str) -> OutcomeWord | None:
    """The one of `words` that `text` is, in any spelling, of yes and no, too; None if there is none."""
    form, meaning = spelling_form(text), yes_or_no(text)
    same = [word for word in words if spelling_form(word.text) == form]
    if not same and meaning:
        same = [word for word in words if yes_or_no(word.text) == meaning]
    return same[0] if len(same) == 1 else None
