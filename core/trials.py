"""What was last found of the canary: the document `trial` of `appliance`. Monitoring writes it, screens read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.mongo import Db, reachable

KEY = "trial"


@dataclass(frozen=True)
class Found:
    """The evidence on `version` in one sentence, as it was `at` a moment."""

    version: str
    sentence: str
    at: datetime


def tell(db: Db, found: Found) -> None:
    """Keep `found` in place of what was found before; safe to repeat. Raises Unavailable."""
    with reachable():
        db.appliance.update_one({"_id": KEY}, {"$set": {"found": dict(vars(found))}}, upsert=True)


def last(db: Db, version: str) -> Found | None:
    """What was last found of `version`, or None if nothing was yet. Raises Unavailable."""
    with reachable():
        document = db.appliance.find_one({"_id": KEY, "found.version": version})
    return Found(**document["found"]) if document else None
