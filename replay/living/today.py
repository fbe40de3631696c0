"""The loop of the appliance as it is: lists, levels, refreshes, reports, incidents and trials.

It ranks as `monitor.ranking.rank` does: in batches by key, whom no line-up or an earlier one has ranked, or this one on
an earlier day, as of that moment; a score keeps the level at which it was given. A list is that of a day: refreshes,
their weight and the levels are those of its first moment (`monitor.trials.upkeep`, `monitor.ranking.levelling`).
Reports, incidents, triggers and the trial (`replay.automation`) are looked at after each file and at the end of each
day; in an appliance they are looked at every few seconds to minutes. A training takes no time here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from core.calls.rank_key import RANK_KEY
from core.lists import call_values
from core.models.decisions import DecisionKind
from core.models.level import LOOK_BACK, levelled, newest, next_shift
from core.models.mixture import mixed
from core.schema.as_of import day_of_call
from core.stores.mongo import Document
from monitor.ranking.keys import RankKeys
from monitor.ranking.levelling import learnt_calls
from monitor.ranking.lineup import Lineup
from monitor.ranking.rank import BATCH
from monitor.reports import windows
from monitor.trials.evidence import Pair
from monitor.trials.refresh import weigh
from replay.arrived import Arrived
from replay.automation import Automation
from replay.history import frame_of
from replay.living.call_list import CAMPAIGN, CallList, key_of
from replay.living.loop import Call, Delivery
from replay.living.predictions import Log, Outcome, Prediction
from replay.upkeep import Upkeep, Version
from trainer.data.snapshot import AT, OUTCOME, PROSPECT, SOURCE


@dataclass(frozen=True)
class DayList:
    """What scores the list that began at `begun`: the champion of then, and with what weight which refresh."""

    begun: datetime
    champion: Version
    refresh: Version | None = None
    weight: float = 0.0


@dataclass(kw_only=True)
class Today(Automation):
    """The loop as it is. `people`: the list; `log`: predictions and outcomes, of the history too.

    `first_refused`: why a gate would have refused the first model, if one would. `lists`: those of all days.
    """

    name: str
    people: CallList
    log: Log
    first_refused: str = ""
    lists: list[DayList] = field(default_factory=list)
    _compared: tuple[int, datetime] | None = None
    _levels: dict[str, float] = field(default_factory=dict)
    _evidence: float = 1.0
    _requests: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.register(self.champion)

    def arrive(self, rows: Delivery, at: datetime) -> None:
        """See `Loop`."""
        for outcome in self.people.read(rows, at):
            self.log.heard(Outcome(outcome["at"], outcome["_id"], outcome["prospect"], outcome["positive"]))
        self._begin_list(at)
        self._rank(at)
        self.advance(at + timedelta(minutes=15))
        self._rank(at + timedelta(minutes=20))

    def list_of_day(self, at: datetime) -> Sequence[str]:
        """See `Loop`."""
        self._begin_list(at)
        self._rank(at)
        return self.people.order(at)

    def called(self, call: Call) -> None:
        """See `Loop`."""
        self.people.called(call)

    def outcome(self, person: str, call: int, positive: bool, at: datetime, known_at: datetime) -> None:  # noqa: ARG002
        """See `Loop`."""
        key = key_of(person)
        self.log.heard(Outcome(at, f"{key}:{call}", key, positive, call))

    def end_of_day(self, at: datetime) -> None:
        """See `Loop`."""
        self.advance(at)

    def outcomes_known(self) -> int:
        """See `Automation`."""
        return len(self.log.outcomes)

    def snapshot(self) -> pd.DataFrame:
        """See `Automation`; without the outcomes that the training's window would leave out."""
        window = self.setup.training.callwise_training_window
        return snapshot(self.people, self.log.outcomes[-window:] if window else self.log.outcomes)

    def register(self, version: Version) -> None:
        """See `Automation`."""
        self._levels[version.name] = 0.0
        self._follow_level(version)

    def arrived(self) -> Arrived:
        """See `Automation`."""
        return self.people.arrived

    def newest_outcomes(self, versions: Sequence[str], size: int) -> list[windows.Called]:
        """See `Automation`."""
        return self.log.called(versions, size)

    def pairs(self, champion: str, canary: str) -> Sequence[Pair]:  # noqa: ARG002 - it changes during a trial
        """See `Automation`."""
        trial = self._state.trial
        return self.log.pairs(canary, trial.at) if trial else []

    def refresh_pairs(self) -> Sequence[Pair]:
        """See `Automation`."""
        return self.log.refresh_pairs(self.champion.name, self._compared[1]) if self._compared else []

    def _grow(self, evidence: float) -> None:
        self._evidence = evidence  # the list of now keeps its share

    def _route(self, evidence: float) -> None:
        super()._route(evidence)
        self._evidence = evidence

    def _keep_fresh(self, upkeep: Upkeep, at: datetime) -> None:
        """Leave out, at once, what was shown to be worse; all else waits for the next list."""
        if self._refresh is not None and weigh(self.refresh_pairs(), upkeep.rules).shown_worse_at is not None:
            upkeep.leave_out()
            self._decide(DecisionKind.LEFT_OUT, self._refresh.name, "outcomes show that it is worse", None, at)
            self.lists[-1] = replace(self.lists[-1], refresh=None, weight=0.0)

    def _begin_list(self, at: datetime) -> None:
        """Begin the list of the day, unless it has begun: by what is known of calls before it."""
        begun = at.replace(hour=0, minute=0, second=0, microsecond=0)
        if self.lists and begun <= self.lists[-1].begun:
            return
        refresh, weight = None, 0.0
        if self.upkeep is not None and self.upkeep.newest is not None:
            if self._compared is None or self._compared[0] != self.upkeep.begun:
                self._compared = self.upkeep.begun, begun
            known = [pair for pair in self.refresh_pairs() if pair.at < begun]
            aged = begun - self._compared[1] > timedelta(days=self.setup.trial.days)
            self._renew(self.upkeep, known, at, aged=aged)
            refresh, weight = self.upkeep.newest, self.upkeep.weight
        self.lists.append(DayList(begun, self.champion, refresh, weight))
        self._route(self._evidence)
        for version in self._in_use():
            self._follow_level(version)

    @property
    def _refresh(self) -> Version | None:
        """The version that is mixed with the champion in the list of now."""
        return self.lists[-1].refresh if self.lists and self.lists[-1].champion is self.champion else None

    @property
    def _lineup(self) -> Lineup:
        refresh = self._refresh
        together = (refresh.name, self.lists[-1].weight) if refresh else (None, 0.0)
        return Lineup(self.champion.name, self.canary.name if self.canary else None, *together)

    def _in_use(self) -> list[Version]:
        return [version for version in (self.champion, self._refresh, self.canary) if version is not None]

    def _follow_level(self, version: Version) -> None:
        size = self.setup.watching.callwise_level_outcomes
        look_back = max(size, LOOK_BACK)
        own = self.log.newest_outcomes([version.name], look_back)[::-1] if size else []
        scores = np.array([before.raw[version.name] for _, before in own])
        positives = np.array([outcome.positive for outcome, _ in own], dtype=np.float64)
        calls = newest(learnt_calls(version.reference), (scores, positives), look_back)
        self._levels[version.name] = next_shift(self._levels[version.name], *calls, size)

    def _rank(self, at: datetime) -> None:
        # A list begins with a day, so the day tells the lists apart, and a trial need not.
        keys = RankKeys(self._lineup, day_of_call(self.setup.schema, at), self.setup.schema.hash, economy="", trial="")
        current = keys.current(CAMPAIGN)
        due = [one for one in self.people.open(at) if one[RANK_KEY] not in current]
        due.sort(key=lambda one: (one["score"] is not None, one["_id"]))
        for start in range(0, len(due), BATCH):
            self._score(due[start : start + BATCH], keys, at + timedelta(milliseconds=start // BATCH))

    def _score(self, prospects: Sequence[Document], keys: RankKeys, at: datetime) -> None:
        self._requests += 1
        lineup, schema = keys.lineup, self.setup.schema
        features = [call_values.next_call(schema, one, at) for one in prospects]
        raw = {version.name: version.score(features) for version in self._in_use()}
        used = {name: levelled(scores, self._levels[name]) for name, scores in raw.items()}
        listed = used[lineup.champion]
        if lineup.refresh is not None:
            listed = mixed(listed, used[lineup.refresh], lineup.weight)
        made = []
        for place, one in enumerate(prospects):
            routed = lineup.canary is not None and self._router.to_canary(one["_id"])
            version, route = (lineup.canary, "canary") if routed and lineup.canary else (lineup.champion, "champion")
            own, at_level = ({name: float(all_[place]) for name, all_ in which.items()} for which in (raw, used))
            prediction = Prediction(
                id=f"{self._requests:07d}:{place:03d}",
                prospect=one["_id"],
                at=at,
                features=features[place],
                raw=own,
                used=at_level,
                route=route,
                champion=lineup.champion,
                listed=float(listed[place]),
                refresh=lineup.refresh,
            )
            made.append(prediction)
            one |= {
                "score": prediction.shown(version),
                "score_version": version,
                "ranked_by": str(lineup),
                RANK_KEY: keys.ranked(CAMPAIGN, route, in_economy=False),
            }
        self.log.predicted(made)


def snapshot(people: CallList, outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """The `outcomes` as `trainer.data.snapshot.read_outcomes` gives them, each with its person as of the call."""
    rows = []
    for outcome in outcomes:
        made = {"at": outcome.at, "agent": "agent" if outcome.call else call_values.IMPORTED, "call": outcome.call}
        known = call_values.call_made(people.schema, people.prospects[outcome.prospect], made)
        about = {OUTCOME: int(outcome.positive), AT: outcome.at, PROSPECT: outcome.prospect, SOURCE: CAMPAIGN}
        rows.append({**known, **about})
    return frame_of(rows, people.schema)
