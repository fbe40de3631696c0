"""Incidents in MongoDB, and an event for each change.

A document is the incident with its whole history, under the key `{cause}:{report that opened it}`.
`core.oversight.incidents.change` writes it: of two monitors, or of one that was killed and repeats itself, the first
takes a step, and the second finds the step taken.

An entry with a new status has `tell`, and `told` once people were told (`monitor.messages.outbox`). `unlogged` is set
while the event log lacks the last entry.
"""

from __future__ import annotations

from dataclasses import asdict

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from core.clock import Clock, now
from core.oversight.incidents import ACTIVE, change
from core.sentences import said_in, with_said
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable
from monitor.incidents.facts import Finding
from monitor.incidents.lifecycle import Entry, Incident, Status, Step, opening_step

FIELDS = ("attempts", "run", "version", "asked_at", "refusals", "steps")


def active(db: Db) -> list[Incident]:
    """Incidents that are not resolved, by key. Raises Unavailable."""
    with reachable():
        return [incident_from_document(stored) for stored in db.incidents.find(ACTIVE).sort([("_id", ASCENDING)])]


def open_incident(db: Db, cause: str, finding: Finding, clock: Clock = now) -> Incident | None:
    """Open an incident about a bad `finding`; None if its cause has an active one. Raises Unavailable."""
    with reachable():
        if db.incidents.find_one({"cause": cause, **ACTIVE}) is not None:
            return None
        # The same report may be bad, well, and bad again: a source goes stale twice with the same last value.
        before = len(list(db.incidents.find({"cause": cause, "opened.report": finding.report})))
        key = f"{cause}:{finding.report}" + (f":{before + 1}" if before else "")
        step = opening_step(cause, finding, clock(), key)
        try:
            db.incidents.insert_one(_document(step, finding))
        except DuplicateKeyError:
            return None
    log_missing_entries(db)
    return step.incident


def write_step(db: Db, step: Step) -> bool:
    """Write a step; False if the incident has changed since the step was decided. Raises Unavailable."""
    after = step.incident

    def taken(document: Document) -> Document | None:
        if document["steps"] != after.steps - 1:
            return None
        history = [*document["history"], _entry(step.entry)]
        return {**_state(after), "history": history, "outbox": document["outbox"] or step.entry.tell, "unlogged": True}

    is_written = change(db, after.id, taken)
    log_missing_entries(db)
    return is_written


def log_missing_entries(db: Db) -> None:
    """Write every last entry that the event log lacks, each once. Raises Unavailable."""
    with reachable():
        unlogged = list(db.incidents.find({"unlogged": True}))
    for document in unlogged:
        _tell(db, str(document["_id"]), document["history"][-1], int(document["steps"]))


def _tell(db: Db, incident: str, entry: Document, step: int) -> None:
    with reachable():
        event = db.events.find_one({"subject": incident, "details.step": step})
    if event is None:
        event_log.append(
            db,
            who="monitor",
            what=Event.of_incident(entry["status"]),
            subject=incident,
            why=said_in(entry),
            clock=lambda: entry["at"],
            step=step,
            **entry["evidence"],
        )
    change(db, incident, lambda last: {"unlogged": False} if last["unlogged"] and last["steps"] == step else None)


def incident_from_document(document: Document) -> Incident:
    """The incident in a document of `incidents`."""
    return Incident(
        id=document["_id"],
        cause=document["cause"],
        status=Status(document["status"]),
        since=document["last"]["at"],
        why=said_in(document["opened"]),
        earlier=tuple(document["earlier"]),
        **{name: document[name] for name in FIELDS},
    )


def _document(step: Step, finding: Finding) -> Document:
    incident = step.incident
    return {
        "_id": incident.id,
        "cause": incident.cause,
        "opened": with_said({"at": incident.since, "report": finding.report}, incident.why),
        **_state(incident),
        "history": [_entry(step.entry)],
        "acknowledged": None,
        "outbox": True,
        "unlogged": True,
        "revision": 1,
    }


def _state(incident: Incident) -> Document:
    return {
        "status": incident.status.value,
        "last": {"at": incident.since},
        "earlier": list(incident.earlier),
        **{name: getattr(incident, name) for name in FIELDS},
    }


def _entry(entry: Entry) -> Document:
    return {**with_said(asdict(entry), entry.why), "status": entry.status.value, "told": None}
