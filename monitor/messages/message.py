"""Messages to people, in plain words: what happened, what was kept, what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.oversight import incident_words
from core.stores.mongo import Document
from monitor.incidents.lifecycle import Status

Kind = Literal["info", "success", "warning", "failure"]

KINDS: dict[Status, Kind] = {
    Status.OPEN: "warning",
    Status.RETRAINING: "info",
    Status.CANARY: "info",
    Status.RESOLVED: "success",
    Status.ESCALATED: "failure",
}


@dataclass(frozen=True)
class Message:
    """A title of one line and a body of plain text."""

    title: str
    body: str
    kind: Kind


def of_incident(incident: Document, place: int, page: str | None = None) -> Message:
    """The message on the entry at `place` of an incident's history; `page` is the address of the screens."""
    entry, cause = incident["history"][place], str(incident["cause"])
    status = Status(entry["status"])
    kept, then = incident_words.kept_and_next(cause, status)
    lines = [
        f"What happened: {_sentence(entry['why'])}",
        f"What was kept: {kept}",
        f"What to do: {then}",
        f"Incident {incident['_id']}, open since {incident['opened']['at']:%Y-%m-%d %H:%M} UTC.",
    ]
    title = f"Callwise: {incident_words.status_heading(status, place)}: {incident_words.cause_name(cause)}"
    return Message(title, "\n".join([*lines, *([page] if page else [])]), KINDS[status])


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
