"""The figures of a week's review, as they are shown, signed and kept: plain values, so that they can be frozen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.oversight import reviews, week
from core.oversight.reviews import signed_review
from core.oversight.week import Facts, last
from core.stores.mongo import Db, Document

Figures = Mapping[str, Any]
PICTURED = ("column", "distance", "drifted", "shape")


def figures_of_week(db: Db, model: str, name: str) -> Document:
    """The figures of the week `name` as they are now. Raises Unavailable."""
    since, until = week.span(name)
    found = week.gather(db, model, since, until)
    return {
        "week": {"from": since, "until": until},
        "champion": found.lineup.champion,
        "calls": found.calls,
        "sales": found.sales,
        "moved": moved(found),
        "quality": quality(found),
        "decisions": [
            {"at": one.at, "what": one.what.value, "version": one.version, "by": one.by, "why": one.why}
            for one in found.taken
        ],
        "trainings": found.trainings,
        "incidents": [
            {"cause": str(one["cause"]), "status": str(one["status"]), "opened": one["opened"]["at"], "last": last(one)}
            for one in found.incidents
        ],
        "needs": found.needs,
    }


def moved(found: Facts) -> Document | None:
    """What the drift reports of the week say; None without one.

    Distances are the newest report's, `largest` the week's; columns stand by their distance, the largest first.
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
    score = {name: newest["score"][name] for name in ("distance", "drifted")}
    return {
        "version": newest["version"],
        "window": newest["window"],
        "reference": newest["reference"],
        "limit": newest["limits"]["distance"],
        "reports": len(reports),
        "bad": found.bad("drift"),
        "drift": bool(newest["drift"]),
        "score": {**score, "largest": max(report["verdict"]["score"]["distance"] for report in reports)},
        "columns": sorted(columns, key=lambda column: -column["distance"]),
        "page": (reports[-1].get("snapshot") or {}).get("page"),
    }


def quality(found: Facts) -> Document | None:
    """What the newest quality report of the week says, beside what was promised; None without one."""
    reports = found.reports_on("quality")
    if not reports:
        return None
    newest = reports[-1]["verdict"]
    measured, promised = newest["quality"], newest["promise"]
    return {
        "version": newest["version"],
        "size": measured["size"],
        "auc": measured["auc"],
        "promised_auc": promised["auc"],
        "conversion": measured["conversion"],
        "promised_conversion": promised["conversion"],
        "top_half_capture": measured["top_half_capture"],
        "broken": list(newest["broken"]),
        "reports": len(reports),
        "bad": found.bad("quality"),
        "page": (reports[-1].get("snapshot") or {}).get("page"),
    }


def shown(db: Db, model: str, name: str) -> tuple[Document, reviews.Signed | None]:
    """What is to be shown of a week: what was signed, and by whom; before that, what there is now."""
    signed = signed_review(db, model, name)
    return (signed.figures, signed) if signed else (figures_of_week(db, model, name), None)
