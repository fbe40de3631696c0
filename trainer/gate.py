"""The champion gate: a candidate against the champion, outcome by outcome, on the newest outcomes.

Both have scored the same people, so the comparison is paired. The candidate must have the lower log loss (a proper
score: it rewards honest probabilities and nothing else), must not rank worse by more than a margin, and no segment may
pay for it. Without a champion it is held against the forecast that knows only how often people said yes of late.

A small segment swings by chance. One that is worse stops a candidate if the loss is above the margin *and* two
standard errors above nothing; segments under a stated size are not judged.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import roc_auc_score

from core.model_registry import Scores
from core.schema import Schema
from core.settings import TrainerSettings

BINS = 4
CERTAIN = 2.0  # standard errors
EDGE = 1e-15  # a forecast of exactly 0 or 1 that is wrong would cost an infinite loss

Outcomes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Rules:
    """What a candidate must be. Log losses are per outcome, in nats; AUC and capture are shares."""

    auc: float = 0.02
    log_loss: float = 0.0
    ranking_margin: float = 0.01
    segment_margin: float = 0.02
    segment_rows: int = 200

    @classmethod
    def of(cls, settings: TrainerSettings) -> Rules:
        """As the settings say."""
        return cls(
            auc=settings.callwise_gate_auc,
            log_loss=settings.callwise_gate_log_loss,
            ranking_margin=settings.callwise_gate_ranking_margin,
            segment_margin=settings.callwise_gate_segment_margin,
            segment_rows=settings.callwise_gate_segment_rows,
        )


@dataclass(frozen=True)
class Segment:
    """A group of people: `loss` is how much more log loss the candidate has there, with its standard error."""

    name: str
    rows: int
    loss: float
    error: float
    judged: bool
    worse: bool


@dataclass(frozen=True)
class Decision:
    """Whether the candidate passes, why in one sentence, the figures it rests on, and every segment."""

    passed: bool
    why: str
    figures: dict[str, float]
    segments: list[Segment] = field(default_factory=list)


def against_champion(
    outcomes: Outcomes, candidate: Scores, champion: Scores, segments: pd.DataFrame, rules: Rules
) -> Decision:
    """Judge `candidate` against `champion` on n outcomes (0 or 1).

    Scores have shape [n]; `segments` (n rows) says which groups each outcome belongs to.
    """
    gain = losses(outcomes, champion) - losses(outcomes, candidate)
    figures = {
        "rows": float(len(outcomes)),
        "sales": float(outcomes.sum()),
        **{f"candidate_{name}": value for name, value in measures(outcomes, candidate).items()},
        **{f"champion_{name}": value for name, value in measures(outcomes, champion).items()},
        "log_loss_gain": float(gain.mean()),
        "log_loss_gain_error": _error(gain),
    }
    judged = [_segment(name, -gain[rows], rules) for name, rows in _groups(segments)]
    worse = [segment for segment in judged if segment.worse]
    on = f"on the newest {len(outcomes)} outcomes"
    for name, label in (("auc", "AUC"), ("top_half", "share of sales in the better half of the list")):
        lost = figures[f"champion_{name}"] - figures[f"candidate_{name}"]
        if lost > rules.ranking_margin:
            figured = f"{figures[f'candidate_{name}']:.4f} against {figures[f'champion_{name}']:.4f}"
            why = f"{on} its {label} is {figured}, more than {rules.ranking_margin:g} worse than the champion's"
            return Decision(False, why, figures, judged)
    if not figures["log_loss_gain"] > rules.log_loss:
        why = (
            f"{on} it is not better than the champion: log loss {figures['candidate_log_loss']:.5f} against "
            f"{figures['champion_log_loss']:.5f}, where more than {rules.log_loss:g} must be gained"
        )
        return Decision(False, why, figures, judged)
    if worse:
        first = max(worse, key=lambda segment: segment.loss)
        why = (
            f"the segment {first.name} ({first.rows} outcomes) is worse by a log loss of {first.loss:.4f} ± "
            f"{first.error:.4f}, where {rules.segment_margin:g} is allowed"
        )
        return Decision(False, why, figures, judged)
    why = (
        f"{on} it is better than the champion: log loss {figures['candidate_log_loss']:.5f} against "
        f"{figures['champion_log_loss']:.5f}, AUC {figures['candidate_auc']:.4f} against "
        f"{figures['champion_auc']:.4f}, and none of {sum(s.judged for s in judged)} segments pays for it"
    )
    return Decision(True, why, figures, judged)


def against_base_rate(outcomes: Outcomes, candidate: Scores, base_rate: float, rules: Rules) -> Decision:
    """Judge the first `candidate` (scores of n outcomes) against the forecast that gives everybody `base_rate`.

    The rate is the share of sales just before these outcomes: what was known when they were forecast.
    """
    gain = losses(outcomes, np.full(len(outcomes), base_rate)) - losses(outcomes, candidate)
    figures = {
        "rows": float(len(outcomes)),
        "sales": float(outcomes.sum()),
        "base_rate": base_rate,
        **{f"candidate_{name}": value for name, value in measures(outcomes, candidate).items()},
        "log_loss_gain": float(gain.mean()),
        "log_loss_gain_error": _error(gain),
    }
    on, auc = f"on the newest {len(outcomes)} outcomes", figures["candidate_auc"]
    if auc < 0.5 + rules.auc:
        why = f"{on} its AUC is {auc:.4f}, where {0.5 + rules.auc:g} is needed to be better than guessing"
        return Decision(False, why, figures)
    if not figures["log_loss_gain"] > rules.log_loss:
        why = (
            f"{on} it is not better than the base rate of {base_rate:.4f}: it gains a log loss of "
            f"{figures['log_loss_gain']:.5f}, where more than {rules.log_loss:g} is needed"
        )
        return Decision(False, why, figures)
    why = (
        f"{on} it is better than the base rate of {base_rate:.4f}: AUC {auc:.4f}, log loss lower by "
        f"{figures['log_loss_gain']:.5f}"
    )
    return Decision(True, why, figures)


def measures(outcomes: Outcomes, scores: Scores) -> dict[str, float]:
    """Log loss, AUC, and the share of the sales that lie in the better half of the list."""
    return {
        "log_loss": float(losses(outcomes, scores).mean()),
        "auc": float(roc_auc_score(outcomes, scores)),
        "top_half": top_half(outcomes, scores),
    }


def losses(outcomes: Outcomes, scores: Scores) -> Scores:
    """The log loss of each of the n forecasts, in nats."""
    given = np.clip(np.where(outcomes == 1, scores, 1 - scores), EDGE, None)
    return np.asarray(-np.log(given), dtype=np.float64)


def top_half(outcomes: Outcomes, scores: Scores) -> float:
    """The share of the sales in the half with the higher scores; rows with the same score share their place."""
    _, place, rows = np.unique(-scores, return_inverse=True, return_counts=True)
    sales = np.bincount(place, weights=outcomes)
    before = np.concatenate([[0], np.cumsum(rows)[:-1]])
    in_half = np.clip((len(scores) / 2 - before) / rows, 0, 1)
    return float((sales * in_half).sum() / outcomes.sum())


def segments_of(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The groups each of the n rows belongs to, a column for each of the schema's segments; numbers in four parts."""
    groups: dict[str, pd.Series[str]] = {}
    for name in schema.segments:
        if schema.by_name[name].is_category:
            groups[name] = frame[name].astype(str)
        else:
            groups[name] = pd.qcut(frame[name], BINS, duplicates="drop").astype(str)
    return pd.DataFrame(groups, index=frame.index)


def _groups(segments: pd.DataFrame) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    return [
        (f"{name} {value}", (segments[name] == value).to_numpy())
        for name in segments
        for value in sorted(segments[name].unique())
    ]


def _segment(name: str, loss: Scores, rules: Rules) -> Segment:
    mean, error = float(loss.mean()), _error(loss)
    judged = len(loss) >= rules.segment_rows
    worse = judged and mean > rules.segment_margin and mean > CERTAIN * error
    return Segment(name, len(loss), mean, error, judged, worse)


def _error(values: Scores) -> float:
    """The standard error of the mean of n values."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
