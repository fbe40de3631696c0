"""Columns that give the outcome away: known only after the call, by their name or because they predict too well."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from core.imports.column_mapping import cell
from core.proposal import vocabulary
from core.proposal.evidence import moment_of, number_of
from core.proposal.known_calls import KnownCalls
from core.proposal.meaning import ColumnProposal
from core.schema.column import ColumnType, Role
from core.schema.dates import days_before
from core.sentences import Sentence
from core.values.dates import DateReading
from core.values.numbers import NumberReading

TOO_GOOD, SUSPICIOUS = 0.9, 0.8
"""The AUC of one column alone from which it cannot have been known before the call, and from which one should look.
The best single column of a real list that was known before reaches 0.77 (the interest rate in the published file)."""
FEWEST = 20  # sales, and refusals, for a figure
_FOLDS, _BINS, _PRIOR = 5, 40, 10.0
_NOTE = "known only after the call"


def named_after(name: str) -> bool:
    """Whether the column's name is that of something known only after the call."""
    if vocabulary.has(name, vocabulary.BEFORE):
        return False
    return vocabulary.is_one(name, vocabulary.AFTER) or vocabulary.has(name, vocabulary.AFTER_PHRASES)


def by_name(proposal: ColumnProposal) -> ColumnProposal | None:
    """The proposal as one of a column that is known after the call, if its name says so."""
    if not named_after(proposal.name) or proposal.column.role is Role.CONTACT:
        return None
    return _after(proposal, Sentence("Its name is that of something known only after the call."))


def by_figures(proposal: ColumnProposal, calls: KnownCalls) -> ColumnProposal:
    """The proposal, with role `after_call` or a remark if the column alone predicts the outcome too well."""
    column = proposal.column
    if not column.is_feature and not (column.role is Role.PEOPLE_ONLY and proposal.evidence.different > 1):
        return proposal
    if filled := _only_called(proposal.name, calls):
        return _after(proposal, filled) if column.is_feature else proposal
    if not column.is_feature:
        return proposal
    figure = alone(proposal, calls)
    if figure is None or figure < SUSPICIOUS:
        return proposal
    told = Sentence("This column alone predicts the outcome with an AUC of {auc}.", auc=f"{figure:.2f}")
    if figure >= TOO_GOOD:
        return _after(proposal, told)
    doubt = Sentence(
        "This column alone predicts the outcome with an AUC of {auc}: is it known before the call?", auc=f"{figure:.2f}"
    )
    return proposal.remarked(doubt)


def alone(proposal: ColumnProposal, calls: KnownCalls) -> float | None:
    """The AUC of the column alone, 0 to 1, a blank being a value; None with too few outcomes.

    The rate of sales of a value, or of a range of numbers, comes from other calls than the one it is asked for.
    """
    sold = np.array(calls.sold, dtype=bool)
    if min(sold.sum(), len(sold) - sold.sum()) < FEWEST:
        return None
    groups = _groups(proposal, [row.get(proposal.name) for row in calls.calls])
    scores = np.empty(len(sold))
    folds = np.random.default_rng(0).permutation(len(sold)) % _FOLDS
    for fold in range(_FOLDS):
        own, others = folds == fold, folds != fold
        number = np.bincount(groups[others], minlength=groups.max() + 1)
        sales = np.bincount(groups[others], weights=sold[others], minlength=groups.max() + 1)
        rates = (sales + _PRIOR * sold[others].mean()) / (number + _PRIOR)
        scores[own] = rates[groups[own]]
    return auc(scores, sold)


def auc(scores: npt.NDArray[np.float64], sold: npt.NDArray[np.bool_]) -> float:
    """The area under the ROC curve; ties count half."""
    _, place, number = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(number) - (number - 1) / 2)[place]
    sales, rest = int(sold.sum()), int((~sold).sum())
    return float((ranks[sold].sum() - sales * (sales + 1) / 2) / (sales * rest))


def _groups(proposal: ColumnProposal, cells: list[Any]) -> npt.NDArray[np.int64]:
    """A number for each cell: of its word, or of the range of numbers that it is in; blanks are one group."""
    column = proposal.column
    if column.is_category:
        _, words = np.unique([cell(raw).casefold() for raw in cells], return_inverse=True)
        return words.astype(np.int64)
    if column.type is ColumnType.DATE:
        reading = DateReading(column.day_first)
        values = [_days(moment_of(raw, reading)) for raw in cells]
    else:
        number = NumberReading(column.decimal or ".", "." if column.decimal == "," else ",")
        values = [np.nan if (value := number_of(raw, number)) is None else value for raw in cells]
    array = np.array(values, dtype=np.float64)
    known = array[~np.isnan(array)]
    if not len(known):
        return np.zeros(len(array), dtype=np.int64)
    edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)))
    return np.where(np.isnan(array), 0, np.searchsorted(edges, array, side="right") + 1).astype(np.int64)


def _days(moment: str) -> float:
    if not moment:
        return float("nan")
    if len(moment) > 10 and datetime.fromisoformat(moment).tzinfo is None:
        moment += "+00:00"
    return days_before(moment, datetime(2000, 1, 1, tzinfo=UTC))


def _only_called(name: str, calls: KnownCalls) -> Sentence | None:
    """Why a column is filled in after the call: people without an outcome have none of it."""
    if min(calls.called, calls.uncalled) < 50:
        return None
    called, rest = calls.filled_called[name] / calls.called, calls.filled_open[name] / calls.uncalled
    if called < 0.5 or rest > 0.01:
        return None
    return Sentence("It is filled in {called} of the rows with an outcome, and in {open} of the others.",
                    called=f"{called:.0%}", open=f"{rest:.0%}")  # fmt: skip


def _after(proposal: ColumnProposal, why: Sentence) -> ColumnProposal:
    changes: dict[str, Any] = {"role": "after_call", "note": _NOTE}
    return proposal.remarked(why, **changes)
