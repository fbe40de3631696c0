"""The prediction log's record: a row, its answer, and the model that gave it.

Only the scoring service writes it. A record's `_id` is `{request}:{row}`, so repeating a write is safe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from typing import Any, Self, TypedDict

from core.schema.column import Value
from core.stores.mongo import Document


class Mixed(TypedDict):
    """The two versions of a mixture: the refresh `version` with its `weight`, and the `champion`; each one's score.

    The scores are at their versions' levels.
    """

    version: str
    weight: float
    score: float
    level: float
    champion: str
    champion_score: float
    champion_level: float


@dataclass(frozen=True)
class Prediction:
    """One scored row. `score` is used; `shadow_score` is the other model's, if there is one.

    `level` and `shadow_level`: the shifts on the log-odds in these scores (`core.models.level.unlevelled` removes
    them). `prospect` is "" where the request named none. `reasons`: as `core.scoring.reasons.to_documents` makes
    them, or None.

    `mixed`: which versions spoke in the score on the champion's route, while a refresh is mixed with the champion: as
    `Mixed` makes it, or None. The score is then the mixture's, under the champion's `version`.
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
    mixed: Mapping[str, Any] | None = None

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


def own_score(record: Mapping[str, Any], version: str) -> tuple[float, float] | None:
    """The score that `version` itself gave in a record of the log, and its level in it; None where it gave none.

    The record's `score` may be that of a mixture. Records of earlier releases have no levels.
    """
    if mixed := record.get("mixed"):
        if mixed["version"] == version:
            return _number(mixed["score"]), float(mixed["level"])
        if mixed["champion"] == version:
            return _number(mixed["champion_score"]), float(mixed["champion_level"])
    return used_score(record, version)


def used_score(record: Mapping[str, Any], version: str) -> tuple[float, float] | None:
    """The score as used (or as it would have been) on the route of `version`, and its level; None where there is none.

    A refresh shares the champion's route: the score in which it had its say is the mixture's.
    """
    mixed = record.get("mixed")
    on_route = {version, mixed["champion"]} if mixed and mixed["version"] == version else {version}
    for prefix in ("", "shadow_"):
        if record.get(f"{prefix}version") in on_route:
            return _number(record[f"{prefix}score"]), float(record.get(f"{prefix}level") or 0.0)
    return None


def _number(stored: float | None) -> float:
    """A stored score; what was not a number is stored as None (`core.stores.embedded_mongo`)."""
    return float("nan") if stored is None else float(stored)


SCORES_FIELDS = dict.fromkeys(
    ["version", "shadow_version", "score", "shadow_score", "level", "shadow_level", "mixed"], 1
)
"""The fields of a record that `own_score` and `used_score` read."""


def scored_by(version: str) -> dict[str, Any]:
    """The query of records in which `version` has a score of its own."""
    return {"$or": [{name: version} for name in ("version", "shadow_version", "mixed.version")]}
