"""The figures of a week's review, as shown, signed and stored: plain values, so that a signature can freeze them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.oversight import report_words, reviews, week
from core.oversight.reviews import signed_review
from core.oversight.week import Facts, latest_reason
from core.sentences import to_document
from core.stores.mongo import Db, Document

Figures = Mapping[str, Any]
PICTURED = ("column", "distance", "limit", "drifted", "shape")


def figures_of_week(db: Db, model: str, name: str) -> Document:
    """The present figures of the week `name`. Raises Unavailable."""
    since, until = week.week_bounds(name)
    facts = week.gather_facts(db, model, since, until)
    return {
        "week": {"from": since, "until": until},
        "champion": facts.lineup.champion,
        "calls": facts.calls,
        "sales": facts.sales,
        "moved": drift_figures(facts),
        "quality": quality_figures(facts),
        "decisions": [
            {"at": one.at, "what": one.what.value, "version": one.version, "by": one.by, "why": to_document(one.why)}
            for one in facts.taken
        ],
        "trainings": facts.trainings,
        "incidents": [
            {
                "cause": str(one["cause"]),
                "status": str(one["status"]),
                "opened": one["opened"]["at"],
                "last": to_document(latest_reason(one)),
            }
            for one in facts.incidents
        ],
        "needs": [to_document(one) for one in facts.needs],
    }


def drift_figures(found: Facts) -> Document | None:
    """The week's drift reports: the newest report's distances, the largest first, and the week's `largest`.

    None without a report.
    """
    reports = found.reports_on("drift")
    if not reports:
        return None
    newest = reports[-1]["verdict"]
    largest: dict[str, float] = {}
    for report in reports:
        for column in report["verdict"]["columns"]:
            largest[column["column"]] = max(largest.get(column["column"], 0.0), column["distance"])
    columns = [
        {**{name: column.get(name) for name in PICTURED}, "largest": largest[column["column"]]}
        for column in newest["columns"]
    ]
    score = {name: newest["score"][name] for name in ("distance", "limit", "drifted")}
    return {
        "version": newest["version"],
        "window": newest["window"],
        "reference": newest["reference"],
        "against": newest["against"],
        "economy": [one for one in newest["economy"] if one["moved"]],
        "files": newest["files"],
        "reports": len(reports),
        "bad": found.bad("drift"),
        "drift": bool(newest["drift"]),
        "score": {**score, "largest": max(report["verdict"]["score"]["distance"] for report in reports)},
        "columns": sorted(columns, key=lambda column: -column["distance"]),
        "page": (reports[-1].get("snapshot") or {}).get("page"),
    }


def of_earlier_releases(moved: Figures) -> Figures:
    """The drift figures of a week that was signed before a column had a limit of its own, in the form of today."""
    if "limit" not in moved:
        return moved
    limit = moved["limit"]
    columns = [{**one, "limit": limit, "shape": _renamed(one.get("shape"))} for one in moved["columns"]]
    score = {**moved["score"], "limit": limit}
    return {**moved, "columns": columns, "score": score, "against": "earlier release", "economy": [], "files": []}


def _renamed(shape: Figures | None) -> Figures | None:
    return {**shape, "before": shape["training"]} if shape else None


def quality_figures(found: Facts) -> Document | None:
    """The week's newest quality report beside the model's promise; None without one."""
    reports = found.reports_on("quality")
    if not reports:
        return None
    newest = reports[-1]["verdict"]
    measured, promised = newest["quality"], newest["promise"]
    return {
        "version": newest["version"],
        "size": measured["size"],
        "auc": newest.get("order", measured["auc"]),  # of earlier releases the AUC of all
        "promised_auc": promised["auc"],
        "conversion": report_words.conversion(measured),
        "promised_conversion": promised["conversion"],
        "top_half_capture": measured["top_half_capture"],
        "broken": [to_document(how) for how in report_words.broken(newest)],
        "reports": len(reports),
        "bad": found.bad("quality"),
        "page": (reports[-1].get("snapshot") or {}).get("page"),
    }


def signed_or_present(db: Db, model: str, name: str) -> tuple[Document, reviews.Signed | None]:
    """A week's figures and signatures as signed, or its present figures and None. Raises Unavailable."""
    signed = signed_review(db, model, name)
    return (signed.figures, signed) if signed else (figures_of_week(db, model, name), None)
