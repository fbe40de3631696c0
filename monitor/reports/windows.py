"""The windows that reports judge: a fixed number of people on the lists, or of the newest outcomes.

The number is fixed because a verdict depends on the sizes compared. A prospect counts once, with its newest
prediction: a list that is ranked again must not weigh more, and the same person twice is no new evidence. Only
predictions of people on a list count: another program that asks for scores must not move a verdict. Only scores of the
version in question count, whether used or in the other's shadow.

Which people, a hash of their keys decides (`monitor.reports.sample`), never the order of the keys: not among those of
one ranking, and not among outcomes of one moment, as those of a file that gives only the day of a call.

Predictions are taken without the level they were used at (`core.models.level`): they are compared with training data,
and a level that follows the outcomes is no drift. Outcomes are compared with the scores as used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Any

from pymongo import DESCENDING

from core.lists.arrival import draw
from core.models.level import unlevelled
from core.schema.column import Value
from core.scoring.logged import by_key
from core.scoring.packed import PACKING, rows_of
from core.scoring.prediction import SCORES_FIELDS, own_score, scored_by, used_score
from core.scoring.predictions_before import DATED, predictions_before
from core.stores.mongo import Db, Document, reachable
from monitor.reports.sample import drawn

Shown = tuple[float, float]
"""A score, and the level that it includes."""
Score = Callable[[Mapping[str, Any], str], Shown | None]
PAGE = 500
MOST = 50_000
"""Outcomes read until the order within a moment no longer matters; and records read for people who have been called."""
OUTCOME = {"prospect": 1, "at": 1, "positive": 1}
# What an outcome is compared with; without the features, which are most of a record.
JOINED = {"prospect": 1, "at": 1, **SCORES_FIELDS}
NEWEST = [("at", DESCENDING), ("_id", DESCENDING)]


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
    """What came of a call, and the score before it; `level` is the shift that the score includes."""

    outcome: str
    at: datetime
    positive: bool
    score: float
    level: float = 0.0


def predictions(db: Db, version: str, size: int) -> list[Scored]:
    """The newest prediction by `version` of each of `size` people, the newest first.

    The people are drawn by a hash from the open ones of all lists. Only where fewer are open, those who are on a list
    and have been called are added, the last scored first. Shorter where there are fewer in all, and while `version`
    still ranks those drawn. Reads no more than twice `size` records. Raises Unavailable.
    """
    sample = drawn(db, version, size)
    records = sample.records
    if sample.everybody:
        records = records + _last_scored(db, version, size - len(records), {one["prospect"] for one in records})
    return [_scored(one, version) for one in sorted(records, key=lambda one: (one["at"], one["_id"]), reverse=True)]


def _last_scored(db: Db, version: str, size: int, known: Set[str]) -> list[Document]:
    """The newest prediction by `version` of each of the last `size` prospects on a list that are not `known`."""
    if size <= 0:
        return []
    newest: dict[str, str] = {}  # the prediction of each prospect
    with reachable():
        for page in _pages(_newest(db, version)):
            new = {
                prospect: key for prospect, key in reversed(page) if prospect not in newest and prospect not in known
            }
            listed = {prospect["_id"] for prospect in db.prospects.find({"_id": {"$in": list(new)}}, {"_id": 1})}
            newest |= {prospect: new[prospect] for prospect, _ in page if prospect in listed and prospect in new}
            if len(newest) >= size:
                break
    return list(by_key(db, list(newest.values())[:size]).values())


def _newest(db: Db, version: str) -> Iterator[tuple[str, str]]:
    """Prospect and key of predictions by `version` with a prospect, the newest first, from no more than `MOST` records.

    They are read as needed.
    """
    query = {"prospect": {"$gt": ""}, **scored_by(version)}
    # Sorted by time alone, which has an index; within one request the key decides.
    records = db.predictions.find(query, {**JOINED, **PACKING}).sort([("at", DESCENDING)]).limit(MOST)
    for _, together in groupby(rows_of(records), key=lambda row: row["at"]):
        for row in sorted(together, key=lambda row: str(row["_id"]), reverse=True):
            if row["prospect"] and own_score(row, version) is not None:
                yield row["prospect"], row["_id"]


def _pages(pairs: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    while page := list(islice(pairs, PAGE)):
        yield page


def outcomes(
    db: Db, versions: Sequence[str], size: int, *, since: datetime | None = None, own: bool = False
) -> list[Called]:
    """The `size` newest outcomes whose last prediction before the call has a score by one of `versions`.

    The newest outcome is first. The score is that of the first of `versions` which was used, or else scored in the
    shadow: as used under it, which may be that of a mixture, or with `own` the version's own. Of the outcomes of one
    moment a hash of the person decides, as long as there are no more than `MOST`. Shorter where there are fewer.
    Nothing before `since` is read: none of `versions` scored anybody then. Outcomes without the time of their call are
    left out. Raises Unavailable.
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
            # With a bound on the time, the embedded server would read all of them and sort: 30 times as long.
            newest = list(db.outcomes.find(DATED, OUTCOME).sort(NEWEST).limit(take))
        found = [outcome for outcome in newest if outcome["at"] >= since]
        is_all = len(newest) < take or len(found) < len(newest)
        whole = found if is_all or take >= MOST else _without_last_moment(found)
        rows = _newest_joined(db, versions, sorted(whole, key=_by_hash), size, own_score if own else used_score)
        if len(rows) == size or is_all:
            return rows
        take *= 4


def _without_last_moment(found: Sequence[Document]) -> list[Document]:
    """The outcomes, the newest first, without those of the last moment: others of that moment may not be among them."""
    return [outcome for outcome in found if outcome["at"] > found[-1]["at"]]


def _by_hash(outcome: Document) -> tuple[float, int, str]:
    return -outcome["at"].timestamp(), draw(outcome["prospect"]), outcome["_id"]


def _newest_joined(
    db: Db, versions: Sequence[str], ordered: Sequence[Document], size: int, score: Score
) -> list[Called]:
    rows: list[Called] = []
    for start in range(0, len(ordered), PAGE):
        rows += _joined(db, versions, ordered[start : start + PAGE], score)
        if len(rows) >= size:
            break
    return rows[:size]


def _joined(db: Db, versions: Sequence[str], found: Sequence[Document], score: Score) -> list[Called]:
    rows: list[Called] = []
    for outcome, before in predictions_before(db, found, fields=JOINED, last=True):
        shown = _shown(before[-1], versions, score) if before else None
        if shown is not None:
            rows.append(Called(outcome["_id"], outcome["at"], bool(outcome["positive"]), *shown))
    return rows


def _shown(record: Document, versions: Sequence[str], score: Score) -> Shown | None:
    """The score by the first of `versions` that was used; only where none was, by one that scored in the shadow."""
    for side in ({**record, "shadow_version": None}, record):
        for version in versions:
            if (found := score(side, version)) is not None:
                return found
    return None


def _scored(record: Document, version: str) -> Scored:
    shown = own_score(record, version)
    score = float(unlevelled(*shown)) if shown else float("nan")  # found by `scored_by`, so there is one
    return Scored(record["_id"], record["prospect"], record["at"], record["features"], score)
