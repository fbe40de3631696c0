"""What the words of an outcome's column mean: as they tell, or as people say."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import InputError
from core.proposal.evidence import ColumnEvidence
from core.proposal.rules.outcome_words import Result, outcome_words, same_word, two_sides
from core.sentences import Sentence

SHOWN, MOST = 12, 40  # words in a message, and words that people can be asked about


class WordsUnknownError(InputError):
    """The outcome's column has words whose meaning only people know."""


def meanings(found: ColumnEvidence) -> dict[str, Result]:
    """What each word of the column means, as far as two of them, or the words themselves, tell.

    Raises InputError for a column that cannot be the outcome, WordsUnknownError where people have to say it.
    """
    words = outcome_words(found)
    told = sum(not word.missing for word in words)
    if not 2 <= told <= MOST:
        raise InputError(
            Sentence(
                "The column '{name}' cannot be the outcome: it has {number} different values, not two ({shown})",
                name=found.name, number=found.different, shown=shown(found),
            ),
            next=Sentence("Choose the column that says what came of the calls: sales and refusals."),
        )  # fmt: skip
    if both := two_sides(words):
        sale, refusal, _ = both
        rest = {word.text: Result.UNDECIDED for word in words if word.missing}
        return {sale.text: Result.SALE, refusal.text: Result.REFUSAL, **rest}
    known = {word.text: word.means for word in words if word.means is not None}
    if len(known) < len(words) or not {Result.SALE, Result.REFUSAL} <= set(known.values()):
        raise WordsUnknownError(
            Sentence(
                "The column '{name}' has {number} different words, and only you know which are a sale ({shown})",
                name=found.name, number=told or found.different, shown=shown(found),
            ),
            next=Sentence(
                "Say it: --sale WORD and --refusal WORD, each as often as needed, and --undecided WORD for a call "
                "without an outcome yet. Rows with any other word are rejected."
            ),
        )  # fmt: skip
    return known


def explained(found: ColumnEvidence, said: Mapping[str, Result]) -> dict[str, Result]:
    """What each word means where people said so; rows with a word that they did not name are rejected.

    Raises InputError for a word that the column lacks, or that would mean two things.
    """
    words, meant = outcome_words(found), dict[str, Result]()
    for text, result in said.items():
        word = same_word(words, text)
        if word is None:
            raise InputError(
                Sentence("The column '{name}' has no word '{word}'", name=found.name, word=text),
                next=Sentence("Its words are: {words}.", words=shown(found)),
            )
        if meant.setdefault(word.text, result) is not result:
            raise InputError(Sentence("The word '{word}' cannot mean two things", word=text))
    if not {Result.SALE, Result.REFUSAL} <= set(meant.values()):
        raise InputError(
            Sentence("The words of the column '{name}' are not both a sale and a refusal", name=found.name),
            next=Sentence("A model learns from both: say which words are a sale, and which are a refusal."),
        )
    usual = {True: Result.UNDECIDED, False: Result.REJECTED}
    return {word.text: meant.get(word.text, usual[word.missing]) for word in words}


def shown(found: ColumnEvidence) -> str:
    """The common words of a column, each with its rows."""
    words = sorted({**found.words, **found.missing}.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{word[:30]}: {rows}" for word, rows in words[:SHOWN]) + (", …" if len(words) > SHOWN else "")
