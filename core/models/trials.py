"""The latest evidence on the canary, and on the refresh: two documents of `appliance`.

Monitoring writes them, screens read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from core.sentences import said_in, with_said
from core.stores.mongo import Db, reachable

TRIAL, REFRESH = "trial", "refresh"
"""The keys of the two documents."""
SAME_RECIPE = "same_recipe"
"""Of the decision on a trial: whether recipe and kind are the champion's, and only the code is new."""


@dataclass(frozen=True)
class TrialEvidence:
    """The evidence on `version` at a moment: one sentence, and its figures as `monitor.trials.verdict.Verdict`."""

    version: str
    sentence: str
    at: datetime
    evidence: Mapping[str, Any] = field(default_factory=dict)


def store_evidence(db: Db, found: TrialEvidence, key: str = TRIAL) -> None:
    """Store `found` under `key` in place of the evidence before it; safe to repeat. Raises Unavailable."""
    with reachable():
        kept = with_said(vars(found), found.sentence, "sentence")
        db.appliance.update_one({"_id": key}, {"$set": {"found": kept}}, upsert=True)


def latest_evidence(db: Db, version: str, key: str = TRIAL) -> TrialEvidence | None:
    """The latest evidence on `version` under `key`, or None. Raises Unavailable."""
    with reachable():
        document = db.appliance.find_one({"_id": key, "found.version": version})
    if document is None:
        return None
    known = {item.name for item in fields(TrialEvidence)}  # a monitor of a later version may write more fields
    kept = {name: value for name, value in document["found"].items() if name in known}
    return TrialEvidence(**{**kept, "sentence": said_in(document["found"], "sentence")})


def finding_sentence(text: str) -> str:
    """Monitoring's verdict, in the reader's language, as a sentence for people."""
    text = text.removeprefix("go on: ").strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
