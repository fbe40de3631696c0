"""The monitor's verdicts in words. Each has the shape in which the monitor keeps it in `reports`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.language import _, formats, plural, said
from app.shell.notices import Kind, Notice
from core.oversight import incident_words
from core.schema import Schema
from core.schema.column import Column
from core.schema.economy import Figure
from core.stores.mongo import Document


def drift(schema: Schema, verdict: dict[str, Any]) -> Notice:
    """Whether the people being scored are still like those the model learned from, and in what they differ."""
    known = schema.by_name
    columns = [formats.label(known[name]) if name in known else name for name in verdict["drifted"]]
    every = len(verdict["columns"])
    moved = plural("{moved} of {n} column moved", "{moved} of {n} columns moved", every).format(
        moved=len(columns), n=every
    )
    facts = f"{moved}: {', '.join(columns)}." if columns else f"{moved}."
    if verdict["drift"]:
        return Notice("warning", _("The people to call are no longer like those the model learned from."), facts)
    return Notice("success", _("The people to call are like those the model learned from."), facts)


def quality(verdict: dict[str, Any]) -> Notice:
    """Whether the model keeps what it promised, by the outcomes of the newest calls."""
    found = verdict["quality"]
    facts = plural(
        "Of the last {n} call, {sold} were sales; the better half of the ranking held {half} of them.",
        "Of the last {n} calls, {sold} were sales; the better half of the ranking held {half} of them.",
        found["size"],
    ).format(
        n=formats.count(found["size"]),
        sold=formats.percent(found["conversion"]),
        half=formats.percent(found["top_half_capture"]),
    )
    if verdict["degraded"]:
        how = "; ".join(verdict["broken"])
        return Notice("warning", _("The model does not keep what it promised: {how}.").format(how=how), facts)
    return Notice("success", _("The model keeps what it promised."), facts)


def incident(found: Document, zone: str | None) -> Notice:
    """An incident that is open: its cause, its state, since when, the last that was found, and what to do next."""
    cause, status, entry = str(found["cause"]), str(found["status"]), found["history"][-1]
    kind: Kind = "error" if status == "escalated" else "info" if status in ("retraining", "canary") else "warning"
    words, why = said(incident_words.name(cause)), str(entry["why"]).strip().rstrip(".")
    head = said(incident_words.head(status, len(found["history"]) - 1))
    since = _("Open since {when}.").format(when=formats.moment(found["opened"]["at"], zone))
    return Notice(
        kind,
        f"{words[:1].upper()}{words[1:]}. {head}.",
        f"{since} {why[:1].upper()}{why[1:]}.",
        _("What to do: {what}").format(what=said(incident_words.follows(cause, status)[1])),
    )


def stale(figures: Sequence[tuple[Column, Figure | None]], at: datetime) -> Notice:
    """Which figures of the economy are older at `at` than they should be, and how old."""
    ages = "; ".join(_age(column, figure, at) for column, figure in figures)
    return Notice("warning", _("Figures of the economy are old."), f"{ages}.", _("The last ones stay in use."))


def _age(column: Column, figure: Figure | None, at: datetime) -> str:
    if figure is None:
        return _("{figure} is not known").format(figure=formats.label(column))
    days = max(0, figure.age(at).days)
    return plural(
        "{figure} is of {period}, {n} day after its end", "{figure} is of {period}, {n} days after its end", days
    ).format(figure=formats.label(column), period=figure.period, n=formats.count(days))
