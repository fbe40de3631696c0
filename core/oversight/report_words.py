"""The verdicts of drift and quality reports as words, for incidents, messages and screens."""

from __future__ import annotations

from core.stores.mongo import Document

REPORTS = {"drift": ("drift", "drift"), "quality": ("performance", "degraded")}
"""For each cause with reports: their kind, and the field of the verdict that is true when it is bad."""


def words(kind: str, verdict: Document) -> str:
    """The verdict of a report of `kind`, for people."""
    if kind == "performance":
        words = "; ".join(verdict["broken"]) or "the champion keeps what it promised"
        return f"{words} ({verdict['quality']['size']} outcomes of version {verdict['version']})"
    score = f"the score moved by {verdict['score']['distance']:.3f}"
    names = f": {', '.join(verdict['drifted'])}" if verdict["drifted"] else ""
    moved = f"{len(verdict['drifted'])} of {len(verdict['columns'])} columns moved{names}"
    rows = f"{verdict['window']} predictions against {verdict['reference']} training rows"
    return f"{moved}; {score} ({rows} of version {verdict['version']})"
