"""The verdicts of drift and quality reports as words, for incidents, messages and screens."""

from __future__ import annotations

from core.stores.mongo import Document

REPORTS = {"drift": ("drift", "drift"), "quality": ("performance", "degraded")}
"""For each cause with reports: their kind, and the field of the verdict that is true when it is bad."""

AGAINST = {
    "before": "the {n} before them",
    "in use": "the {n} from when a model was last accepted",
    "training": "{n} training rows, which were chosen for a call, so this is information and no alarm",
}
FROM_ONE_FILE = 0.1
"""Share of the newest people from which a file is named."""
MOST_FILES = 3


def conversion(measured: Document) -> float:
    """The share of sales among the outcomes of a quality verdict, whose `measured` figures hold both numbers."""
    return float(measured["sales"] / measured["size"])


def words(kind: str, verdict: Document) -> str:
    """The verdict of a report of `kind`, for people."""
    return _quality(verdict) if kind == "performance" else _drift(verdict)


def _quality(verdict: Document) -> str:
    words = "; ".join(verdict["broken"]) or "the champion keeps what it promised"
    return f"{words} ({verdict['quality']['size']} outcomes of version {verdict['version']})"


def _drift(verdict: Document) -> str:
    moved = [str(one["column"]) for one in verdict["columns"] if one["drifted"]]
    names = f": {', '.join(moved)}" if moved else ""
    against = AGAINST[verdict["against"]].format(n=verdict["reference"])
    score = verdict["score"]
    parts = [
        f"{len(moved)} of {len(verdict['columns'])} columns moved{names}",
        f"the score moved by {score['distance']:.3f} (limit {score['limit']:.3f})",
        f"the newest {verdict['window']} people against {against}, by version {verdict['version']}",
    ]
    by_column: dict[str, list[str]] = {}
    for new in verdict["new_words"]:
        by_column.setdefault(new["column"], []).append(f"{new['word']} ({new['share']:.0%})")
    parts += [f"new in {column}: {', '.join(found)}" for column, found in by_column.items()]
    parts += [
        f"{one['column']} is {one['now']:g}, and the model has learnt from {one['least']:g} to {one['most']:g}"
        for one in verdict["economy"]
        if one["moved"]
    ]
    if verdict["drift"]:
        parts += [
            f"{one['people']} of the newest came with the file {one['file']}"
            for one in verdict["files"][:MOST_FILES]
            if one["people"] >= FROM_ONE_FILE * verdict["window"]
        ]
    return "; ".join(parts)
