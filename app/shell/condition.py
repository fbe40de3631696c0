"""The monitor's last look at the appliance, for the page Operation and for a probe outside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from core.oversight.space import CONDITION, STALE
from core.stores.mongo import Db, Document, reachable


def read(db: Db) -> Document | None:
    """The last look, or None before the first. `db` is the appliance's. Raises Unavailable."""
    with reachable():
        return db.appliance.find_one({"_id": CONDITION})


def wrong(seen: Document | None, at: datetime) -> list[str]:
    """What is not well, in words of the appliance alone: `monitor`, `service:mlflow`, `job:drift`, `disk`; sorted."""
    return sorted(set(_wrong(seen, at)))


def _wrong(seen: Document | None, at: datetime) -> Iterator[str]:
    if seen is None or at - seen["seen"]["at"] > STALE:
        yield "monitor"
        return
    yield from (f"service:{one['name']}" for one in seen["services"] if not one["ok"])
    yield from (f"job:{name.partition(' ')[0]}" for name in seen["failing"])
    # An alarm about one job may name its kind, which is nobody's business outside.
    yield from (one["cause"].partition(" ")[0] for one in seen["alarms"])
    if seen["notices"]["error"]:
        yield "notices"
