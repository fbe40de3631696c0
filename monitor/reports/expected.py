"""Quality while outcomes are not in: what the newest scores promise, if they are the probabilities they claim to be.

Confidence-based performance estimation (NannyML documentation, "CBPE"): outcomes are drawn from the calibrated scores
themselves (`monitor.reports.promise`), which gives the AUC and the conversion to be expected, and how far they vary for
as many calls. Its limit is its premise. It sees people become easier or harder to tell apart; it cannot see that the
same people now decide otherwise. So it stands beside the verdict on outcomes and never opens an incident.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pymongo import DESCENDING

from core.models.decisions import CHAMPION
from core.stores.mongo import reachable
from monitor.reports import windows
from monitor.reports.promise import Promise, promised
from monitor.reports.registry import Registry
from monitor.reports.shelf import STRIDE, Shelf, fresh

KIND = "estimate"
LIMITS = (
    "it assumes that the scores are calibrated as they were in training; it does not see that the same people decide"
    " otherwise than before, and it covers all who were scored, not those who will be called"
)


@dataclass(frozen=True)
class Estimate:
    """What a window of predictions promises. `first` and `last` are keys of the prediction log."""

    version: str
    code_version: str
    window: int
    first: str
    last: str
    since: datetime
    until: datetime
    promise: Promise

    @property
    def sentence(self) -> str:
        """The estimate for people, with its limits."""
        found = self.promise
        return (
            f"expected without outcomes, from the newest {self.window} predictions of version {self.version}: AUC "
            f"{found.auc:.3f} (at least {found.auc_low:.3f}), conversion {found.conversion:.3f} "
            f"({found.conversion_low:.3f} to {found.conversion_high:.3f}) if all were called; {LIMITS}"
        )

    def document(self) -> dict[str, Any]:
        """As it stands in MongoDB."""
        return {**asdict(self), "limits": LIMITS, "sentence": self.sentence}


def estimate(window: Sequence[windows.Scored], version: str, code_version: str) -> Estimate:
    """What n predictions (at least one; the newest first) promise."""
    last, first = window[0], window[-1]
    promise = promised([row.score for row in window])
    return Estimate(version, code_version, len(window), first.id, last.id, first.at, last.at, promise)


def review_expected(shelf: Shelf, registry: Registry, size: int, code_version: str) -> str:
    """Estimate from the `size` newest predictions of the champion, if there are as many; what there is to say.

    Kept in `reports` once a tenth of the window is new. Raises Unavailable.
    """
    champion = registry.version_by_alias(CHAMPION)
    if champion is None:
        return "no champion yet, so nothing to expect"
    window = windows.predictions(shelf.db, champion.version, size)
    if len(window) < size:
        return f"no estimate: {len(window)} of {size} prospects predicted by version {champion.version}"
    query = {"kind": KIND, "verdict.version": champion.version}
    with reachable():
        before = shelf.db.reports.find_one(query, sort=[("verdict.until", DESCENDING)])
    if before and fresh([(row.id, row.at) for row in window], before["verdict"]) * STRIDE < len(window):
        return str(before["verdict"]["sentence"])
    found = estimate(window, champion.version, code_version)
    shelf.keep(f"{KIND}:{champion.version}:{window[0].id}", KIND, found.document())
    return found.sentence
