"""The verdict on a trial: the decision, its figures and its words; and the rules that it was made by."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, Self

from core.sentences import Sentence, joined
from core.settings.loop import TrialSettings

VerdictKind = Literal["promote", "roll back", "go on", "inconclusive"]
PROMOTE: VerdictKind = "promote"
ROLL_BACK: VerdictKind = "roll back"
GO_ON: VerdictKind = "go on"
INCONCLUSIVE: VerdictKind = "inconclusive"
ENDS = {
    PROMOTE: Sentence("promote"),
    ROLL_BACK: Sentence("roll back"),
    INCONCLUSIVE: Sentence("inconclusive"),
}


@dataclass(frozen=True)
class TrialRules:
    """The rates of false decisions, and the sizes. Set before the trial: none may depend on its outcomes."""

    promote: float = 0.05
    roll_back: float = 0.05
    minimum: int = 200  # outcomes before a promotion
    limit: int = 1000  # outcomes after which the champion stays
    days: float = 28.0  # days after which it does, however few the outcomes
    window: int = 500  # earlier calls, among which a call is ranked
    guard: float = 0.05  # rate of false rollbacks, by all segments together
    segments: int = 24  # that share this rate; further ones are not judged
    segment_rows: int = 200  # outcomes before a segment is judged
    segment_margin: float = 0.02  # nats a call that the canary may score worse in it
    confidence: float = 0.05  # chance that a confidence sequence ever misses the truth

    @classmethod
    def from_settings(cls, settings: TrialSettings) -> Self:
        """The rules that `settings` name."""
        return cls(
            promote=settings.callwise_trial_false_promotion,
            roll_back=settings.callwise_trial_false_rollback,
            minimum=settings.callwise_trial_minimum,
            limit=settings.callwise_trial_limit,
            days=settings.callwise_trial_days,
        )


@dataclass(frozen=True)
class Comparison:
    """A mean gain of the canary, its interval, and the evidence (e-values) that it is above and below 0."""

    estimate: float
    low: float
    high: float
    better: float
    worse: float


@dataclass(frozen=True)
class Segment:
    """A segment's outcomes, the canary's mean loss of score (nats), and the evidence that it is above the margin."""

    name: str
    outcomes: int
    loss: float
    evidence: float
    reached: bool


@dataclass(frozen=True)
class Verdict:
    """The decision on the first `outcomes` pairs, and its grounds.

    `score` is in nats a call, `ranking` in shares of the refusals before a sale, `auc` over all pairs of calls within a
    window. `routed` counts the people called on the canary's route; `until` is when the last of the outcomes became
    known. A verdict names nobody, because decisions are stored for ever.
    """

    what: VerdictKind
    why: str
    outcomes: int
    sales: int
    routed: int
    since: datetime | None
    until: datetime | None
    score: Comparison
    ranking: Comparison
    auc: float
    segments: tuple[Segment, ...]
    rules: TrialRules

    @property
    def decided(self) -> bool:
        """Whether the trial is over."""
        return self.what != GO_ON

    @property
    def sentence(self) -> str:
        """The verdict for people."""
        found = joined([ENDS[self.what], self.why], ": ") if self.decided else self.why
        if not self.outcomes:
            nobody = Sentence("no person whom both models scored has an outcome yet")
            return joined([found, nobody])
        figures = Sentence(
            "{outcomes} outcomes ({sales} sales, {routed} on the canary's route): score gain {gain} a call ({low} to "
            "{high} at {confidence}), AUC {auc}",
            outcomes=self.outcomes,
            sales=self.sales,
            routed=self.routed,
            gain=f"{self.score.estimate:+.4f}",
            low=f"{self.score.low:+.4f}",
            high=f"{self.score.high:+.4f}",
            confidence=f"{1 - self.rules.confidence:.0%}",
            auc=f"{self.auc:+.3f}",
        )
        return joined([found, figures])

    def document(self) -> dict[str, Any]:
        """The document for MongoDB."""
        return {**asdict(self), "segments": [asdict(segment) for segment in self.segments], "sentence": self.sentence}
