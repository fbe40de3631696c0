"""The words of a column: a closed list where they are few and frequent, an open one where there is a long tail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from core.proposal.evidence import ColumnEvidence
from core.schema.column import BLANK, LONGEST_WORD, OTHER
from core.sentences import Sentence

CLOSED, LISTED = 30, 50
FREQUENT = 5
"""Rows from which a word of a short list is no accident; also the fewest rows of a word that an open list names."""
MANY_ROWS = 1_000
"""Rows from which a short list of words is complete, even if a word of it is rare."""


def categories(found: ColumnEvidence) -> tuple[list[str], bool, Sentence, Sentence | None]:
    """The words to list, whether others may come, why, and a remark on spellings that are read as one word."""
    spelt = spellings(found)
    counts = {word: spelt[word][0] for word in _usable(spelt)}
    remark = _variants(spelt)
    few = 0 < len(counts) <= CLOSED and not found.unlisted
    enough = all(times >= FREQUENT for times in counts.values()) or (len(counts) <= 12 and found.rows >= MANY_ROWS)
    if few and enough:
        why = Sentence("It has {number} different words, and each is in at least {least} rows.",
                       number=len(counts), least=min(counts.values(), default=0))  # fmt: skip
        return sorted(counts), False, why, remark
    least = max(FREQUENT, found.filled // 1_000)
    listed = [word for word, times in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if times >= least][
        :LISTED
    ]
    number = found.different
    why = Sentence("It has {number} different words, some of them rare, so others may come.", number=number)
    return sorted(listed), True, why, remark


def all_words(found: ColumnEvidence) -> list[str]:
    """All its words, the rare ones, too."""
    return sorted(_usable(spellings(found)))


def _usable(words: Iterable[str]) -> list[str]:
    return [word for word in words if word not in (BLANK, OTHER) and len(word) <= LONGEST_WORD]


def spellings(found: ColumnEvidence) -> dict[str, tuple[int, list[str]]]:
    """Each word in its most frequent spelling, with its rows and the other spellings that differ by capitals alone."""
    words = Counter(found.words) + Counter(found.missing)
    groups: dict[str, list[str]] = {}
    for word in sorted(words, key=lambda word: (-words[word], word)):
        groups.setdefault(word.casefold(), []).append(word)
    return {same[0]: (sum(words[word] for word in same), same[1:]) for same in groups.values()}


def _variants(spelt: dict[str, tuple[int, list[str]]]) -> Sentence | None:
    several = [(word, others) for word, (_, others) in spelt.items() if others]
    if not several:
        return None
    word, others = several[0]
    return Sentence("{others} is read as {word}.", others=", ".join(map(repr, others[:3])), word=repr(word))
