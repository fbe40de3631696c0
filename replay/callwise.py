"""Callwise as an arm: its reports, incidents, triggers, trainings, trials and level, by the appliance's own code.

The replay leaves out only what a history cannot show: services, their stores, and the time that a training takes. Every
verdict, transition and decision comes from the function that makes it in the appliance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd

from core.errors import GateRefused
from core.models.decisions import Decision, State, What
from core.models.proof import Scores
from core.schema import Schema
from core.settings.loop import MonitorSettings, TrainerSettings
from monitor.flows import triggers
from monitor.flows.triggers import RetrainLimits
from monitor.incidents.facts import Facts, Finding, IncidentRules, Run, RunEnd, Trial, TrialState
from monitor.incidents.lifecycle import Ask, Entry, Incident, Status, Step, asked, next_step, opened
from monitor.ranking.levelling import learnt
from monitor.reports import drift, quality, windows
from monitor.reports.drift import DriftLimits
from monitor.trials import evidence
from monitor.trials.evidence import TrialRules
from replay.forecasts import Flags, Forecaster
from serving.routing import Router
from trainer.data.snapshot import AT, PROSPECT
from trainer.fitting import recipe
from trainer.fitting.recipe import Champion
from trainer.pipeline.registration import reference_of

CODE = "replay"


@dataclass(frozen=True)
class Setup:
    """The appliance's own settings and rules."""

    schema: Schema
    training: TrainerSettings
    watching: MonitorSettings
    trial: TrialRules
    incidents: IncidentRules
    due: RetrainLimits
    share: float
    key: bytes = b"replay"


@dataclass(frozen=True)
class Training:
    """The time of a training, its reason, and its end."""

    at: datetime
    why: str
    run: Run


