"""The prediction log and the outcomes in memory, and the windows over both that reports and trials read.

Each window is that of the appliance's own query (`monitor.reports.windows`, `monitor.trials.pairs`,
`core.scoring.predictions_before`), by the same order and the same rules; only the store is another one.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.schema import Schema
from core.schema.column import Value
from monitor.reports.windows import Called
from monitor.trials.evidence import Pair

KEPT = 20_000
"""Predictions that windows may reach back to, besides the newest request; reports look at some thousands."""


@dataclass(frozen=True)
class Prediction:
    """A row that was scored. `raw`: the own score of each version that scored it; `used`: the same at its level.

    `champion` is the version of the champion's route, `refresh` the one mixed with it, and `listed` the score of this
    route: the mixture's.
    """

    id: str
    prospect: str
    at: datetime
    features: Mapping[str, Value]
    raw: Mapping[str, float]
    used: Mapping[str, float]
    route: str
    champion: str
    listed: float
    refresh: str | None = None

    def shown(self, version: str) -> float:
        """The score on the route of `version`, as `core.scoring.prediction.used_score`."""
        return self.listed if version in (self.champion, self.refresh) else self.used[version]


@dataclass(frozen=True, order=True)
class Outcome:
    """What came of a call, in the order of calls. `call`: its number; 0 for one that a file reports."""

    at: datetime
    id: str
    prospect: str = field(compare=False)
    positive: bool = field(compare=False)
    call: int = field(default=0, compare=False)


@dataclass
class Log:
    """All predictions, in the order of time, and the outcomes that are known, by the time of their calls."""

    schema: Schema
    predictions: list[Prediction] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    _of: dict[str, list[Prediction]] = field(default_factory=dict)
    _before: dict[str, Prediction] = field(default_factory=dict)
    _since: dict[str, datetime] = field(default_factory=dict)

    def predicted(self, made: Sequence[Prediction]) -> None:
        """Add predictions, all later than those before."""
        self.predictions = [*self.predictions[-KEPT:], *sorted(made, key=lambda one: (one.at, one.id))]
        for one in made:
            # Nobody is ranked after the call that has an outcome, so the last one or two hold the one before it.
            self._of[one.prospect] = [*self._of.get(one.prospect, ())[-1:], one]
            for version in one.raw:
                self._since.setdefault(version, one.at)

    def heard(self, outcome: Outcome) -> None:
        """Add an outcome that became known, joined with the last prediction of its prospect up to the call."""
        insort(self.outcomes, outcome)
        earlier = [one for one in self._of.get(outcome.prospect, ()) if one.at <= outcome.at]
        if earlier:
            self._before[outcome.id] = earlier[-1]

    def newest_outcomes(self, versions: Sequence[str], size: int) -> list[tuple[Outcome, Prediction]]:
        """As `monitor.reports.windows.outcomes`: the last prediction before each call, if one of `versions` spoke."""
        found: list[tuple[Outcome, Prediction]] = []
        known = [self._since[version] for version in versions if version in self._since]  # they scored nobody before
        first = bisect_left(self.outcomes, min(known), key=lambda one: one.at) if known else len(self.outcomes)
        for outcome in reversed(self.outcomes[first:]):
            before = self._before.get(outcome.id)
            if before is not None and not before.raw.keys().isdisjoint(versions):
                found.append((outcome, before))
                if len(found) == size:
                    break
        return found

    def called(self, versions: Sequence[str], size: int) -> list[Called]:
        """The same, as a quality report reads it."""
        return [
            Called(outcome.id, outcome.at, outcome.positive, before.shown(next(v for v in versions if v in before.raw)))
            for outcome, before in self.newest_outcomes(versions, size)
        ]

    def pairs(self, canary: str, since: datetime) -> list[Pair]:
        """As `monitor.trials.pairs.pairs`."""
        return [
            self._pair(outcome, before, before.listed, before.used[canary])
            for outcome, before in self._since_then(since)
            if canary in before.used and canary not in (before.champion, before.refresh)
        ]

    def refresh_pairs(self, champion: str, since: datetime) -> list[Pair]:
        """As `monitor.trials.pairs.refresh_pairs`."""
        return [
            self._pair(outcome, before, before.used[champion], before.used[before.refresh])
            for outcome, before in self._since_then(since)
            if before.refresh is not None and before.champion == champion
        ]

    def _since_then(self, since: datetime) -> Iterator[tuple[Outcome, Prediction]]:
        """The outcomes since `since` with the prediction before each, where that was made since then, too."""
        for outcome in self.outcomes[bisect_left(self.outcomes, since, key=lambda one: one.at) :]:
            before = self._before.get(outcome.id)
            if before is not None and before.at >= since:
                yield outcome, before

    def _pair(self, outcome: Outcome, before: Prediction, champion: float, canary: float) -> Pair:
        return Pair(
            outcome=outcome.id,
            at=outcome.at,
            positive=outcome.positive,
            champion=champion,
            canary=canary,
            route=before.route,
            segments=self.schema.groups_of(before.features),
        )
