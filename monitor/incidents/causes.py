"""The causes of incidents, each with its newest judgement.

Drift and quality come from the newest report, which names the model it judged. Every other cause comes from the state
that its own job recorded (`monitor.jobs.cause_states.record_state`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo import DESCENDING

from core.oversight.report_words import REPORTS, words
from core.sentences import said_in
from core.stores.events import Event, cause_event
from core.stores.mongo import Db, Document, reachable
from monitor.incidents.facts import Finding
from monitor.incidents.lifecycle import DATA_GATES
from monitor.jobs.cause_states import WELL, record_state

PREFIX, AFTER = "monitor:", "monitor;"
DATA, BROKEN = "data", "broken"
NEWEST = [("_id", DESCENDING)]


def judged_causes(db: Db) -> list[str]:
    """Every cause that was ever judged, sorted. Raises Unavailable."""
    with reachable():
        facts = list(db.appliance.find({"_id": {"$gte": PREFIX, "$lt": AFTER}}))
    return sorted({str(fact["_id"]).removeprefix(PREFIX) for fact in facts if "state" in fact} | set(REPORTS))


def newest_finding(db: Db, cause: str) -> Finding | None:
    """The newest judgement of `cause`; None before the first. Raises Unavailable."""
    if cause in REPORTS:
        return _from_report(db, *REPORTS[cause])
    with reachable():
        fact = db.appliance.find_one({"_id": f"{PREFIX}{cause}"})
        if fact is None:
            return None
        state, report = str(fact["state"]), str(fact["report"])
        event = db.events.find_one({"what": cause_event(cause, state), "subject": report})
    return Finding(state != WELL, report, "", said_in(event) if event else state)


def judge_data(db: Db) -> bool:
    """Record whether its data stopped the last training; returns whether that is a change.

    A refused training that an incident asked for is left to that incident. Raises Unavailable.
    """
    with reachable():
        handed_over = [Event.MODEL_ON_TRIAL, Event.MODEL_PROMOTED, Event.MODEL_REFRESHED]
        ended = db.events.find_one({"what": {"$in": [Event.TRAINING_REFUSED, *handed_over]}}, sort=NEWEST)
    if ended is None:
        return False
    details: Document = ended["details"]
    broken = ended["what"] == Event.TRAINING_REFUSED and details.get("gate") in DATA_GATES
    if broken and details.get("incident"):
        return False
    return record_state(db, DATA, BROKEN if broken else WELL, f"event-{ended['_id']}", said_in(ended))


def _from_report(db: Db, kind: str, bad: str) -> Finding | None:
    newest: list[Mapping[str, Any]] = [{"$match": {"kind": kind}}, {"$sort": {"made.at": -1}}, {"$limit": 1}]
    with reachable():
        report = next(iter(list(db.reports.aggregate(newest))), None)
    if report is None:
        return None
    verdict: Document = report["verdict"]
    return Finding(bool(verdict[bad]), str(report["_id"]), str(verdict["version"]), words(kind, verdict))
