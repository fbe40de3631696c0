"""What people are told, in plain words: what happened, what was kept, what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.mongo import Document
from monitor.incidents import MENDED_BY_TRAINING, Status

Kind = Literal["info", "success", "warning", "failure"]

NAMES = {
    "drift": "the people to call have changed",
    "quality": "the model does not keep what it promised",
    "data": "a training was stopped by its data",
    "skew": "scores in service differ from training's",
}
KINDS: dict[Status, Kind] = {
    Status.OPEN: "warning",
    Status.RETRAINING: "info",
    Status.CANARY: "info",
    Status.RESOLVED: "success",
    Status.ESCALATED: "failure",
}
HEADS = {
    Status.OPEN: "Noticed",
    Status.RETRAINING: "Training a new model",
    Status.CANARY: "Trying a new model",
    Status.RESOLVED: "Solved",
    Status.ESCALATED: "A person is needed",
}
KEPT = "Calls go on, ranked by the present model."
FOLLOWS: dict[Status, tuple[str, str]] = {
    Status.OPEN: (KEPT, "Nothing but calling: a model is trained as soon as there is something new to learn from."),
    Status.RETRAINING: (KEPT, "Nothing: you hear how it ends."),
    Status.CANARY: (
        "Most calls go on by the present model; the new one ranks a small share until the outcomes decide.",
        "Nothing: you hear how it ends.",
    ),
    Status.RESOLVED: ("Everything.", "Nothing."),
    Status.ESCALATED: (
        "Calls go on, ranked by the present model, and the incident stays open until it is well again.",
        "Look at the reason above and at the reports; put right what is wrong there, then start a training"
        " (scripts/retrain, or the flow in Prefect).",
    ),
}
# Where training is no cure: the source, or the data, are for a person to look after.
UNMENDED = {
    "data": "Look at the column and rule named above, put the data right, then start a training (scripts/retrain).",
    "skew": "Compare the versions of scikit-learn and numpy where scores are given with the model's; until they agree,"
    " go back to the model before (scripts/rollback).",
    "economy": "Nothing, if it is short: it is fetched again by itself. If it lasts, look at the log of the monitor.",
}
OTHER = "Look at the log of the monitor."


@dataclass(frozen=True)
class Message:
    """A title of one line and a body of plain text."""

    title: str
    body: str
    kind: Kind


def of_incident(incident: Document, place: int, page: str | None = None) -> Message:
    """The message of the entry at `place` in the history of a document of `incidents`; `page` is where to look."""
    entry, cause = incident["history"][place], str(incident["cause"])
    status = Status(entry["status"])
    kept, then = FOLLOWS[status]
    if status is Status.OPEN and cause not in MENDED_BY_TRAINING:
        kept, then = KEPT, UNMENDED.get(cause.partition(":")[0], OTHER)
    lines = [
        f"What happened: {_sentence(entry['why'])}",
        f"What was kept: {kept}",
        f"What to do: {then}",
        f"Incident {incident['_id']}, open since {incident['opened']['at']:%Y-%m-%d %H:%M} UTC.",
    ]
    head = "Waiting for outcomes" if status is Status.OPEN and place else HEADS[status]
    title = f"Callwise: {head}: {name(cause)}"
    return Message(title, "\n".join([*lines, *([page] if page else [])]), KINDS[status])


def name(cause: str) -> str:
    """A cause, in words."""
    kind, _, series = cause.partition(":")
    if kind == "economy":
        return f"the economic figure {series} is out of date"
    return NAMES.get(cause, cause)


def _sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
