"""Whether a canary is promoted, rolled back or stays on trial: the verdict on the outcomes known at a moment.

**What is tested.** Canary and champion score everybody, so each outcome gives a pair of forecasts made before it. The
pairs are in the order in which their outcomes became known. Each of the canary's gains, in log score and in ranking
(`gains`), has evidence that its average over the calls is above 0, and evidence that it is below. The evidence may be
read after every outcome (`eprocess` has the theorem), so `judge` finds the *first* outcome at which a rule holds:
judging late, or again after a restart, decides the same as judging after every one.

- *Roll back* when the evidence "worse in score" reaches 1/roll_back: a canary that does not score worse is ever rolled
  back so with a chance of at most `roll_back`. Or when the evidence shows, in one segment, a score that is worse by
  more than a margin: the chance that this ever happens to a canary that is not worse in any segment is at most `guard`.
- *Promote* when the evidence "better in score" reaches 1/promote, and neither gain is negative, from `minimum` on. A
  canary that does not score better is ever promoted with a chance of at most `promote`.
- *Inconclusive* after `limit` outcomes, or after `days` where few are called: the champion stays. Otherwise *go on*.

**Delay.** Forecasts are fixed before the call. Until its outcome is known, only the two possible values of a difference
are; the order may be any that does not look ahead. If sales become known later than refusals, the averages are over
what is known: `limit` counts outcomes, not calls.

**Only people who were called have an outcome.** The verdict is valid for them and says nothing about the others. People
are called from the top of the list, which is the champion's except for the canary's share (5%): only that share has
people whom the canary alone would put on top. Selection by the champion bends the two gains in different ways. Among
the selected, the champion's scores are alike and order little, so any second opinion ranks them better, also one that
is no better on the whole. Evidence from ranking would promote most canaries that equal the champion (`bench.decisions`
prints how many). Without selection it holds only for the refusals that the sales were compared with, whose luck does
not average out where sales are frequent. So ranking can veto a promotion, and decides nothing. The score hardly leans:
a calibrated champion stays calibrated among those it selected. In simulation an equal canary gains between -0.013 and
+0.003 nats a call on the selected, depending on their number, and the rates hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from core.sentences import Sentence
from monitor.trials.eprocess import Differences, Values, confidence, evidence, log_evidence
from monitor.trials.gains import (
    LARGEST_SCORE_GAIN,
    RANKING_BETS,
    SCORE_BETS,
    Flags,
    RankingGain,
    ranking_gain,
    score_gain,
)
from monitor.trials.verdict import (
    GO_ON,
    INCONCLUSIVE,
    PROMOTE,
    ROLL_BACK,
    Comparison,
    Segment,
    TrialRules,
    Verdict,
    VerdictKind,
)


@dataclass(frozen=True)
class Pair:
    """An outcome, the two scores given before its call, the route that was used, and the person's segments.

    A person's segments must not depend on the trial's outcomes, so the schema defines them (`Schema.groups_of`).
    """

    outcome: str
    at: datetime
    positive: bool
    champion: float
    canary: float
    route: str
    segments: Mapping[str, str]


def judge(pairs: Sequence[Pair], rules: TrialRules, lasted: timedelta = timedelta()) -> Verdict:
    """The verdict on `pairs`, in the order of their outcomes, of a trial that has lasted so long.

    Raises ValueError for a score that is not from 0 to 1.
    """
    pairs = pairs[: rules.limit]
    sold = np.array([pair.positive for pair in pairs], dtype=np.bool_)
    champion, canary = _scores(pairs)
    score = score_gain(sold, champion, canary)
    ranking = ranking_gain(sold, champion, canary, rules.window)
    groups = _groups(pairs, rules)
    ends: list[tuple[int, VerdictKind, str]] = [
        *(
            (at, ROLL_BACK, Sentence("the canary is worse in the segment {segment}", segment=name))
            for name, at in _guarded(groups, score, rules)
        ),
        (_first(_shown_worse(score, rules)), ROLL_BACK, Sentence("the canary is worse than the champion")),
        (_first(_shown_better(score, ranking, rules)), PROMOTE, Sentence("the canary is better than the champion")),
    ]
    # Rollbacks come first in the list, so that `min` takes one where the same outcome also promotes.
    at, what, why = min(ends, key=lambda end: end[0])
    if at >= len(pairs):
        at = len(pairs) - 1
        what, why = GO_ON, Sentence("no difference is shown yet, of at most {most} outcomes", most=rules.limit)
        if len(pairs) == rules.limit:
            what = INCONCLUSIVE
            why = Sentence("{outcomes} outcomes show no difference, so the champion stays", outcomes=rules.limit)
        elif lasted > timedelta(days=rules.days):
            what = INCONCLUSIVE
            why = Sentence("{days} days show no difference, so the champion stays", days=f"{rules.days:g}")
    return _verdict(what, why, pairs[: at + 1], score, ranking, groups, rules)


def _scores(pairs: Sequence[Pair]) -> tuple[Values, Values]:
    scores = np.array([(pair.champion, pair.canary) for pair in pairs], dtype=np.float64).reshape(-1, 2)
    wrong = np.flatnonzero(~((scores >= 0) & (scores <= 1)).all(axis=1))  # nan fails both
    if wrong.size:
        raise ValueError(f"the outcome {pairs[wrong[0]].outcome} has a score that is not from 0 to 1")
    return scores[:, 0], scores[:, 1]


def _shown_better(score: Differences, ranking: RankingGain, rules: TrialRules) -> Flags:
    enough = np.arange(1, score.gain.size + 1) >= rules.minimum
    shown = log_evidence(score, SCORE_BETS) >= -np.log(rules.promote)
    return np.asarray(enough & shown & (np.cumsum(score.gain) >= 0) & (ranking.auc >= 0), dtype=np.bool_)


def _shown_worse(score: Differences, rules: TrialRules) -> Flags:
    return np.asarray(log_evidence(score.mirrored, SCORE_BETS) >= -np.log(rules.roll_back), dtype=np.bool_)


def _groups(pairs: Sequence[Pair], rules: TrialRules) -> dict[str, list[int]]:
    """The places of the pairs of each segment that is judged; segments in the order in which they first appear."""
    groups: dict[str, list[int]] = {}
    for place, pair in enumerate(pairs):
        for column, value in pair.segments.items():
            name = f"{column} {value}"
            if name in groups or len(groups) < rules.segments:
                groups.setdefault(name, []).append(place)
    return groups


def _guarded(groups: Mapping[str, list[int]], score: Differences, rules: TrialRules) -> list[tuple[str, int]]:
    """Each segment with the place that shows its loss, which is past the end if none does."""
    ends = []
    for name, places in groups.items():
        shown = log_evidence(_loss_over_margin(score, places, rules), SCORE_BETS)
        reached = _first(shown >= np.log(rules.segments / rules.guard), rules.segment_rows)
        ends.append((name, places[reached] if reached < len(places) else score.gain.size))
    return ends


def _loss_over_margin(score: Differences, places: list[int], rules: TrialRules) -> Differences:
    loss, margin = score.mirrored, rules.segment_margin
    return Differences(loss.gain[places] - margin, loss.low[places] - margin, loss.high[places] - margin)


def _first(flags: Flags, minimum: int = 1) -> int:
    """The first place that is set, from the `minimum`-th on; past the end if none is."""
    places = np.flatnonzero(flags[minimum - 1 :])
    return int(places[0]) + minimum - 1 if places.size else flags.size


def _verdict(
    what: VerdictKind,
    why: str,
    pairs: Sequence[Pair],
    score: Differences,
    ranking: RankingGain,
    groups: Mapping[str, list[int]],
    rules: TrialRules,
) -> Verdict:
    """All figures on the first n pairs: those up to the decision, or all pairs."""
    n, sales = len(pairs), sum(pair.positive for pair in pairs)
    return Verdict(
        what=what,
        why=why,
        outcomes=n,
        sales=sales,
        routed=sum(pair.route == "canary" for pair in pairs),
        since=pairs[0].at if pairs else None,
        until=pairs[-1].at if pairs else None,
        score=_comparison(score.first(n), SCORE_BETS, n, LARGEST_SCORE_GAIN, rules),
        ranking=_comparison(ranking.of_sales.first(n), RANKING_BETS, sales, 1.0, rules),
        auc=float(ranking.auc[n - 1]) if n else 0.0,
        segments=tuple(
            _segment(name, inside, score, rules)
            for name, places in groups.items()
            if (inside := [place for place in places if place < n])
        ),
        rules=rules,
    )


def _comparison(gain: Differences, bets: Values, observations: int, bound: float, rules: TrialRules) -> Comparison:
    low, high = confidence(gain, bets, rules.confidence, observations, bound)
    return Comparison(
        estimate=float(gain.gain.sum() / max(observations, 1)),
        low=low,
        high=high,
        better=evidence(gain, bets),
        worse=evidence(gain.mirrored, bets),
    )


def _segment(name: str, places: list[int], score: Differences, rules: TrialRules) -> Segment:
    shown = evidence(_loss_over_margin(score, places, rules), SCORE_BETS)
    reached = len(places) >= rules.segment_rows and shown >= rules.segments / rules.guard
    return Segment(name, len(places), float(-score.gain[places].mean()), shown, reached)
