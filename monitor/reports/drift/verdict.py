"""What a drift report found: the newest people beside others, column by column, and the verdict on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.oversight import report_words
from monitor.reports.drift.column_shapes import Shape
from monitor.reports.drift.economy_moved import IndicatorMove
from monitor.reports.drift.limits import DriftLimits


class Against(StrEnum):
    """Whom the newest people are compared with."""

    BEFORE = "before"
    IN_USE = "in use"
    TRAINING = "training"


@dataclass(frozen=True)
class ColumnDrift:
    """One column's distance by `method`, the limit that it was judged by, and the column's shape."""

    column: str
    method: str
    distance: float
    limit: float
    drifted: bool
    shape: Shape | None = None


@dataclass(frozen=True)
class Comparison:
    """The newest people beside `reference` others."""

    against: Against
    reference: int
    columns: tuple[ColumnDrift, ...]
    score: ColumnDrift
    new_words: Mapping[str, Mapping[str, float]]

    @property
    def drifted(self) -> list[str]:
        """Names of the columns that drifted."""
        return [column.column for column in self.columns if column.drifted]

    @property
    def is_bad(self) -> bool:
        """Whether this is drift: training is no fair comparison, because its people were chosen for a call."""
        return self.against is not Against.TRAINING and (self.score.drifted or bool(self.drifted))


@dataclass(frozen=True)
class DriftVerdict:
    """The verdict on a window. `first` and `last` are keys of people; `files` brought so many of them.

    `shown`: the comparison that decided. `others`: by the name of each other one, whether it was bad. `known`: a hash
    of the figures of the economy that filled what files left out.
    """

    version: str
    code_version: str
    window: int
    first: str
    last: str
    since: datetime
    until: datetime
    limits: DriftLimits
    shown: Comparison
    others: Mapping[Against, bool]
    economy: tuple[IndicatorMove, ...]
    known: str
    files: Sequence[tuple[str, int]]
    left_out: Sequence[str] = field(default=())

    @property
    def columns(self) -> tuple[ColumnDrift, ...]:
        """The columns of the comparison that decided."""
        return self.shown.columns

    @property
    def score(self) -> ColumnDrift:
        """The drift of the score in the comparison that decided."""
        return self.shown.score

    @property
    def drifted(self) -> list[str]:
        """Names of the columns and indicators that moved."""
        return [*self.shown.drifted, *(one.column for one in self.economy if one.moved)]

    @property
    def is_drift(self) -> bool:
        """Whether a comparison is bad, or the economy is out of what the champion has learnt."""
        return self.shown.is_bad or any(one.moved for one in self.economy)

    @property
    def sentence(self) -> str:
        """The verdict for people."""
        return report_words.words("drift", self.document())

    def document(self) -> dict[str, Any]:
        """The document for MongoDB."""
        shown = asdict(self.shown)
        return {
            "version": self.version,
            "code_version": self.code_version,
            "window": self.window,
            "first": self.first,
            "last": self.last,
            "since": self.since,
            "until": self.until,
            "limits": asdict(self.limits),
            "against": self.shown.against.value,
            "reference": self.shown.reference,
            "columns": shown["columns"],
            "score": shown["score"],
            # In lists, because a word may hold dots.
            "new_words": [
                {"column": column, "word": word, "share": share}
                for column, words in self.shown.new_words.items()
                for word, share in words.items()
            ],
            "others": [{"against": other.value, "drift": bad} for other, bad in self.others.items()],
            "economy": [asdict(one) for one in self.economy],
            "known": self.known,
            "files": [{"file": file, "people": people} for file, people in self.files],
            "left_out": list(self.left_out),
            "drifted": self.drifted,
            "drift": self.is_drift,
        }
