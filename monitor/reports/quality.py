"""Quality of the champion where outcomes are known: its scores before the newest calls, and what came of these.

Two bars. The champion's figures on its own training data are shown to people, and flatter it: it has seen those rows,
and they are not a selection, while people are called from the top of the list. The verdict rests on the other bar: what
the scores of these very calls promised (`promise`). Windows that share outcomes are not independent.

Where refreshes follow each other after some hundred outcomes, one champion's outcomes are too few to show that the
order is lost. So all outcomes count since a model was last accepted: those of its whole line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from core.models import level
from core.models.decisions import CHAMPION
from core.models.metrics import Quality, quality
from core.models.registry import SCORE
from core.sentences import Sentence, to_document
from core.stores.evidently import QUALITY
from monitor.jobs.cause_states import WELL, record_state
from monitor.reports import windows
from monitor.reports.promise import TOGETHER, Promise, order_of, promise_of
from monitor.reports.registry import Registry
from monitor.reports.shelf import ReportStore

OUTCOME, SQUARED_ERROR = "outcome", "squared_error"
LEAST = 200
"""Outcomes from which there is a verdict."""


@dataclass(frozen=True)
class QualityVerdict:
    """The verdict on a window of outcomes. It names nobody: verdicts are stored for ever, and people may be erased.

    `version`: the champion; `accepted`: the version that was last accepted, whose line is judged. `order`: the AUC
    among calls of the same time (`monitor.reports.promise`), which is held against the promise.
    """

    version: str
    accepted: str
    code_version: str
    since: datetime
    until: datetime
    quality: Quality
    order: float
    promise: Promise
    reference: Quality

    @property
    def broken(self) -> tuple[Sentence, ...]:
        """The ways in which the champion breaks its promise; empty if it keeps it."""
        return self.promise.broken(self.order, self.quality.conversion)

    @property
    def sentence(self) -> str:
        """The verdict for people."""
        window = self.quality
        text = "; ".join(self.broken) or "the champion keeps what it promised"
        line = f" and the others in use since version {self.accepted}" if self.accepted != self.version else ""
        promised, training = self.promise.auc, self.reference.auc
        return (
            f"{text}. {window.size} outcomes of version {self.version}{line}: AUC {self.order:.3f} among calls of the "
            f"same time (promised {promised:.3f}), {window.auc:.3f} of all (training {training:.3f}), "
            f"conversion {window.conversion:.3f} (promised {self.promise.conversion:.3f}), "
            f"{window.top_half_capture:.0%} of the sales in the better half"
        )

    def document(self) -> dict[str, Any]:
        """The document for MongoDB."""
        broken = {"broken": [str(how) for how in self.broken], "said": [to_document(how) for how in self.broken]}
        return {**asdict(self), **broken, "degraded": bool(self.broken)}


def review_quality(
    shelf: ReportStore,
    registry: Registry,
    size: int,
    code_version: str,
    *,
    lineage: Sequence[str] = (),
    level_outcomes: int = 0,
) -> str:
    """Judge the `size` newest outcomes, or as many as there are, and publish once; returns it in words.

    `lineage`: whose outcomes count (`core.models.decisions.SuccessionState`; empty: the champion's). Those count, too,
    that a version had a say in before it was champion, as a refresh or on trial. `LEAST` are enough: a promise's bounds
    are as wide as the window's size asks. `level_outcomes`: see `judge`.

    Raises Unavailable, NotFound when the champion has no training data beside it.
    """
    champion = registry.version_by_alias(CHAMPION)
    if champion is None:
        return "no champion yet, so nothing to judge"
    versions = lineage or [champion.version]
    window = windows.outcomes(shelf.db, versions, size)
    least = min(size, LEAST)
    if len(window) < least:
        return f"no verdict: {len(window)} of {least} outcomes of people that version {champion.version} scored"
    sales = sum(call.positive for call in window)
    if sales in (0, len(window)):
        return f"no verdict: of {len(window)} outcomes {sales} are sales, and a ranking needs both sales and refusals"
    # A new champion of the same line gets the line's verdict at once: incidents are about the champion.
    keys = [(call.outcome, call.at) for call in window]
    if not shelf.count_new("performance", versions[-1], keys, by="accepted", version=champion.version):
        return "less than a tenth of the window is new since the last report"
    verdict, snapshot = judge(
        registry.reference(champion), window, champion.version, code_version, level_outcomes, accepted=versions[-1]
    )
    report = report_id(champion.version, window)
    shelf.store_verdict(report, "performance", verdict.document())
    record_state(shelf.db, "quality", "degraded" if verdict.broken else WELL, report, verdict.sentence)
    return f"{verdict.sentence}; {shelf.publish(report, snapshot)}"


def report_id(version: str, window: Sequence[windows.Called]) -> str:
    """The natural key of the report on `window`: a hash of all its outcomes, so that it names none of them."""
    keys = "\n".join(call.outcome for call in window)
    return f"performance:{version}:{hashlib.sha256(keys.encode()).hexdigest()[:16]}"


def judge(
    reference: pd.DataFrame,
    window: Sequence[windows.Called],
    version: str,
    code_version: str,
    level_outcomes: int = 0,
    *,
    accepted: str = "",
) -> tuple[QualityVerdict, str]:
    """The verdict on `window` (n calls, the newest first) and its Evidently snapshot as JSON.

    `accepted`: see `QualityVerdict`; "" stands for `version`.

    `level_outcomes`: how many outcomes levels are estimated from, 0 where they do not move (`CALLWISE_LEVEL_OUTCOMES`).
    `reference` has `outcome` (0 or 1) and `score`. Raises InputError when either holds one class only.
    """
    from evidently import BinaryClassification, DataDefinition, Dataset, Report  # noqa: PLC0415 - as in drift
    from evidently.metrics import LogLoss, MeanValue, RocAuc  # noqa: PLC0415

    from monitor.reports.top_half_metric import TopHalfCapture  # noqa: PLC0415

    current = pd.DataFrame({OUTCOME: [int(call.positive) for call in window], SCORE: [call.score for call in window]})
    definition = DataDefinition(
        numerical_columns=[OUTCOME, SCORE, SQUARED_ERROR],
        classification=[BinaryClassification(target=OUTCOME, prediction_probas=SCORE, pos_label=1)],
    )
    metrics = [
        RocAuc(),
        TopHalfCapture(outcome=OUTCOME, score=SCORE),
        LogLoss(),
        *(MeanValue(column=column) for column in (OUTCOME, SCORE, SQUARED_ERROR)),
    ]
    last, first = window[0], window[-1]
    snapshot = Report(metrics).run(
        Dataset.from_pandas(_with_error(current), definition),
        Dataset.from_pandas(_with_error(reference), definition),
        name=f"Quality, version {version}",
        timestamp=last.at.astimezone(UTC).replace(tzinfo=None),  # Evidently compares times without a zone
        metadata={"report": report_id(version, window), "version": version, "code_version": code_version},
        tags=[QUALITY],
    )
    verdict = QualityVerdict(
        version=version,
        accepted=accepted or version,
        code_version=code_version,
        since=first.at,
        until=last.at,
        quality=quality(current[OUTCOME], current[SCORE]),
        order=order_of(current[OUTCOME], current[SCORE]),
        promise=promise_of(current[SCORE], level.left(current[SCORE], level_outcomes), TOGETHER),
        reference=quality(reference[OUTCOME], reference[SCORE]),
    )
    return verdict, snapshot.dumps()


def _with_error(frame: pd.DataFrame) -> pd.DataFrame:
    """Outcome and score, and the squared error whose mean is the Brier score."""
    return frame[[OUTCOME, SCORE]].assign(**{SQUARED_ERROR: (frame[OUTCOME] - frame[SCORE]) ** 2})
