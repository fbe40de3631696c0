"""The prediction log's record: a row, its answer, and the model that gave it.

Only the scoring service writes it. A record's `_id` is `{request}:{row}`, so repeating a write is safe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from typing import Self

from core.schema.column import Value
from core.stores.mongo import Document


@dataclass(frozen=True)
class Prediction:
    """One scored row. `score` is used; `shadow_score` is the other model's, if there is one.

    `level` and `shadow_level`: the shifts on the log-odds in these scores (`core.models.level.unlevelled` removes
    them). `prospect` is "" where the request named none. `reasons`: as `core.scoring.reasons.to_documents` makes
    them, or None.
    """

    id: str
    request: str
    prospect: str
    features: Mapping[str, Value]
    score: float
    version: str
    route: str
    at: datetime
    shadow_score: float | None = None
    shadow_version: str | None = None
    level: float = 0.0
    shadow_level: float | None = None
    reasons: Sequence[Mapping[str, str | float]] | None = None

    def document(self) -> Document:
        """The record as MongoDB stores it."""
        document = dict(vars(self))
        document["_id"] = document.pop("id")
        return document

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """The record in a document: a missing newer field gets its default, an unknown field is left out."""
        keys = {field.name: "_id" if field.name == "id" else field.name for field in fields(cls)}
        added = {field.name for field in fields(cls) if field.default is not MISSING}
        return cls(**{name: document[key] for name, key in keys.items() if key in document or name not in added})


def same_question(one: Document, other: Document) -> bool:
    """Whether two records of one key have the same prospect and features."""
    return bool(one["prospect"] == other["prospect"] and one["features"] == other["features"])


def same_answer(one: Document, other: Document) -> bool:
    """Whether two records of one key have the same question and answer, at any time."""
    return same_question(one, other) and all(one[key] == other[key] for key in ("score", "version", "route"))
