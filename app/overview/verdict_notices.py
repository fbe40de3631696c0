"""The monitor's verdicts in words. A verdict has the form in which the monitor stores it in `reports`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.language import _, formats, plural, translate
from app.shell.notices import Kind, Notice
from core.oversight import incident_words, report_words
from core.schema import Schema
from core.schema.column import Column
from core.schema.economy import Figure
from core.sentences import said_in
from core.stores.mongo import Document


def drift_notice(schema: Schema, verdict: dict[str, Any]) -> Notice:
    """Whether the people who arrive resemble those before them, and which columns or figures of the economy moved."""
    known = schema.by_name
    columns = [formats.label(known[name]) if name in known else name for name in verdict["drifted"]]
    every, over = len(verdict["columns"]), sum(bool(one["drifted"]) for one in verdict["columns"])
    moved = plural("{moved} of {n} column moved", "{moved} of {n} columns moved", every).format(moved=over, n=every)
    facts = f"{moved}: {', '.join(columns)}." if columns else f"{moved}."
    economy = any(one["moved"] for one in verdict["economy"])
    if verdict["against"] != "training" and (over or verdict["score"]["drifted"]):
        return Notice("warning", _("The people who arrive are no longer like those before them."), facts)
    if economy:
        return Notice("warning", _("The economy is outside the range that the model has learnt from."), facts)
    if verdict["against"] == "training":
        return Notice("info", _("Too few people have arrived to say whether they have changed."), facts)
    return Notice("success", _("The people who arrive are like those before them."), facts)


def quality_notice(verdict: dict[str, Any]) -> Notice:
    """Whether the model keeps what it promised on the newest outcomes."""
    measured = verdict["quality"]
    facts = plural(
        "Of the last {n} call, {sold} were sales; the better half of the ranking held {half} of them.",
        "Of the last {n} calls, {sold} were sales; the better half of the ranking held {half} of them.",
        measured["size"],
    ).format(
        n=formats.count(measured["size"]),
        sold=formats.percent(report_words.conversion(measured)),
        half=formats.percent(measured["top_half_capture"]),
    )
    if verdict["degraded"]:
        how = "; ".join(map(translate, report_words.broken(verdict)))
        return Notice("warning", _("The model does not keep what it promised: {how}.").format(how=how), facts)
    return Notice("success", _("The model keeps what it promised."), facts)


def incident_notice(found: Document, zone: str | None) -> Notice:
    """An open incident: cause, state, opening time, newest finding, and what to do."""
    cause, status, entry = str(found["cause"]), str(found["status"]), found["history"][-1]
    kind: Kind = "error" if status == "escalated" else "info" if status in ("retraining", "canary") else "warning"
    words, why = translate(incident_words.cause_name(cause)), translate(said_in(entry)).strip().rstrip(".")
    head = translate(incident_words.status_heading(status, len(found["history"]) - 1))
    since = _("Open since {when}.").format(when=formats.moment(found["opened"]["at"], zone))
    return Notice(
        kind,
        f"{words[:1].upper()}{words[1:]}. {head}.",
        f"{since} {why[:1].upper()}{why[1:]}.",
        _("What to do: {what}").format(what=translate(incident_words.kept_and_next(cause, status)[1])),
    )


def stale_notice(figures: Sequence[tuple[Column, Figure | None]], at: datetime) -> Notice:
    """Indicators whose value is too old, with its age at `at`."""
    ages = "; ".join(_age(column, figure, at) for column, figure in figures)
    return Notice(
        "warning", _("Indicators of the economy are out of date."), f"{ages}.", _("The last known values stay in use.")
    )


def _age(column: Column, figure: Figure | None, at: datetime) -> str:
    if figure is None:
        return _("{figure} is not known").format(figure=formats.label(column))
    days = max(0, figure.age(at).days)
    return plural(
        "{figure} is of {period}, which ended {n} day ago", "{figure} is of {period}, which ended {n} days ago", days
    ).format(figure=formats.label(column), period=figure.period, n=formats.count(days))
