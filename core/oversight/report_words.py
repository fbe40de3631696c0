"""The verdicts of drift and quality reports as words, for incidents, messages and screens."""

from __future__ import annotations

from typing import Any

from core.sentences import Sentence, from_document, joined
from core.stores.mongo import Document

REPORTS = {"drift": ("drift", "drift"), "quality": ("performance", "degraded")}
"""For each cause with reports: their kind, and the field of the verdict that is true when it is bad."""

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
    return Sentence(
        "{how} ({outcomes} outcomes of version {version})",
        how=joined(broken(verdict)) or Sentence("the champion keeps what it promised"),
        outcomes=verdict["quality"]["size"],
        version=verdict["version"],
    )


def broken(verdict: Document) -> list[str]:
    """The ways in which the champion breaks its promise, of a quality verdict or of a week's figures."""
    return [from_document(how) for how in verdict.get("said") or verdict["broken"]]


def _drift(verdict: Document) -> str:
    moved = [str(one["column"]) for one in verdict["columns"] if one["drifted"]]
    columns: dict[str, Any] = {"moved": len(moved), "columns": len(verdict["columns"])}
    some = Sentence("{moved} of {columns} columns moved: {names}", **columns, names=", ".join(moved))
    score = verdict["score"]
    parts: list[str] = [
        some if moved else Sentence("{moved} of {columns} columns moved", **columns),
        Sentence(
            "the score moved by {distance} (limit {limit})",
            distance=f"{score['distance']:.3f}",
            limit=f"{score['limit']:.3f}",
        ),
        _against(verdict),
    ]
    by_column: dict[str, list[str]] = {}
    for new in verdict["new_words"]:
        by_column.setdefault(new["column"], []).append(f"{new['word']} ({new['share']:.0%})")
    parts += [
        Sentence("new in {column}: {words}", column=column, words=", ".join(found))
        for column, found in by_column.items()
    ]
    parts += [
        Sentence(
            "{column} is {now}, and the model has learnt from {least} to {most}",
            column=one["column"],
            now=f"{one['now']:g}",
            least=f"{one['least']:g}",
            most=f"{one['most']:g}",
        )
        for one in verdict["economy"]
        if one["moved"]
    ]
    if verdict["drift"]:
        parts += [
            Sentence("{people} of the newest came with the file {file}", people=one["people"], file=one["file"])
            for one in verdict["files"][:MOST_FILES]
            if one["people"] >= FROM_ONE_FILE * verdict["window"]
        ]
    return joined(parts)


def _against(verdict: Document) -> Sentence:
    """The people who are compared, and with whom."""
    compared: dict[str, Any] = {
        "window": verdict["window"],
        "reference": verdict["reference"],
        "version": verdict["version"],
    }
    match verdict["against"]:
        case "before":
            return Sentence(
                "the newest {window} people against the {reference} before them, by version {version}", **compared
            )
        case "in use":
            return Sentence(
                "the newest {window} people against the {reference} from when a model was last accepted, by version "
                "{version}",
                **compared,
            )
        case _:
            return Sentence(
                "the newest {window} people against {reference} training rows, which were chosen for a call, so this "
                "is information and no alarm, by version {version}",
                **compared,
            )
