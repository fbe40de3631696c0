"""The prediction log's record: what was asked, what was answered, and by which model.

Written by the scoring service alone; read by monitoring, training and the screens. A record's `_id` is
`{request}:{row}`, so writing it twice is writing it once.
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
    """One scored row. `score` is the route's, the one used; `shadow_score` the other model's, where there is one.

    `level` and `shadow_level` are the shifts on the log-odds that the two hold (`core.models.level`); taking them off
    again gives what the model itself said. `prospect` is "" where the request named none. `reasons` are as
    `core.scoring.reasons.documents` has them, None where none were asked for.
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
        """As it stands in MongoDB."""
        document = dict(vars(self))
        document["_id"] = document.pop("id")
        return document

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """The record in a document that `document()` made, now or before some of the fields were added.

        What a later version added to it is left out.
        """
        keys = {field.name: "_id" if field.name == "id" else field.name for field in fields(cls)}
        added = {field.name for field in fields(cls) if field.default is not MISSING}
        return cls(**{name: document[key] for name, key in keys.items() if key in document or name not in added})


def same_question(one: Document, other: Document) -> bool:
    """Whether two records of one key asked for the same: the same prospect with the same features."""
    return bool(one["prospect"] == other["prospect"] and one["features"] == other["features"])


def same_answer(one: Document, other: Document) -> bool:
    """Whether two records of one key asked for the same and were answered the same, whenever that was."""
    return same_question(one, other) and all(one[key] == other[key] for key in ("score", "version", "route"))
