"""The monitor's verdicts in words. Each has the shape in which the monitor keeps it in `reports`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app import formats
from app.notices import Kind, Notice
from core import incident_words
from core.economy import Figure
from core.mongo import Document
from core.schema import Column, Schema


def drift(schema: Schema, verdict: dict[str, Any]) -> Notice:
    """Whether the people being scored are still like those the model learned from, and in what they differ."""
    columns = [schema.by_name[name].label if name in schema.by_name else name for name in verdict["drifted"]]
    moved = f"{len(columns)} of {formats.plural(len(verdict['columns']), 'column')}"
    names = f": {', '.join(columns)}." if columns else "."
    if verdict["drift"]:
        return Notice(
            "warning", "The people to call are no longer like those the model learned from.", f"{moved} moved{names}"
        )
    return Notice("success", "The people to call are like those the model learned from.", f"{moved} moved{names}")


def quality(verdict: dict[str, Any]) -> Notice:
    """Whether the model keeps what it promised, by the outcomes of the newest calls."""
    found = verdict["quality"]
    facts = (
        f"Of the last {formats.plural(found['size'], 'call')}, {formats.percent(found['conversion'])} were sales; "
        f"the better half of the ranking held {formats.percent(found['top_half_capture'])} of them."
    )
    if verdict["degraded"]:
        return Notice("warning", f"The model does not keep what it promised: {'; '.join(verdict['broken'])}.", facts)
    return Notice("success", "The model keeps what it promised.", facts)


def incident(found: Document, zone: str | None) -> Notice:
    """An incident that is open: its cause, its state, since when, the last that was found, and what to do next."""
    cause, status, entry = str(found["cause"]), str(found["status"]), found["history"][-1]
    kind: Kind = "error" if status == "escalated" else "info" if status in ("retraining", "canary") else "warning"
    words, why = incident_words.name(cause), str(entry["why"]).strip().rstrip(".")
    return Notice(
        kind,
        f"{words[:1].upper()}{words[1:]}. {incident_words.head(status, len(found['history']) - 1)}.",
        f"Open since {formats.moment(found['opened']['at'], zone)}. {why[:1].upper()}{why[1:]}.",
        f"What to do: {incident_words.follows(cause, status)[1]}",
    )


def stale(figures: Sequence[tuple[Column, Figure | None]], at: datetime) -> Notice:
    """Which figures of the economy are older at `at` than they should be, and how old."""
    ages = [
        f"{column.label} is of {figure.period}, {formats.plural(max(0, figure.age(at).days), 'day')} after its end"
        if figure
        else f"{column.label} is not known"
        for column, figure in figures
    ]
    return Notice("warning", "Figures of the economy are old.", f"{'; '.join(ages)}.", "The last ones stay in use.")
