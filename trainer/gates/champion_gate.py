"""The champion gate: a candidate against the champion, outcome by outcome, on the newest outcomes.

Both score the same people, and neither has learnt from them, so the comparison is paired and fair. The scores are at
their level, as in service (`trainer.fitting.recipe.champion_gate` shifts them). The gate refuses a candidate that is
shown to be worse: in log loss (a proper score, which rewards honest probabilities only), in ranking, or in a segment. A
trial on new outcomes must show that it is better: a few hundred old ones cannot, and a gate that asked for it would
refuse every second good model by chance. Without a champion, the candidate is compared with the base rate in the same
way. An appliance may start with a list hardly better than a random one, and the sentence then says so.

Worse means: by more than the margin *and* by more than two standard errors. Segments below a minimum size are not
judged. The error of a difference of two AUCs is DeLong's (DeLong, DeLong and Clarke-Pearson, Biometrics 1988).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

from core.models.metrics import top_half_capture
from core.models.proof import Scores
from core.schema import Schema
from core.schema.column import BLANK
from core.settings.loop import TrainerSettings

BINS = 4
CERTAIN = 2.0  # standard errors
EDGE = 1e-15  # a wrong forecast of exactly 0 or 1 would have an infinite loss

Outcomes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class GateRules:
    """The limits for a candidate. Log losses are per outcome, in nats; AUC and capture are shares.

    `auc`: the least gain over guessing; `log_loss`: the least gain of a first model over the base rate; `rows`: the
    fewest outcomes that neither model has learnt from, for a comparison of two.
    """

    auc: float = 0.02
    log_loss: float = 0.0
    rows: int = 100
    ranking_margin: float = 0.01
    segment_margin: float = 0.02
    segment_rows: int = 200

    @classmethod
    def from_settings(cls, settings: TrainerSettings) -> GateRules:
        """The rules that the settings give."""
        return cls(
            auc=settings.callwise_gate_auc,
            log_loss=settings.callwise_gate_log_loss,
            rows=settings.callwise_gate_rows,
            ranking_margin=settings.callwise_gate_ranking_margin,
            segment_margin=settings.callwise_gate_segment_margin,
            segment_rows=settings.callwise_gate_segment_rows,
        )


@dataclass(frozen=True)
class Segment:
    """A group of people: `loss` is the candidate's additional log loss there, with its standard error."""

    name: str
    rows: int
    loss: float
    error: float
    judged: bool
    worse: bool


@dataclass(frozen=True)
class Decision:
    """Whether the candidate passes, why in one sentence, the figures behind it, and every segment."""

    passed: bool
    why: str
    figures: dict[str, float]
    segments: list[Segment] = field(default_factory=list)


def against_champion(
    outcomes: Outcomes, candidate: Scores, champion: Scores, segments: pd.DataFrame, rules: GateRules
) -> Decision:
    """Judge `candidate` against `champion` on n outcomes (0 or 1).

    Scores, at their level, have shape [n]; `segments` (n rows) gives the groups of each outcome.
    """
    sales, on = int(outcomes.sum()), f"on the newest {len(outcomes)} outcomes"
    if len(outcomes) < rules.rows or sales in (0, len(outcomes)):
        why = (
            f"only {len(outcomes)} outcomes ({sales} sales) are newer than what the champion has learnt from, and "
            f"{rules.rows} with both outcomes are needed to compare it"
        )
        return Decision(False, why, {"rows": float(len(outcomes)), "sales": float(sales)})
    gain = losses(outcomes, champion) - losses(outcomes, candidate)
    lost = {
        "auc": auc_lost(outcomes, candidate, champion),
        "top_half": top_half_lost(outcomes, candidate, champion),
    }
    figures = {
        "rows": float(len(outcomes)),
        "sales": float(sales),
        **{f"candidate_{name}": value for name, value in measures(outcomes, candidate).items()},
        **{f"champion_{name}": value for name, value in measures(outcomes, champion).items()},
        "log_loss_gain": float(gain.mean()),
        "log_loss_gain_error": _error(gain),
        **{f"{name}_lost_error": error for name, (_, error) in lost.items()},
    }
    judged = [_segment(name, -gain[rows], rules) for name, rows in _groups(segments)]
    if not gain.any():
        return Decision(False, f"{on} its scores equal the champion's: there is nothing to try", figures, judged)
    if worse := _worse_ranking(figures, lost, rules) or _worse_log_loss(figures):
        return Decision(False, f"{on} {worse}", figures, judged)
    if worse := _worst_segment(judged, rules):
        return Decision(False, worse, figures, judged)
    why = (
        f"{on} it is not shown to be worse than the champion: log loss {figures['candidate_log_loss']:.5f} against "
        f"{figures['champion_log_loss']:.5f}, AUC {figures['candidate_auc']:.4f} against "
        f"{figures['champion_auc']:.4f}, and none of {sum(s.judged for s in judged)} segments is worse"
    )
    return Decision(True, why, figures, judged)


def _worse_ranking(figures: dict[str, float], lost: dict[str, tuple[float, float]], rules: GateRules) -> str | None:
    """The first measure of ranking in which the candidate is shown to be worse, as a sentence."""
    for name, label in (("auc", "AUC"), ("top_half", "share of sales in the better half of the list")):
        by, error = lost[name]
        if by > rules.ranking_margin and by > CERTAIN * error:
            figured = f"{figures[f'candidate_{name}']:.4f} against {figures[f'champion_{name}']:.4f}"
            return f"its {label} is {figured}: worse than the champion's by {by:.4f} ± {error:.4f}"
    return None


