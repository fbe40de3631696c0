"""Callwise as an arm: the appliance's own automation over the calls of a history, each known by its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd

from core.models.decisions import DecisionKind
from core.models.mixture import mixed
from core.models.proof import Scores
from monitor.ranking.levelling import learnt_calls
from monitor.reports import windows
from monitor.reports.drift.arrivals import Arrival
from monitor.trials.evidence import Pair
from replay.arrived import Arrived
from replay.automation import Automation
from replay.forecasts import Flags, Forecaster
from replay.upkeep import Version
from trainer.data.snapshot import AT, PROSPECT


@dataclass(kw_only=True)
class Callwise(Automation):
    """The loop over a history of `calls` calls; the level of its scores follows the newest `window` outcomes.

    A list is what is scored at once, so its mixture has one weight. `_as_champion` [calls]: the scores of the
    champion's route, also of people on the canary's; `_newest`: those of the newest fits since the comparison
    `_compared` began. `_line_since`: the first call after a training for an incident became a refresh.
    """

    name: str
    calls: int
    window: int
    _forecasters: dict[str, Forecaster] = field(default_factory=dict)
    _arrived: Arrived = field(default_factory=Arrived)
    _times: list[datetime] = field(default_factory=list)
    _known: pd.DataFrame = field(default_factory=pd.DataFrame)
    _sold: Flags = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    _as_champion: Scores = field(init=False)
    _newest: Scores = field(init=False)
    _compared: int = 0
    _line_since: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._as_champion, self._newest = np.full(self.calls, np.nan), np.full(self.calls, np.nan)
        self.register(self.champion)

    def score(self, rows: pd.DataFrame, start: int) -> Scores:
        """See `Arm`."""
        scores, place = self._forecasters[self.champion.name].score(rows, start), slice(start, start + len(rows))
        if self.upkeep is not None and self.upkeep.newest is not None:
            if self._compared != self.upkeep.begun:
                self._compared, self._newest = self.upkeep.begun, np.full(self.calls, np.nan)
            self._newest[place] = self._forecasters[self.upkeep.newest.name].score(rows, start)
            scores = mixed(scores, self._newest[place], self.upkeep.weight)
        self._as_champion[place] = scores
        if self.canary is not None:
            routed = [self._router.to_canary(prospect) for prospect in rows[PROSPECT]]
            scores = scores.copy()
            scores[routed] = self._forecasters[self.canary.name].score(rows, start)[routed]
        names = self.setup.schema.feature_names
        features = [dict(zip(names, row, strict=True)) for row in rows[names].itertuples(index=False, name=None)]
        people = [
            Arrival(f"{place:07d}", at, row)
            for place, (at, row) in enumerate(zip(rows[AT], features, strict=True), start)
        ]
        self._arrived.add(people[::-1], people[0].at)
        self._times += [person.at for person in people]
        return scores

    def learn(self, known: pd.DataFrame, sold: Flags, now: pd.Timestamp) -> None:
        """See `Arm`."""
        self._known, self._sold, at = known, sold, now.to_pydatetime()
        self.start(at)
        for version in self._in_use():
            self._forecasters[version.name].learn(sold)
        self.advance(at)

    @property
    def times(self) -> list[datetime]:
        """The time of each call that was scored, in their order."""
        return self._times

    def outcomes_known(self) -> int:
        """See `Automation`."""
        return len(self._known)

    def snapshot(self) -> pd.DataFrame:
        """See `Automation`."""
        return self._known

    def register(self, version: Version) -> None:
        """See `Automation`."""
        learnt = learnt_calls(version.reference)
        kept = {one.name for one in self._in_use()}
        self._forecasters = {name: one for name, one in self._forecasters.items() if name in kept}
        self._forecasters[version.name] = Forecaster(version.name, version.model, self.calls, self.window, learnt)

    def arrived(self) -> Arrived:
        """See `Automation`; whoever is called arrives with the call, because a history has no other time."""
        return self._arrived

    def newest_outcomes(self, versions: Sequence[str], size: int) -> list[windows.Called]:  # noqa: ARG002 - one line
        """See `Automation`: the scores as used, the champion's mixed with those of its newest fits."""
        used = self._as_champion
        places = np.flatnonzero(~np.isnan(used[: len(self._known)]))
        places = places[places >= self._line_since][-size:]
        rows = self._known.iloc[places]
        return [
            windows.Called(f"{prospect}:1", at, bool(self._sold[place]), float(used[place]))
            for place, prospect, at in zip(places, rows[PROSPECT], rows[AT], strict=True)
        ][::-1]

    def pairs(self, champion: str, canary: str) -> Sequence[Pair]:  # noqa: ARG002
        """See `Automation`; the champion's score is the one that was used, with its newest fits."""
        return self._pairs(self._as_champion, self._forecasters[canary].used)

    def refresh_pairs(self) -> Sequence[Pair]:
        """See `Automation`."""
        return self._pairs(self._forecasters[self.champion.name].used, self._newest)

    def _in_use(self) -> list[Version]:
        newest = self.upkeep.newest if self.upkeep is not None else None
        return [version for version in (self.champion, newest, self.canary) if version is not None]

    def _promote(self, version: Version, why: str, incident: str | None, at: datetime) -> None:
        self._as_champion, self._line_since = self._forecasters[version.name].used.copy(), 0
        super()._promote(version, why, incident, at)

    def _decide(self, what: DecisionKind, version: str, why: str, incident: str | None, at: datetime) -> None:
        if what is DecisionKind.REFRESHED and incident is not None:
            self._line_since = len(self._times)
        super()._decide(what, version, why, incident, at)

    def _pairs(self, old: Scores, new: Scores) -> list[Pair]:
        places = np.flatnonzero(~np.isnan(new[: len(self._known)]))
        rows, names = self._known.iloc[places], self.setup.schema.segments
        return [
            Pair(
                outcome=f"{row[PROSPECT]}:1",
                at=row[AT],
                positive=bool(self._sold[place]),
                champion=float(old[place]),
                canary=float(new[place]),
                route="canary" if self._router.to_canary(row[PROSPECT]) else "champion",
                segments=self.setup.schema.groups_of({name: row[name] for name in names}),
            )
            for place, row in zip(places, rows.to_dict("records"), strict=True)
        ]
