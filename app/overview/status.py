"""The state of the appliance, from what its services wrote into MongoDB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.ranked_list import listing
from core.calls.campaigns import campaign_keys
from core.clock import now
from core.oversight.incidents import ACTIVE
from core.schema import Schema, economy
from core.schema.column import Column
from core.scoring.packed import rows_of
from core.stores.embedded_mongo import newest
from core.stores.mongo import Db, Document, reachable


@dataclass(frozen=True)
class Work:
    """Counts over all campaigns: campaigns, people left to call, people called, sales."""

    campaigns: int
    open: int
    done: int
    sold: int


def count_work(db: Db) -> Work:
    """Count every campaign. Raises Unavailable."""
    states = [listing.progress(db, campaign) for campaign in campaign_keys(db)]
    return Work(len(states), sum(s.to_call for s in states), sum(s.called for s in states), sum(s.sold for s in states))


def last_prediction(db: Db) -> Document | None:
    """A row of the newest record of the prediction log. Raises Unavailable."""
    with reachable():
        record = newest(db.predictions, "at")
    return next(rows_of([record]), None) if record else None


def open_incidents(db: Db) -> list[Document]:
    """Unresolved incidents: escalated ones first, then the newest first. Raises Unavailable."""
    with reachable():
        incidents = list(db.incidents.find(ACTIVE))
    incidents.sort(key=lambda incident: incident["opened"]["at"], reverse=True)
    return sorted(incidents, key=lambda incident: incident["status"] != "escalated")


def stale_indicators(db: Db, schema: Schema) -> list[tuple[Column, economy.Figure | None]]:
    """Indicators that the monitor found too old, with the value still in use or None. Raises Unavailable."""
    columns = {f"monitor:economy:{column.name}": column for column in economy.indicators(schema)}
    with reachable():
        states = db.appliance.find({"_id": {"$in": list(columns)}})
        stale = [columns[state["_id"]] for state in states if state["state"] == "stale"]
    known = economy.figures_at(db, schema, now()).figures if stale else {}
    return [(column, known.get(column.name)) for column in stale]


def last_report(db: Db, kind: str) -> Document | None:
    """The monitor's newest report of `kind` (`drift`, `performance`), or None. Raises Unavailable."""
    newest: list[Mapping[str, Any]] = [{"$match": {"kind": kind}}, {"$sort": {"made.at": -1}}, {"$limit": 1}]
    with reachable():
        return next(iter(list(db.reports.aggregate(newest))), None)
