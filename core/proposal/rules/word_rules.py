"""Words: yes and no, lists, free text, and columns that say nothing."""

from __future__ import annotations

from core.proposal import vocabulary
from core.proposal.evidence import ColumnEvidence
from core.proposal.rules.categories import categories
from core.proposal.rules.finding import Found, Habits, kept, unread
from core.schema.column import BLANK, LONGEST_WORD, OTHER
from core.sentences import Sentence

UNIQUE = 0.9
"""The share of different words from which a column of words says nothing of groups of people."""
_NOT_CHOSEN = frozenset({"select", "please select", "choose", "bitte wählen"})


def nothing(found: ColumnEvidence, _how: Habits) -> Found | None:
    """A column that is empty, or the same in every row."""
    if not found.filled and len(found.missing) <= 1:
        return kept(Sentence("It is empty in every row."), "empty in every row of the file")
    if not found.blank and found.different + len(found.missing) == 1:
        word = next(iter([*found.words, *found.missing]))
        return kept(Sentence("Every row has the same value, {word}.", word=repr(word)), "the same in every row")
    return None


def yes_no(found: ColumnEvidence, _how: Habits) -> Found | None:
    """A column of yes and no, in any spelling."""
    if not found.filled or found.yes + found.no != found.filled:
        return None
    if not (found.yes and found.no) and not (found.yes and found.blank):
        return None
    if (found.missing and len(found.words) <= 2) or (
        vocabulary.has(found.name, vocabulary.COUNTS) and found.numbers.numbers
    ):
        return None  # "unknown" beside yes and no is a word of its own
    why = Sentence("Its cells say yes ({yes} rows) or no ({no} rows).", yes=found.yes, no=found.no)
    return Found(why, values={"type": "yes_no"})


def free_text(found: ColumnEvidence, _how: Habits) -> Found | None:
    """Texts, and words that nearly nobody shares."""
    words = (found.spaces + found.filled) / max(found.filled, 1)
    mean = found.letters / max(found.filled, 1)
    named = vocabulary.has(found.name, vocabulary.TEXTS)
    if found.uniqueness > 0.5 and (words >= 4 or mean >= 40 or (named and words >= 2)):
        return kept(Sentence("It is free text of {words} words on average.", words=f"{words:.0f}"), "free text")
    if found.longest >= LONGEST_WORD:
        return kept(Sentence("Some of its cells are long texts."), "free text")
    if found.filled >= 20 and found.uniqueness >= UNIQUE and found.different > 20:
        why = Sentence(
            "Nearly every row has a word of its own ({number} of {rows}).", number=found.different, rows=found.filled
        )
        return kept(why, "nearly every row has another value")
    return None


def words(found: ColumnEvidence, _how: Habits) -> Found:
    """A list of words."""
    listed, is_open, why, rare = categories(found)
    said = Found(why, values={"type": "category", "categories": listed, **({"open": True} if is_open else {})})
    if rare:
        said.remarks.append(rare)
    if placeholder := [word for word in listed if word.casefold() in _NOT_CHOSEN]:
        said.remarks.append(
            Sentence("{word} looks like a form's own word for nothing chosen.", word=repr(placeholder[0]))
        )
    said.unfit = sum(found.words[word] for word in (BLANK, OTHER))
    unread(said)
    return said