@dataclass
class Callwise:
    """The loop. `trials`: whether a new model goes on trial before its promotion.

    `history` has the entries of all incidents, each with its incident's id; `trainings` are by their key.
    """

    name: str
    setup: Setup
    champion: Forecaster
    references: dict[str, pd.DataFrame]
    learnt: dict[str, datetime]
    trials: bool = True
    canary: Forecaster | None = None
    decisions: list[Decision] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    history: list[tuple[str, Entry]] = field(default_factory=list)
    trainings: dict[str, Training] = field(default_factory=dict)
    _findings: dict[str, Finding] = field(default_factory=dict)
    _judged: dict[str, int] = field(default_factory=dict)
    _last: triggers.Last | None = None
    _calls: list[windows.Scored] = field(default_factory=list)
    _state: State = field(default_factory=State)
    _since: int = 0

    def __post_init__(self) -> None:
        self._router = Router(self.setup.key, self.setup.share)

    def score(self, rows: pd.DataFrame, start: int) -> Scores:
        """See `Arm`."""
        scores = self.champion.score(rows, start)
        if self.canary is not None:
            routed = [self._router.to_canary(prospect) for prospect in rows[PROSPECT]]
            scores = scores.copy()
            scores[routed] = self.canary.score(rows, start)[routed]
        names = self.setup.schema.feature_names
        features = [dict(zip(names, row, strict=True)) for row in rows[names].itertuples(index=False, name=None)]
        for place, (at, prospect, row) in enumerate(zip(rows[AT], rows[PROSPECT], features, strict=True), start):
            self._calls.append(windows.Scored(f"{place:07d}", prospect, at, row, 0.0))
        return scores

    def hear(self, known: pd.DataFrame, sold: Flags, now: pd.Timestamp) -> None:
        """See `Arm`."""
        at = now.to_pydatetime()
        if self._last is None:
            self._promote(self.champion, "the first model", None, at)
            self._last = triggers.Last("first", at, len(known))
        self.champion.hear(sold)
        if self.canary is not None:
            self.canary.hear(sold)
            self._judge_trial(known, sold, at)
        self._judge_drift()
        self._judge_quality(known, sold)
        self._follow(known, at)
        self._train_if_due(known, at)

    @property
    def retrainings(self) -> int:
        """See `Arm`."""
        return len(self.trainings)

    @property
    def times(self) -> list[datetime]:
        """The time of each call that was scored, in their order."""
        return [call.at for call in self._calls]

    def _judge_trial(self, known: pd.DataFrame, sold: Flags, at: datetime) -> None:
        canary, names = self.canary, self.setup.schema.segments
        if canary is None:
            return
        places = [place for place in range(self._since, len(known)) if canary.used[place] == canary.used[place]]
        rows = known.iloc[places]
        pairs = [
            evidence.Pair(
                outcome=f"{row[PROSPECT]}:1",
                at=row[AT],
                positive=bool(sold[place]),
                champion=float(self.champion.used[place]),
                canary=float(canary.used[place]),
                route="canary" if self._router.to_canary(row[PROSPECT]) else "champion",
                segments=self.setup.schema.groups_of({name: row[name] for name in names}),
            )
            for place, row in zip(places, rows.to_dict("records"), strict=True)
        ]
        if not pairs:
            return
        verdict = evidence.judge(pairs, self.setup.trial)
        incident = self._state.trial.incident if self._state.trial else None
        if verdict.what == "promote":
            self._promote(canary, verdict.sentence, incident, at)
        elif verdict.decided:
            self._decide(What.DROPPED, canary.version, verdict.sentence, incident, at)
            self.canary = None

    def _judge_drift(self) -> None:
        watching, version = self.setup.watching, self.champion.version
        size = watching.callwise_drift_window
        scored = [call for call in self._calls[-size:] if not pd.isna(self.champion.raw[int(call.id)])]
        if len(scored) < size or not self._news("drift", len(self._calls), size):
            return
        window = [
            windows.Scored(call.id, call.prospect, call.at, call.features, float(self.champion.raw[int(call.id)]))
            for call in reversed(scored)
        ]
        limits = DriftLimits(size, watching.callwise_drift_distance, watching.callwise_drift_share)
        verdict, _ = drift.compare(self.setup.schema, self.references[version], window, limits, version, CODE)
        report = drift.report_id(version, window)
        self._findings["drift"] = Finding(verdict.is_drift, report, version, verdict.sentence)

    def _judge_quality(self, known: pd.DataFrame, sold: Flags) -> None:
        size, version = self.setup.watching.callwise_quality_window, self.champion.version
        places = [place for place in range(len(known)) if not pd.isna(self.champion.used[place])][-size:]
        sales = int(sold[places].sum())
        if len(places) < size or sales in (0, size) or not self._news("quality", len(known), size):
            return
        rows = known.iloc[places]
        window = [
            windows.Called(f"{prospect}:1", at, bool(sold[place]), float(self.champion.used[place]))
            for place, prospect, at in zip(places, rows[PROSPECT], rows[AT], strict=True)
        ][::-1]
        verdict, _ = quality.judge(self.references[version], window, version, CODE)
        report = quality.report_id(version, window)
        self._findings["quality"] = Finding(bool(verdict.broken), report, version, verdict.sentence)

    def _news(self, cause: str, count: int, size: int) -> bool:
        key = f"{cause}:{self.champion.version}"
        if key in self._judged and count - self._judged[key] < size // 10:
            return False
        self._judged[key] = count
        return True

    def _follow(self, known: pd.DataFrame, at: datetime) -> None:
        for cause, finding in self._findings.items():
            active = any(one.cause == cause and one.status is not Status.RESOLVED for one in self.incidents)
            if finding.bad and finding.version == self.champion.version and not active:
                step = opened(cause, finding, at, f"{cause}:{finding.report}")
                self.incidents.append(step.incident)
                self.history.append((step.incident.id, step.entry))
        for place, incident in enumerate(self.incidents):
            facts = self._facts(incident, known, at)
            todo = next_step(incident, facts, self.setup.incidents)
            if isinstance(todo, Ask):
                run = self._train(known, todo.why, incident.id, at)
                todo = asked(incident, todo, run, facts)
            if isinstance(todo, Step):
                self.incidents[place] = todo.incident
                self.history.append((incident.id, todo.entry))

    def _facts(self, incident: Incident, known: pd.DataFrame, at: datetime) -> Facts:
        trial = self._state.trial
        return Facts(
            at=at,
            finding=self._findings.get(incident.cause),
            champion=self.champion.version,
            outcomes=len(known),
            busy=trial is not None and trial.incident != incident.id,
            run=self.trainings[incident.run].run if incident.run else None,
            trial=self._trial_of(incident),
        )

    def _trial_of(self, incident: Incident) -> Trial | None:
        made = [one for one in self.decisions if one.incident == incident.id and one.what is not What.DROPPED]
        made = [one for one in made if one.version not in incident.earlier]
        version = incident.version or (made[-1].version if made else None)
        if version is None:
            return None
        last = [one for one in self.decisions if one.version == version][-1]
        if self._state.canary == version:
            return Trial(version, TrialState.ON_TRIAL, last.why)
        end = TrialState.PROMOTED if last.what is What.PROMOTED else TrialState.ENDED
        return Trial(version, end, last.why, tried=self.trials)

    def _train_if_due(self, known: pd.DataFrame, at: datetime) -> None:
        if self._last is None or self.canary is not None:
            return
        training = triggers.due(self._last, at, len(known), self.setup.due)
        if training is not None:
            self._train(known, training.why, None, at)

    def _train(self, known: pd.DataFrame, why: str, incident: str | None, at: datetime) -> str:
        """Train once, and hand the model over; returns the key of the run."""
        number = self.retrainings + 1
        run = f"run-{number}"
        self._last = triggers.Last(run, at, len(known))
        model = self.champion.model
        champion = Champion(lambda: model, self.learnt[self.champion.version])
        try:
            made = recipe.make(known, self.setup.schema, self.setup.training, champion, watch=recipe.Unwatched())
        except GateRefused as refused:
            self.trainings[run] = Training(at, why, Run(RunEnd.REFUSED, refused.why, refused.gate))
            return run
        self.trainings[run] = Training(at, why, Run(RunEnd.HANDED_OVER))
        reference = reference_of(made.model, made.trained_on, self.setup.schema)
        version, calls, window = str(number + 1), self.champion.calls, self.champion.window
        new = Forecaster(version, made.model, calls, window, learnt(reference))
        self.learnt[version] = made.trained_on[AT].iloc[-1]
        self.references[version] = reference
        if self.trials:
            self.canary, self._since = new, len(known)
            self._decide(What.ON_TRIAL, new.version, made.verdict.why, incident, at)
        else:
            self._promote(new, made.verdict.why, incident, at)
        return run

    def _promote(self, forecaster: Forecaster, why: str, incident: str | None, at: datetime) -> None:
        self.champion, self.canary = forecaster, None
        self._decide(What.PROMOTED, forecaster.version, why, incident, at)

    def _decide(self, what: What, version: str, why: str, incident: str | None, at: datetime) -> None:
        decision = Decision(self._state.last + 1, what, version, at, CODE, why, incident)
        self.decisions.append(decision)
        self._state = self._state.after(decision)
