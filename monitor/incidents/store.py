"""Incidents in MongoDB, and the event that each change is.

A document is the incident with its whole history; its key is `{cause}:{report that opened it}`. It is changed as
`core.oversight.incidents.change` does, so of two monitors, or of one that was killed and repeats itself, the first
takes a step and the other finds it taken.

An entry whose status is news has `tell`, and `told` once people were told (`monitor.messages.outbox`). `unlogged`
stands while the last entry is not in the event log yet.
"""

from __future__ import annotations

from dataclasses import asdict

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from core.clock import Clock, now
from core.oversight.incidents import ACTIVE, change
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, reachable
from monitor.incidents.facts import Finding
from monitor.incidents.lifecycle import Entry, Incident, Status, Step, opened

FIELDS = ("attempts", "run", "version", "asked_at", "refusals", "steps")


def active(db: Db) -> list[Incident]:
    """Incidents that are not resolved, in the order of their keys. Raises Unavailable."""
    with reachable():
        return [incident_from_document(found) for found in db.incidents.find(ACTIVE).sort([("_id", ASCENDING)])]


def open_incident(db: Db, cause: str, finding: Finding, clock: Clock = now) -> Incident | None:
    """Open an incident about a bad `finding`; None if one of this cause is active already. Raises Unavailable."""
    with reachable():
        if db.incidents.find_one({"cause": cause, **ACTIVE}) is not None:
            return None
        # The same report may be bad, well, and bad again: a source goes stale twice with the same last value.
        before = len(list(db.incidents.find({"cause": cause, "opened.report": finding.report})))
        key = f"{cause}:{finding.report}" + (f":{before + 1}" if before else "")
        step = opened(cause, finding, clock(), key)
        try:
            db.incidents.insert_one(_document(step, finding))
        except DuplicateKeyError:
            return None
    tell_rest(db)
    return step.incident


def write_step(db: Db, step: Step) -> bool:
    """Write a step down; False if the incident has gone on since it was decided. Raises Unavailable."""
    after = step.incident

    def taken(document: Document) -> Document | None:
        if document["steps"] != after.steps - 1:
            return None
        history = [*document["history"], _entry(step.entry)]
        outbox = document["outbox"] or step.entry.tell
        return {**_state(after), "history": history, "outbox": outbox, "unlogged": True}

    done = change(db, after.id, taken)
    tell_rest(db)
    return done


def tell_rest(db: Db) -> None:
    """Tell the event log every last entry that it was not told, each once. Raises Unavailable."""
    with reachable():
        found = list(db.incidents.find({"unlogged": True}))
    for document in found:
        _tell(db, str(document["_id"]), document["history"][-1], int(document["steps"]))


def _tell(db: Db, incident: str, entry: Document, step: int) -> None:
    with reachable():
        told = db.events.find_one({"subject": incident, "details.step": step})
    if told is None:
        event_log.append(
            db,
            who="monitor",
            what=Event.of_incident(entry["status"]),
            subject=incident,
            why=entry["why"],
            clock=lambda: entry["at"],
            step=step,
            **entry["evidence"],
        )
    change(db, incident, lambda now: {"unlogged": False} if now["unlogged"] and now["steps"] == step else None)


def incident_from_document(document: Document) -> Incident:
    """The incident in a document of `incidents`."""
    return Incident(
        id=document["_id"],
        cause=document["cause"],
        status=Status(document["status"]),
        since=document["last"]["at"],
        why=document["opened"]["why"],
        earlier=tuple(document["earlier"]),
        **{name: document[name] for name in FIELDS},
    )


def _document(step: Step, finding: Finding) -> Document:
    incident = step.incident
    return {
        "_id": incident.id,
        "cause": incident.cause,
        "opened": {"at": incident.since, "report": finding.report, "why": incident.why},
        **_state(incident),
        "history": [_entry(step.entry)],
        "acknowledged": None,
        "outbox": True,
        "unlogged": True,
        "revision": 1,
    }


def _state(incident: Incident) -> Document:
    fields = {name: getattr(incident, name) for name in FIELDS}
    return {
        "status": incident.status.value,
        "last": {"at": incident.since},
        "earlier": list(incident.earlier),
        **fields,
    }


def _entry(entry: Entry) -> Document:
    return {**asdict(entry), "status": entry.status.value, "told": None}
