"""Reads the ranked list for the screens: one page of rows, the counts, and the floors of the bands.

Every query is an aggregation, which MongoDB and the embedded server both answer from the index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.ranked_list import bands
from core.calls.filters import CallFilter, best_prospects
from core.calls.lifecycle import Result, Status, claim_holder
from core.schema.column import Value
from core.stores.mongo import Db, Document, reachable

PAGE = 25


@dataclass(frozen=True)
class Entry:
    """One row: the prospect's key, reference, score (None until ranked), features, and the agent with a claim on it."""

    id: str
    ref: str
    score: float | None
    features: Mapping[str, Value]
    held_by: str | None


@dataclass(frozen=True)
class Progress:
    """How far a campaign is, in prospects.

    `open` are in the list, `unranked` of these have no score yet; `waiting` come back later; `done` have an outcome,
    `sold` of these a sale; `off` were taken off the list without an outcome; `withdrawn` are no longer to be called and
    belong to no other figure.
    """

    open: int
    done: int
    sold: int
    unranked: int
    waiting: int = 0
    off: int = 0
    withdrawn: int = 0

    @property
    def total(self) -> int:
        """All prospects but those withdrawn."""
        return self.to_call + self.called

    @property
    def to_call(self) -> int:
        """Prospects still to be called, now or later."""
        return self.open + self.waiting

    @property
    def called(self) -> int:
        """Prospects who will not be called again."""
        return self.done + self.off

    @property
    def ranked(self) -> int:
        """Open prospects with a score."""
        return self.open - self.unranked

    @property
    def pages(self) -> int:
        """Pages of the list; an empty list has one."""
        return max(1, -(-self.open // PAGE))


@dataclass(frozen=True)
class ListState:
    """What a page needs before the counts: is anybody in the list, ranked, or still to be called?"""

    open: bool
    ranked: bool
    to_call: bool


def list_state(db: Db, campaign: str) -> ListState:
    """The state of `campaign`, from three of its prospects at most. Raises Unavailable."""
    with reachable():
        best = list(db.prospects.aggregate(_best(campaign, 0, 1, {"score": 1})))
        if best:
            return ListState(open=True, ranked=best[0]["score"] is not None, to_call=True)
        later = ({"campaign": campaign, "status": status.value} for status in (Status.CALLBACK, Status.PAUSED))
        waiting = any(list(db.prospects.aggregate([{"$match": those}, {"$limit": 1}])) for those in later)
    return ListState(open=False, ranked=False, to_call=waiting)


def progress(db: Db, campaign: str) -> Progress:
    """Count `campaign`. Raises Unavailable."""
    with reachable():
        status = _tally(db.prospects, {"campaign": campaign}, "$status")
        results = _tally(db.outcomes, {"campaign": campaign}, "$result")
        unranked = _tally(db.prospects, {"campaign": campaign, "status": "open", "score": None}, None)
    return Progress(
        open=status.get(Status.OPEN, 0),
        done=status.get(Status.DONE, 0),
        sold=results.get(Result.SOLD, 0),
        unranked=unranked.get(None, 0),
        waiting=status.get(Status.CALLBACK, 0) + status.get(Status.PAUSED, 0),
        off=status.get(Status.OFF, 0),
        withdrawn=status.get(Status.WITHDRAWN, 0),
    )


def results_since(db: Db, campaign: str, agent: str, since: datetime) -> dict[str, int]:
    """Calls by result that `agent` recorded in `campaign` since the full second `since`, and did not take back.

    Raises Unavailable.
    It reads everybody's calls since then, not the agent's of all years: a pipeline compares no times.
    """
    theirs = {"agent": agent, "campaign": campaign, "at": {"$gte": since}}
    with reachable():
        made = list(db.calls.find(theirs, {"result": 1, "undone": 1}))
    return dict(Counter(str(call["result"]) for call in made if not call.get("undone")))


def floors(db: Db, campaign: str, ranked: int) -> list[float]:
    """The lowest score in each band of `campaign`, where `ranked` open prospects have one. Raises Unavailable."""
    if not ranked:
        return []
    steps = [_best(campaign, place, 1, {"score": 1}) for place in bands.last_places(ranked)]
    with reachable():
        last = [list(db.prospects.aggregate(step)) for step in steps]
    return [float(rows[0]["score"]) for rows in last if rows and rows[0]["score"] is not None]


def page(db: Db, campaign: str, number: int, at: datetime) -> list[Entry]:
    """Page `number` (from 1) of the open prospects, best first, with the claims valid at `at`. Raises Unavailable."""
    fields = {"ref": 1, "written": 1, "score": 1, "features": 1, "claim": 1}
    with reachable():
        rows = list(db.prospects.aggregate(_best(campaign, (number - 1) * PAGE, PAGE, fields)))
    return [_entry(row, at) for row in rows]


def best_matches(db: Db, campaign: str, wanted: CallFilter, at: datetime) -> list[Entry]:
    """The best `PAGE` open prospects who match `wanted`, with the claims valid at `at`. Raises Unavailable."""
    return [_entry(prospect, at) for prospect in best_prospects(db, campaign, wanted, PAGE)]


def _entry(prospect: Document, at: datetime) -> Entry:
    ref = prospect.get("written") or prospect["ref"]
    return Entry(prospect["_id"], ref, prospect["score"], prospect["features"], claim_holder(prospect, at))


def _best(campaign: str, skip: int, limit: int, fields: Mapping[str, int]) -> list[Mapping[str, Any]]:
    steps: list[Mapping[str, Any]] = [
        {"$match": {"campaign": campaign, "status": "open"}},
        {"$sort": {"score": -1, "ref": 1}},  # the order of the index: in another, the server would sort everybody
        {"$skip": skip},
        {"$limit": limit},
        {"$project": fields},
    ]
    return [step for step in steps if step != {"$skip": 0}]


def _tally(collection: Any, match: Mapping[str, Any], by: str | None) -> dict[Any, int]:
    groups = collection.aggregate([{"$match": match}, {"$group": {"_id": by, "n": {"$sum": 1}}}])
    return {group["_id"]: int(group["n"]) for group in groups}
