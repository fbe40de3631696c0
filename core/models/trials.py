"""What was last found of the canary: the document `trial` of `appliance`. Monitoring writes it, screens read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from core.stores.mongo import Db, reachable

KEY = "trial"


@dataclass(frozen=True)
class Found:
    """The evidence on `version` in one sentence, as it was `at` a moment.

    `evidence`: the same in figures, a document of `monitor.trials.evidence.Verdict`.
    """

    version: str
    sentence: str
    at: datetime
    evidence: Mapping[str, Any] = field(default_factory=dict)


def tell(db: Db, found: Found) -> None:
    """Keep `found` in place of what was found before; safe to repeat. Raises Unavailable."""
    with reachable():
        db.appliance.update_one({"_id": KEY}, {"$set": {"found": dict(vars(found))}}, upsert=True)


def last(db: Db, version: str) -> Found | None:
    """What was last found of `version`, or None if nothing was yet. Raises Unavailable."""
    with reachable():
        document = db.appliance.find_one({"_id": KEY, "found.version": version})
    known = {one.name for one in fields(Found)}  # a monitor of a later version may tell more
    return Found(**{name: value for name, value in document["found"].items() if name in known}) if document else None


def finding_sentence(text: str) -> str:
    """What monitoring found, as a sentence for people."""
    text = text.removeprefix("go on: ").strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
