"""The loop of the appliance as it is: ranking at arrival and for each line-up, levels, reports, incidents and trials.

It ranks as `monitor.ranking.rank` does: in batches by key, whom no line-up or an earlier one has ranked, or this one on
an earlier day, as of that moment; a score keeps the level at which it was given. Levels follow as in
`monitor.ranking.levelling`, after every outcome. Reports, incidents, triggers and the trial (`replay.automation`) are
looked at after each file and at the end of each day; in an appliance they are looked at every few seconds to minutes. A
training takes no time here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from core.lists import call_values
from core.models.level import levelled, newest, next_shift
from core.models.proof import predict
from core.schema.as_of import day_of_call
from core.stores.mongo import Document
from monitor.ranking.levelling import learnt_calls
from monitor.ranking.lineup import Lineup
from monitor.ranking.rank import BATCH
from monitor.reports import windows
from monitor.trials.evidence import Pair
from replay.arrived import Arrived
from replay.automation import Automation
from replay.history import frame_of
from replay.living.call_list import CAMPAIGN, CallList, key_of, needs_score
from replay.living.loop import Call, Delivery
from replay.living.predictions import Log, Outcome, Prediction
from replay.setup import Setup
from replay.upkeep import Version
from trainer.data.snapshot import AT, OUTCOME, PROSPECT, SOURCE
from trainer.fitting import recipe
from trainer.gates.verdict import Verdict


@dataclass(kw_only=True)
class Today(Automation):
    """The loop as it is. `people`: the list; `log`: predictions and outcomes, of the history too.

    `first_refused`: why a gate would have refused the first model, if one would.
    """

    name: str
    people: CallList
    log: Log
    first_refused: str = ""
    _levels: dict[str, float] = field(default_factory=dict)
    _requests: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.register(self.champion)

    def arrive(self, rows: Delivery, at: datetime) -> None:
        """See `Loop`."""
        for outcome in self.people.read(rows, at):
            self.log.heard(Outcome(outcome["at"], outcome["_id"], outcome["prospect"], outcome["positive"]))
        self._rank(at)
        self.advance(at + timedelta(minutes=15))
        self._rank(at + timedelta(minutes=20))

    def list_of_day(self, at: datetime) -> Sequence[str]:
        """See `Loop`."""
        self._rank(at)
        return self.people.order(at)

    def called(self, call: Call) -> None:
        """See `Loop`."""
        self.people.called(call)

    def outcome(self, person: str, call: int, positive: bool, at: datetime, known_at: datetime) -> None:  # noqa: ARG002
        """See `Loop`."""
        key = key_of(person)
        self.log.heard(Outcome(at, f"{key}:{call}", key, positive, call))
        for version in self._lineup():
            self._follow_level(version)

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

    def newest_outcomes(self, version: str, size: int) -> list[windows.Called]:
        """See `Automation`."""
        return self.log.called(version, size)

    def pairs(self, champion: str, canary: str) -> Sequence[Pair]:
        """See `Automation`."""
        trial = self._state.trial
        return self.log.pairs(champion, canary, trial.at) if trial else []

    def refresh_pairs(self) -> Sequence[Pair]:
        """See `Automation`; this loop has no upkeep yet."""
        return []

    def _lineup(self) -> list[Version]:
        return [version for version in (self.champion, self.canary) if version is not None]

    def _follow_level(self, version: Version) -> None:
        size = self.setup.watching.callwise_level_outcomes
        own = self.log.newest_outcomes(version.name, size)[::-1] if size else []
        scores = np.array([before.raw[version.name] for _, before in own])
        positives = np.array([outcome.positive for outcome, _ in own], dtype=np.float64)
        calls = newest(learnt_calls(version.reference), (scores, positives), size)
        self._levels[version.name] = next_shift(self._levels[version.name], *calls)

    def _rank(self, at: datetime) -> None:
        lineup = Lineup(self.champion.name, self.canary.name if self.canary else None)
        day = day_of_call(self.setup.schema, at)
        due = [one for one in self.people.open(at) if needs_score(one, lineup, day)]
        due.sort(key=lambda one: (one["score"] is not None, one["_id"]))
        for start in range(0, len(due), BATCH):
            self._score(due[start : start + BATCH], lineup, at + timedelta(milliseconds=start // BATCH))

    def _score(self, prospects: Sequence[Document], lineup: Lineup, at: datetime) -> None:
        self._requests += 1
        schema = self.setup.schema
        features, day = [call_values.next_call(schema, one, at) for one in prospects], day_of_call(schema, at)
        rows = pd.DataFrame(features)
        raw = {version.name: predict(version.model, rows) for version in self._lineup()}
        used = {name: levelled(scores, self._levels[name]) for name, scores in raw.items()}
        made = []
        for place, one in enumerate(prospects):
            routed = lineup.canary is not None and self._router.to_canary(one["_id"])
            version, route = (lineup.canary, "canary") if routed and lineup.canary else (lineup.champion, "champion")
            scores = [{name: float(own[place]) for name, own in which.items()} for which in (raw, used)]
            request = f"{self._requests:07d}:{place:03d}"
            made.append(Prediction(request, one["_id"], at, features[place], scores[0], scores[1], route))
            one |= {"score": scores[1][version], "score_version": version, "ranked_by": str(lineup), "ranked_for": day}
        self.log.predicted(made)


class Lenient(recipe.Unwatched):
    """Lets a first model through that a gate refuses, and keeps the reasons.

    A team without a model would wait for the next training, and there would be nothing to play. So the first model is
    in use all the same, and runs are counted in which a gate had refused it.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []

    def enforce(self, verdict: Verdict) -> None:
        """See `trainer.fitting.recipe.Watch`."""
        if not verdict.passed:
            self.refused.append(verdict.why)


def snapshot(people: CallList, outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """The `outcomes` as `trainer.data.snapshot.read_outcomes` gives them, each with its person as of the call."""
    rows = []
    for outcome in outcomes:
        made = {"at": outcome.at, "agent": "agent" if outcome.call else call_values.IMPORTED, "call": outcome.call}
        known = call_values.call_made(people.schema, people.prospects[outcome.prospect], made)
        about = {OUTCOME: int(outcome.positive), AT: outcome.at, PROSPECT: outcome.prospect, SOURCE: CAMPAIGN}
        rows.append({**known, **about})
    return frame_of(rows, people.schema)


def begin(setup: Setup, history: Delivery, at: datetime) -> Today:
    """The loop on the day `at` on which the team's `history` comes in, with a first model by the recipe."""
    people, log = CallList(setup.schema), Log(setup.schema)
    for outcome in people.read(history, at):
        log.heard(Outcome(outcome["at"], outcome["_id"], outcome["prospect"], outcome["positive"]))
    watch, step = Lenient(), setup.functions.step
    rows = snapshot(people, log.outcomes)
    made = recipe.train_model(rows, setup.schema, setup.training, None, watch=watch, step=step)
    first, refused = Version.from_training("1", made, setup.schema), "; ".join(watch.refused)
    loop = Today(name="today", setup=setup, champion=first, people=people, log=log, first_refused=refused)
    loop.start(at)
    return loop
