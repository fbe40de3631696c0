"""Quality while outcomes are missing: what the lists' scores promise, if they are the probabilities they claim to be.

Confidence-based performance estimation (NannyML documentation, "CBPE"): outcomes are drawn from the calibrated scores
(`monitor.reports.promise`), which gives the AUC and the conversion to expect, and their range for as many calls. The
scores are those of people who are open now, drawn by a hash (`monitor.reports.windows.predictions`). The estimate sees
people become easier or harder to tell apart; it cannot see that the same people now decide otherwise. So it is shown
beside the verdict on outcomes and never opens an incident.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from core.models.decisions import CHAMPION
from monitor.reports import windows
from monitor.reports.promise import Promise, promise_of
from monitor.reports.registry import Registry
from monitor.reports.shelf import STRIDE, ReportStore, count_new

KIND = "estimate"
LIMITS = (
    "it assumes that the scores are calibrated as they were in training; it does not see that the same people decide"
    " otherwise than before, and it covers all who were scored, not those who will be called"
)


@dataclass(frozen=True)
class Estimate:
    """The promise of a window of predictions. `first` and `last` are keys of the prediction log."""

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
        promise = self.promise
        return (
            f"expected without outcomes, from the scores of {self.window} people by version {self.version}: AUC "
            f"{promise.auc:.3f} (at least {promise.auc_low:.3f}), conversion {promise.conversion:.3f} "
            f"({promise.conversion_low:.3f} to {promise.conversion_high:.3f}) if all were called; {LIMITS}"
        )

    def document(self) -> dict[str, Any]:
        """The document for MongoDB."""
        return {**asdict(self), "limits": LIMITS, "sentence": self.sentence}


def estimate(window: Sequence[windows.Scored], version: str, code_version: str) -> Estimate:
    """The promise of n predictions (at least one; the newest first)."""
    last, first = window[0], window[-1]
    promise = promise_of([row.score for row in window])
    return Estimate(version, code_version, len(window), first.id, last.id, first.at, last.at, promise)


def review_expected(shelf: ReportStore, registry: Registry, size: int, code_version: str) -> str:
    """Estimate from the champion's scores of `size` people, if there are as many; returns the result in words.

    A report is written once a tenth of the window is new. Raises Unavailable.
    """
    champion = registry.version_by_alias(CHAMPION)
    if champion is None:
        return "no champion yet, so nothing to expect"
    window = windows.predictions(shelf.db, champion.version, size)
    if len(window) < size:
        return f"no estimate: {len(window)} of {size} prospects predicted by version {champion.version}"
    before = shelf.newest(KIND, champion.version)
    if before and count_new([(row.id, row.at) for row in window], before["verdict"]) * STRIDE < len(window):
        return str(before["verdict"]["sentence"])
    expected = estimate(window, champion.version, code_version)
    shelf.store_verdict(f"{KIND}:{champion.version}:{window[0].id}", KIND, expected.document())
    return expected.sentence
