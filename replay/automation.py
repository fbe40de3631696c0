"""What the appliance does on its own, without its stores: reports, incidents, triggers, trainings, trials, promotions.

Every verdict, transition and decision comes from the function that makes it in the appliance. A subclass has what the
stores hold there: the predictions and the outcomes. What is left out is what only services have: their own storage,
and the time that a training takes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from core.errors import GateRefused
from core.models.decisions import Decision, DecisionKind, SuccessionState
from monitor.flows import triggers
from monitor.incidents.facts import Facts, Finding, Run, RunEnd, Trial, TrialState
from monitor.incidents.lifecycle import (
    Entry,
    Incident,
    Status,
    Step,
    TrainingRequest,
    after_request,
    next_step,
    opening_step,
)
from monitor.reports import quality, windows
from monitor.reports.drift.arrivals import LEAST
from monitor.reports.drift.comparison import report_id
from monitor.reports.drift.review import log_odds
from monitor.reports.shelf import STRIDE, count_new
from monitor.trials import evidence
from monitor.trials.canary_share import canary_share
from monitor.trials.verdict import PROMOTE
from replay.arrived import Arrived
from replay.life import Report, Training, trial_of
from replay.setup import Setup
from replay.upkeep import ENDED_AS_REFRESH, Upkeep, Version
from serving.routing import Router
from trainer.fitting import recipe
from trainer.fitting.recipe import Champion

CODE = "replay"


@dataclass(kw_only=True)
class Automation(ABC):
    """The loop. `trials`: whether a new model goes on trial before its promotion. `upkeep`: refreshes, if it makes any.

    `history` has the entries of all incidents, each with its incident's id; `trainings` are by their key.
    """

    setup: Setup
    champion: Version
    trials: bool = True
    upkeep: Upkeep | None = None
    canary: Version | None = None
    decisions: list[Decision] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    history: list[tuple[str, Entry]] = field(default_factory=list)
    trainings: dict[str, Training] = field(default_factory=dict)
    reports: list[Report] = field(default_factory=list)
    _findings: dict[str, Finding] = field(default_factory=dict)
    _judged: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _last: triggers.LastTraining | None = None
    _state: SuccessionState = field(default_factory=SuccessionState)
    _ended_as_refresh: dict[str, Trial] = field(default_factory=dict)
    _models: int = 1

    def __post_init__(self) -> None:
        self._route(evidence=1.0)

    @abstractmethod
    def outcomes_known(self) -> int:
        """The number of outcomes that are known."""

    @abstractmethod
    def snapshot(self) -> pd.DataFrame:
        """The known outcomes as a training reads them, the oldest first."""

    @abstractmethod
    def arrived(self) -> Arrived:
        """Who has arrived."""

    @abstractmethod
    def newest_outcomes(self, versions: Sequence[str], size: int) -> list[windows.Called]:
        """As `monitor.reports.windows.outcomes`."""

    @abstractmethod
    def pairs(self, champion: str, canary: str) -> Sequence[evidence.Pair]:
        """As `monitor.trials.pairs.pairs`, since the trial of `canary` began."""

    @abstractmethod
    def refresh_pairs(self) -> Sequence[evidence.Pair]:
        """The same for the champion and its newest fits, since their comparison began."""

    @abstractmethod
    def register(self, version: Version) -> None:
        """Take `version`, which a training made, into service before it is on trial or promoted."""

    @property
    def retrainings(self) -> int:
        """The number of trainings since the first model."""
        return len(self.trainings)

    def start(self, at: datetime) -> None:
        """Promote the first model, once."""
        if self._last is None:
            self._promote(self.champion, "the first model", None, at)
            self._last = triggers.LastTraining("first", at, self.outcomes_known())
            if self.upkeep is not None:
                self.upkeep.start(self.outcomes_known())

    def advance(self, at: datetime) -> None:
        """Do all that is due at `at`: judge the canary, make reports, follow incidents, and train."""
        self._judge_trial(at)
        if self.upkeep is not None:
            self._keep_fresh(self.upkeep, at)
        self._judge_drift(at)
        self._judge_quality(at)
        self._follow(at)
        self._train_if_due(at)
        self._refresh_if_due(at)

    def _judge_trial(self, at: datetime) -> None:
        if self.canary is None or (trial := self._state.trial) is None:
            return
        pairs = self.pairs(self.champion.name, self.canary.name)
        verdict, incident = evidence.judge(pairs, self.setup.trial, at - trial.at), trial.incident
        self._grow(verdict.score.better)
        if verdict.what == PROMOTE:
            self._promote(self.canary, verdict.sentence, incident, at)
        elif verdict.decided:
            self._decide(DecisionKind.DROPPED, self.canary.name, verdict.sentence, incident, at)
            self.canary = None

    def _keep_fresh(self, upkeep: Upkeep, at: datetime) -> None:
        """Weigh the newest fits; they are used from now on, because a list is what is scored at once."""
        self._renew(upkeep, self.refresh_pairs(), at)

    def _renew(self, upkeep: Upkeep, pairs: Sequence[evidence.Pair], at: datetime, *, aged: bool = False) -> None:
        """Weigh the newest fits by `pairs`, and let the champion be the one that the end of a comparison leaves."""
        newest = upkeep.newest
        champion = upkeep.judge(self.champion, pairs, aged=aged)
        if champion is not self.champion:
            self.champion = champion
            self._decide(DecisionKind.RENEWED, champion.name, "its refreshes have more than half of the say", None, at)
        elif newest is not None and upkeep.newest is None:
            self._decide(DecisionKind.LEFT_OUT, newest.name, "the champion has more than half of the say", None, at)

    def _grow(self, evidence: float) -> None:
        """Let the canary's share follow the `evidence` for it, from the next list on."""
        self._route(evidence)

    def _route(self, evidence: float) -> None:
        """Give the canary its share of the people, which grows with the `evidence` for it (an e-value)."""
        self._router = Router(self.setup.key, canary_share(evidence, self.setup.share))

    def _judge_drift(self, at: datetime) -> None:
        limits, version = self.setup.drift_limits, self.champion
        accepted = self._state.accepted
        cohorts = self.arrived().cohorts(limits.window, accepted.at if accepted else at)
        window = cohorts.window
        judged, people = f"drift:{version.name}", [(row.id, row.at) for row in window]
        if len(window) < min(limits.window, LEAST) or not self._is_news(judged, people):
            return
        found = self.setup.schema, cohorts, log_odds(version.model), version.reference
        verdict, _ = self.setup.functions.drift(*found, limits, version.name, CODE)
        report = report_id(version.name, cohorts)
        self._judged[judged] = {"last": verdict.last, "until": verdict.until}
        self._report(at, "drift", Finding(verdict.is_drift, report, version.name, verdict.sentence))

    def _judge_quality(self, at: datetime) -> None:
        settings, version = self.setup.watching, self.champion
        size, level_outcomes = settings.callwise_quality_window, settings.callwise_level_outcomes
        lineage = self._state.lineage
        window = self.newest_outcomes(lineage, size)
        sales = sum(call.positive for call in window)
        if len(window) < min(size, quality.LEAST) or sales in (0, len(window)):
            return
        judged = f"quality:{lineage[-1]}"
        known = self._judged.get(judged, {}).get("version") == version.name
        if known and not self._is_news(judged, [(call.outcome, call.at) for call in window]):
            return
        verdict, _ = self.setup.functions.quality(
            version.reference, window, version.name, CODE, level_outcomes, accepted=lineage[-1]
        )
        report = quality.report_id(version.name, window)
        self._judged[judged] = {"until": verdict.until, "version": version.name}
        self._report(at, "quality", Finding(bool(verdict.broken), report, version.name, verdict.sentence))

    def _is_news(self, judged: str, window: Sequence[tuple[str, datetime]]) -> bool:
        last = self._judged.get(judged)
        return last is None or count_new(window, last) * STRIDE >= len(window)

    def _report(self, at: datetime, cause: str, finding: Finding) -> None:
        self._findings[cause] = finding
        self.reports.append(Report(at, cause, finding))

    def _follow(self, at: datetime) -> None:
        for cause, finding in self._findings.items():
            active = any(one.cause == cause and one.status is not Status.RESOLVED for one in self.incidents)
            if finding.bad and finding.version == self.champion.name and not active:
                step = opening_step(cause, finding, at, f"{cause}:{finding.report}")
                self.incidents.append(step.incident)
                self.history.append((step.incident.id, step.entry))
        for place, incident in enumerate(self.incidents):
            facts = self._facts(incident, at)
            todo = next_step(incident, facts, self.setup.incidents)
            if isinstance(todo, TrainingRequest):
                run = self._train(todo.why, incident.id, at)
                todo = after_request(incident, todo, run, facts)
            if isinstance(todo, Step):
                self.incidents[place] = todo.incident
                self.history.append((incident.id, todo.entry))

    def _facts(self, incident: Incident, at: datetime) -> Facts:
        trial = self._state.trial
        return Facts(
            at=at,
            finding=self._findings.get(incident.cause),
            champion=self.champion.name,
            outcomes=self.outcomes_known(),
            busy=trial is not None and trial.incident != incident.id,
            run=self.trainings[incident.run].run if incident.run else None,
            trial=self._trial_of(incident),
        )

    def _trial_of(self, incident: Incident) -> Trial | None:
        if incident.run in self._ended_as_refresh:
            return self._ended_as_refresh[incident.run]
        return trial_of(incident, self.decisions, self._state.canary, tried=self.trials)

    def _train_if_due(self, at: datetime) -> None:
        if self._last is None or self.canary is not None:
            return
        training = triggers.due_training(self._last, at, self.outcomes_known(), self.setup.due)
        if training is not None:
            self._train(training.why, None, at)

    def _refresh_if_due(self, at: datetime) -> None:
        if self.upkeep is None or not self.upkeep.is_due(self.outcomes_known()):
            return
        self.upkeep.learnt = self.outcomes_known()
        new = self.upkeep.refresh(self.champion, self._next_name(), self.snapshot(), self.setup, at)
        if new is not None:
            self.register(new)
            self._decide(DecisionKind.REFRESHED, new.name, "enough new outcomes", None, at)

    def _next_name(self) -> str:
        self._models += 1
        return str(self._models)

    def _train(self, why: str, incident: str | None, at: datetime) -> str:
        """Train once, and hand the model over; returns the key of the run."""
        name = self._next_name()
        run = f"run-{self.retrainings + 1}"
        self._last = triggers.LastTraining(run, at, self.outcomes_known())
        schema, before = self.setup.schema, self.champion
        champion = Champion(lambda: before.model, before.until)
        watch, step = recipe.Unwatched(), self.setup.functions.step
        try:
            made = recipe.train_model(self.snapshot(), schema, self.setup.training, champion, watch=watch, step=step)
        except GateRefused as refused:
            self.trainings[run] = Training(at, why, Run(RunEnd.REFUSED, refused.why, refused.gate))
            return run
        new = Version.from_training(name, made, schema)
        self.register(new)
        if self.upkeep is not None and new.has_recipe_of(before):
            said = ENDED_AS_REFRESH
            self.trainings[run] = Training(at, why, Run(RunEnd.HANDED_OVER, said))
            self.upkeep.take_in(new, at, said)
            self.upkeep.learnt = self._last.outcomes
            self._ended_as_refresh[run] = Trial(name, TrialState.PROMOTED, said, tried=False)
            self._findings.clear()  # they judge what was in use before
            self._decide(DecisionKind.REFRESHED, new.name, said, incident, at)
            return run
        self.trainings[run] = Training(at, why, Run(RunEnd.HANDED_OVER))
        if self.trials:
            self._route(evidence=1.0)
            self.canary = new
            self._decide(DecisionKind.ON_TRIAL, new.name, made.verdict.why, incident, at)
        else:
            self._promote(new, made.verdict.why, incident, at)
        return run

    def _promote(self, version: Version, why: str, incident: str | None, at: datetime) -> None:
        self.champion, self.canary = version, None
        if self.upkeep is not None and self._last is not None:
            self.upkeep.start(self._last.outcomes)
        self._decide(DecisionKind.PROMOTED, version.name, why, incident, at)

    def _decide(self, what: DecisionKind, version: str, why: str, incident: str | None, at: datetime) -> None:
        decision = Decision(self._state.last + 1, what, version, at, CODE, why, incident)
        self.decisions.append(decision)
        self._state = self._state.after(decision)
