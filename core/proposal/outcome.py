"""The column that says what came of the calls: by its name, and by having two values or words that people explained."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from core.imports.column_mapping import cell, normal, spelling_form
from core.proposal import naming, vocabulary
from core.proposal.choices.results import MOST, explained, meanings, shown
from core.proposal.evidence import ColumnEvidence, Seen
from core.proposal.rules.outcome_words import OutcomeWord, Result, outcome_words, two_sides
from core.schema.outcome import Outcome
from core.sentences import Sentence

CERTAIN, NEAR = 2.0, 0.75
"""The least score of a column that is taken without asking, and the distance that it needs to the next one."""


class OutcomeUnknownError(InputError):
    """No column, or more than one, can be the outcome; `candidates` are those that could be, the likeliest first."""

    def __init__(self, rule: str, *, candidates: Sequence[str] = (), kept: str = "", next: str = "") -> None:
        super().__init__(rule, kept=kept, next=next)
        self.candidates = list(candidates)


@dataclass(frozen=True)
class OutcomeProposal:
    """The outcome, with what it rests on; `calls` rows have one, `sales` of them the positive one.

    `unfit`: rows with a word that is neither a sale nor a refusal nor no outcome yet.
    """

    outcome: Outcome
    why: Sentence
    rows: int
    calls: int
    sales: int
    remarks: tuple[Sentence, ...] = ()
    unfit: int = 0


def find(seen: Seen) -> OutcomeProposal:
    """The outcome. Raises OutcomeUnknownError where it has to be asked for."""
    scored = {name: score for name, found in seen.columns.items() if (score := _score(found)) > 0}
    last = list(seen.columns)[-1]
    for name in scored:
        scored[name] += 0.25 * (name == last)
    ranked = sorted(scored, key=lambda name: -scored[name])
    if not ranked:
        raise _none_of_two(seen)
    best = ranked[0]
    alone = len(ranked) == 1 or scored[best] - scored[ranked[1]] >= NEAR
    if scored[best] < CERTAIN or not alone:
        near = [name for name in ranked if scored[best] - scored[name] < NEAR]
        listed = ", ".join(f"'{name}' ({shown(seen.columns[name])})" for name in near)
        raise OutcomeUnknownError(
            Sentence("The column with what came of the call is not clear; it could be {listed}", listed=listed),
            candidates=near,
            next=Sentence("Name it: --outcome COLUMN."),
        )
    said = meanings(seen.columns[best])
    return propose(seen, best, said, Sentence("Its name says so, and it has two values."))


def _none_of_two(seen: Seen) -> OutcomeUnknownError:
    """The error where no column has two values; those of a few words may be called as an outcome is."""
    few = [name for name, found in seen.columns.items() if 2 < len(outcome_words(found)) <= MOST]
    named = [name for name in few if _is_named(name) and not vocabulary.has(name, vocabulary.BEFORE)]
    how = Sentence(
        "Name the column: --outcome COLUMN. If it has more than two words, say what they mean: --sale WORD, "
        "--refusal WORD."
    )
    if not named:
        return OutcomeUnknownError(Sentence("No column has two values, as what came of a call does"), next=how)
    listed = ", ".join(f"'{name}' ({shown(seen.columns[name])})" for name in named)
    rule = Sentence("The column with what came of the call is not clear; it could be {listed}", listed=listed)
    return OutcomeUnknownError(rule, candidates=named, next=how)


def chosen(seen: Seen, name: str, said: Mapping[str, Result] | None = None) -> OutcomeProposal:
    """The outcome where somebody named its column, and where it has more than two words, what they mean (`said`).

    Raises InputError where it cannot be one, and WordsUnknownError where its words have to be explained.
    """
    found = seen.columns.get(name)
    if found is None:
        raise unknown_column(seen, name)
    why = Sentence("It was chosen.")
    return propose(seen, name, explained(found, said), why, ()) if said else propose(seen, name, meanings(found), why)


def unknown_column(seen: Seen, name: str) -> InputError:
    """The error of a column that the file does not have."""
    return InputError(
        Sentence("{file} has no column '{name}'", file=seen.file.path.name, name=name),
        next=Sentence("Its columns are: {columns}.", columns=", ".join(seen.columns)),
    )


def propose(
    seen: Seen, name: str, said: Mapping[str, Result], why: Sentence, guessed: Sequence[Sentence] | None = None
) -> OutcomeProposal:
    """The outcome in the column `name`, whose words mean what is `said`; `guessed` says which of them are a guess."""
    words = outcome_words(seen.columns[name])
    rows = {result: sum(word.rows for word in words if said[word.text] is result) for result in Result}
    sale, refusal, undecided = (
        tuple(word.text for word in words if said[word.text] is result)
        for result in (Result.SALE, Result.REFUSAL, Result.UNDECIDED)
    )
    outcome = Outcome(column=name, positive=sale, negative=refusal, label=naming.label(name), undecided=undecided)
    guess = _guessed(words) if guessed is None else guessed
    remarks = (*guess, *_counted(rows))
    calls = rows[Result.SALE] + rows[Result.REFUSAL]
    return OutcomeProposal(outcome, why, seen.rows, calls, rows[Result.SALE], remarks, rows[Result.REJECTED])


def _guessed(words: list[OutcomeWord]) -> list[Sentence]:
    """Which words are taken as a sale, and why."""
    both = two_sides(words)
    if both is None:
        sales = ", ".join(repr(word.text) for word in words if word.means is Result.SALE)
        return [Sentence("A sale is, by its meaning: {words}. Please check.", words=sales)]
    sale = repr(both[0].text)
    if both[2]:
        return [Sentence("{word} is a sale, by its meaning.", word=sale)]
    return [Sentence("{word} is taken as a sale, because it is the rarer value. Please check.", word=sale)]


def _counted(rows: Mapping[Result, int]) -> list[Sentence]:
    told = []
    if number := rows[Result.UNDECIDED]:
        told.append(
            Sentence("1 row has a word that means no outcome yet.",
                     many="{number} rows have a word that means no outcome yet.", number=number)
        )  # fmt: skip
    if number := rows[Result.REJECTED]:
        told.append(
            Sentence("1 row has another value and will be rejected.",
                     many="{number} rows have another value and will be rejected.", number=number)
        )  # fmt: skip
    return told


def _score(found: ColumnEvidence) -> float:
    """How much a column looks like the outcome: 0 for one that cannot be it."""
    both = two_sides(outcome_words(found))
    if both is None:
        return 0.0
    score = 0.5 + 0.5 * both[2]
    if vocabulary.has(found.name, vocabulary.BEFORE):
        return 0.0 if found.missing else score
    if normal(found.name) in vocabulary.OUTCOMES:
        return score + 2.0
    named = _is_named(found.name)
    return 0.0 if found.missing and not named else score + 1.25 * named


def _is_named(name: str) -> bool:
    """Whether a word that names an outcome stands in the column's name."""
    return vocabulary.has(name, vocabulary.OUTCOMES - {"y", "class", "label", "target", "sale", "response"})


def reader(outcome: Outcome) -> Callable[[Any], bool | None]:
    """Reads a cell as an import of this file does: capitals do not count. The function raises ValueError."""
    known = {spelling_form(word): word for word in outcome.words}

    def read(raw: Any) -> bool | None:
        text = cell(raw)
        return outcome.parse(text if text in outcome.words else known.get(spelling_form(text), text))

    return read