def _worse_log_loss(figures: dict[str, float]) -> str | None:
    lost, error = -figures["log_loss_gain"], figures["log_loss_gain_error"]
    if lost <= CERTAIN * error:
        return None
    return (
        f"it is worse than the champion: log loss {figures['candidate_log_loss']:.5f} against "
        f"{figures['champion_log_loss']:.5f}, by {lost:.5f} ± {error:.5f}"
    )


def _worst_segment(judged: Sequence[Segment], rules: GateRules) -> str | None:
    worst = max((segment for segment in judged if segment.worse), key=lambda segment: segment.loss, default=None)
    if worst is None:
        return None
    return (
        f"the segment {worst.name} ({worst.rows} outcomes) is worse by a log loss of {worst.loss:.4f} ± "
        f"{worst.error:.4f}, where {rules.segment_margin:g} is allowed"
    )


def against_base_rate(outcomes: Outcomes, candidate: Scores, base_rate: float, rules: GateRules) -> Decision:
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
    chance, gained, error = null_error(outcomes), figures["log_loss_gain"], figures["log_loss_gain_error"]
    if auc < 0.5 + rules.auc - CERTAIN * chance:
        why = f"{on} its AUC is {auc:.4f} ± {chance:.4f}: shown to be below {0.5 + rules.auc:g}, so worse than guessing"
        return Decision(False, why, figures)
    if gained - rules.log_loss < -CERTAIN * error:
        why = (
            f"{on} it is worse than the base rate of {base_rate:.4f}: it gains a log loss of {gained:.5f} ± "
            f"{error:.5f}, where {rules.log_loss:g} is needed"
        )
        return Decision(False, why, figures)
    shown = auc > 0.5 + CERTAIN * chance and gained > rules.log_loss
    than = "better than" if shown else "not clearly better than"
    why = (
        f"{on} it is {than} guessing at the base rate of {base_rate:.4f}: AUC {auc:.4f} ± {chance:.4f}, log loss lower "
        f"by {gained:.5f} ± {error:.5f}"
    )
    return Decision(True, why, figures)


def null_error(outcomes: Outcomes) -> float:
    """The standard deviation of the AUC of a list in random order, with these n outcomes (Mann and Whitney, 1947)."""
    sales = int(outcomes.sum())
    refusals = len(outcomes) - sales
    return float(np.sqrt((sales + refusals + 1) / (12 * sales * refusals)))


def measures(outcomes: Outcomes, scores: Scores) -> dict[str, float]:
    """Log loss, AUC, and the share of the sales in the better half of the list."""
    return {
        "log_loss": float(losses(outcomes, scores).mean()),
        "auc": float(roc_auc_score(outcomes, scores)),
        "top_half": top_half_capture(outcomes, scores),
    }


def losses(outcomes: Outcomes, scores: Scores) -> Scores:
    """The log loss of each of the n forecasts, in nats."""
    chances = np.clip(np.where(outcomes == 1, scores, 1 - scores), EDGE, None)
    return np.asarray(-np.log(chances), dtype=np.float64)


def auc_lost(outcomes: Outcomes, candidate: Scores, champion: Scores) -> tuple[float, float]:
    """How much lower the candidate's AUC is than the champion's, and DeLong's standard error of the difference."""
    sold = outcomes == 1
    of_sales, of_refusals = (_places(champion, sold, side) - _places(candidate, sold, side) for side in (sold, ~sold))
    return float(of_sales.mean()), float(np.hypot(_error(of_sales), _error(of_refusals)))


def _places(scores: Scores, sold: npt.NDArray[np.bool_], side: npt.NDArray[np.bool_]) -> Scores:
    """For each call on one side (sales or refusals), the share of the other side that it is ordered correctly with."""
    others = len(scores) - int(side.sum())
    above = (rankdata(scores)[side] - rankdata(scores[side])) / others
    return np.asarray(above if (sold == side).all() else 1 - above, dtype=np.float64)


def top_half_lost(outcomes: Outcomes, candidate: Scores, champion: Scores) -> tuple[float, float]:
    """How much smaller the share of sales in the candidate's better half is, and its standard error over the sales."""
    sold = outcomes == 1
    inside = [(rankdata(-scores)[sold] <= len(scores) / 2).astype(np.float64) for scores in (champion, candidate)]
    difference = inside[0] - inside[1]
    lost = top_half_capture(outcomes, champion) - top_half_capture(outcomes, candidate)
    return lost, _error(difference)


def segments_of(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """The groups of each of the n rows, one column for each of the schema's segments.

    A number has four parts of equal size on these rows. A gate sees its rows once; a trial fixes its parts before it.
    """
    groups: dict[str, pd.Series[str]] = {}
    for name in schema.segments:
        if schema.by_name[name].is_category:
            groups[name] = frame[name].map(schema.by_name[name].group)
        else:
            parts = pd.qcut(frame[name], BINS, duplicates="drop").astype(str)
            groups[name] = parts.where(frame[name].notna(), BLANK)
    return pd.DataFrame(groups, index=frame.index)


def _groups(segments: pd.DataFrame) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    return [
        (f"{name} {value}", (segments[name] == value).to_numpy())
        for name in segments
        for value in sorted(segments[name].unique())
    ]


def _segment(name: str, loss: Scores, rules: GateRules) -> Segment:
    mean, error = float(loss.mean()), _error(loss)
    judged = len(loss) >= rules.segment_rows
    worse = judged and mean > rules.segment_margin and mean > CERTAIN * error
    return Segment(name, len(loss), mean, error, judged, worse)


def _error(values: Scores) -> float:
    """The standard error of the mean of n values."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
