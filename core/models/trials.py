"""The latest evidence on the canary, and on the refresh: two documents of `appliance`.

Monitoring writes them, screens read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from core.stores.mongo import Db, reachable

TRIAL, REFRESH = "trial", "refresh"
"""The keys of the two documents."""
SAME_RECIPE = "same_recipe"
"""Of the decision on a trial: whether recipe and kind are the champion's, and only the code is new."""


@dataclass(frozen=True)
class TrialEvidence:
    """The evidence on `version` at a moment: one sentence, and its figures as `monitor.trials.evidence.Verdict`."""

    version: str
    sentence: str
    at: datetime
    evidence: Mapping[str, Any] = field(default_factory=dict)


def store_evidence(db: Db, found: TrialEvidence, key: str = TRIAL) -> None:
    """Store `found` under `key` in place of the evidence before it; safe to repeat. Raises Unavailable."""
    with reachable():
        db.appliance.update_one({"_id": key}, {"$set": {"found": dict(vars(found))}}, upsert=True)


def latest_evidence(db: Db, version: str, key: str = TRIAL) -> TrialEvidence | None:
    """The latest evidence on `version` under `key`, or None. Raises Unavailable."""
    with reachable():
        document = db.appliance.find_one({"_id": key, "found.version": version})
    known = {item.name for item in fields(TrialEvidence)}  # a monitor of a later version may write more fields
    return (
        TrialEvidence(**{name: value for name, value in document["found"].items() if name in known})
        if document
        else None
    )


def finding_sentence(text: str) -> str:
    """Monitoring's verdict as a sentence for people."""
    text = text.removeprefix("go on: ").strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
