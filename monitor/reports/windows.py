"""What the reports look at: windows of a fixed number of the newest predictions, and of the newest outcomes.

Fixed, because a drift verdict depends on the sizes compared. A prospect counts once, with its newest prediction: a
list that is ranked again must not weigh more than people who came in once, and the same person twice is no new
evidence. Bulk rankings and single calls count alike. Only scores of the version in question are taken, whether it was
the one used or ran in the other's shadow.

Predictions are taken as the model made them, without the level they were used at (`core.models.level`): they are
compared with its training data, and a level that follows the outcomes is no drift. Outcomes are held against the scores
as used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pymongo import DESCENDING

from core.models.level import raw
from core.schema.column import Value
from core.scoring.said_before import predictions_before
from core.stores.mongo import Db, Document, reachable

NEWEST = [("at", DESCENDING), ("_id", DESCENDING)]  # the key decides between predictions of one request


@dataclass(frozen=True)
class Scored:
    """A row that the version in question scored; `id` is its key in the prediction log, `score` the model's own."""

    id: str
    prospect: str
    at: datetime
    features: Mapping[str, Value]
    score: float


@dataclass(frozen=True)
class Called:
    """What came of a call, and the score that was given before it; `level` is the shift that the score holds."""

    outcome: str
    at: datetime
    positive: bool
    score: float
    level: float = 0.0


def predictions(db: Db, version: str, size: int) -> list[Scored]:
    """The newest prediction by `version` of each of the `size` prospects predicted last, the newest first.

    Shorter where there are fewer. Raises Unavailable.
    """
    query = {"$or": [{"version": version}, {"shadow_version": version}]}
    take = 2 * size
    while True:
        with reachable():
            found = list(db.predictions.find(query).sort(NEWEST).limit(take))
        rows: dict[str, Scored] = {}
        for record in found:
            rows.setdefault(record["prospect"], _scored(record, version))
        if len(rows) >= size or len(found) < take:
            return list(rows.values())[:size]
        take *= 4


def outcomes(db: Db, version: str, size: int, *, since: datetime | None = None) -> list[Called]:
    """The `size` newest outcomes whose last prediction before the call has a score by `version`, the newest first.

    Shorter where there are fewer. `since`, where it is known, is a moment before which `version` scored nobody: it
    saves reading what came earlier. Raises Unavailable.
    """
    if since is None:
        with reachable():
            first = db.predictions.find_one(sort=[("at", 1)])
        if first is None:
            return []
        since = first["at"]
    take = 2 * size
    while True:
        with reachable():
            # Nothing was predicted before the first prediction: imported histories are not even read.
            found = list(db.outcomes.find({"at": {"$gte": since}}).sort(NEWEST).limit(take))
        rows = _joined(db, version, found)
        if len(rows) >= size or len(found) < take:
            return rows[:size]
        take *= 4


def _joined(db: Db, version: str, found: Sequence[Document]) -> list[Called]:
    rows: list[Called] = []
    for outcome, before in predictions_before(db, found):
        if before and version in (before[-1]["version"], before[-1].get("shadow_version")):
            used = _as_used(before[-1], version)
            rows.append(Called(outcome["_id"], outcome["at"], bool(outcome["positive"]), *used))
    return rows


def _scored(record: Document, version: str) -> Scored:
    score = float(raw(*_as_used(record, version)))
    return Scored(record["_id"], record["prospect"], record["at"], record["features"], score)


def _as_used(record: Document, version: str) -> tuple[float, float]:
    """The score by `version` that `record` holds, and the level it is at; records were once kept without one."""
    prefix = "" if record["version"] == version else "shadow_"
    return float(record[f"{prefix}score"]), float(record.get(f"{prefix}level") or 0.0)
