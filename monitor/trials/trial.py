"""The canary's trial: guardrails first, then the evidence of outcomes, then the decision.

`monitor.trials.evidence` has the statistics, `core.models.succession` the champion. The verdict is the first crossing
in the sequence of outcomes, so judging again, by another process or after a restart, gives the same answer. What is
remembered between two runs only saves work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.clock import Clock, now
from core.errors import Conflict
from core.lists.beginning import list_began
from core.models import canary_in_force, trials, upkeep
from core.models.canary_in_force import CanaryShare
from core.models.decisions import Decision
from core.models.succession import Succession
from core.schema import Schema
from core.scoring.predictions_before import DATED
from core.sentences import Sentence, joined
from core.stores.mongo import Db, reachable
from monitor.reports import parity
from monitor.trials import guardrails
from monitor.trials.canary_share import canary_share
from monitor.trials.evidence import judge
from monitor.trials.guardrails import GuardrailLimits
from monitor.trials.pairs import pairs
from monitor.trials.verdict import TrialRules, Verdict

MOVED, STEP = 0.01, 0.1  # a share that differs by less is left as it is, with lists and without: each ranks all again


@dataclass
class TrialJob:
    """Follows the canary; `serving` gives what the scoring service knows of it.

    `share`: of the people, for the canary, while nothing is known. It grows with the evidence, from one list to the
    next (`list_hours`, `canary_share`), and not during a hold. `always_on_trial`: no version is ever a refresh.
    """

    db: Db
    schema: Schema
    succession: Succession
    serving: Callable[[], Mapping[str, str | int | float]]
    rules: TrialRules
    limits: GuardrailLimits = field(default_factory=GuardrailLimits)
    share: float = 0.05
    list_hours: float = 24.0
    always_on_trial: bool = False
    clock: Clock = now
    _seen: tuple[str, datetime | None, int | None, bool, datetime | None] = field(default=("", None, None, False, None))
    _sentence: str = ""

    def advance(self) -> str:
        """Let the aliases follow, check the canary, and decide if the evidence is in. Raises Unavailable."""
        state = self.succession.sync()
        trial, champion = state.trial, state.champion
        if champion is None:
            return "no champion yet"
        if trial is None:
            return f"version {champion} is champion, nothing on trial"
        canary = trial.version
        why = guardrails.broken_guardrail(self.serving(), canary, self.limits) or parity.skew_found(
            self.db, canary, trial.at
        )
        if why:
            self.succession.end_trial(canary, why=why, incident=trial.incident, evidence={"guardrail": why})
            return f"version {canary} was dropped: {why}"
        lasted = self.clock() - trial.at
        # The end of a hold counts, too: a canary that proved better during the hold is promoted then.
        hold, is_old = state.hold.place if state.hold else None, lasted > timedelta(days=self.rules.days)
        begun = list_began(self.clock(), self.list_hours) if self.list_hours else None
        basis = (canary, self._newest_outcome(), hold, is_old, begun)
        if basis != self._seen:
            self._sentence = self._judge(trial, champion, lasted, grows=hold is None)
            self._seen = basis
        return self._sentence

    def _judge(self, trial: Decision, champion: str, lasted: timedelta, *, grows: bool) -> str:
        verdict = judge(pairs(self.db, self.schema, trial.version, trial.at), self.rules, lasted)
        trials.store_evidence(
            self.db, trials.TrialEvidence(trial.version, verdict.sentence, self.clock(), verdict.document())
        )
        if not verdict.decided:
            self._grow(trial.version, canary_share(verdict.score.better, self.share), grows=grows)
        same_recipe = bool(trial.evidence.get(trials.SAME_RECIPE)) and not self.always_on_trial
        return act_on_verdict(
            self.succession,
            trial.version,
            verdict,
            incident=trial.incident,
            refreshes=champion if same_recipe else None,
        )

    def _grow(self, canary: str, share: float, *, grows: bool) -> None:
        """Give the canary its share of the list of now, unless it has it: the list keeps it to its end.

        Without lists the share moves as soon as it differs by a step.
        """
        present, at = canary_in_force.in_force(self.db), self.clock()
        if present is None or present.version != canary:
            # Its first list has begun: this share holds until the next one.
            canary_in_force.put_in_force(self.db, CanaryShare(canary, self.share, at))
            return
        if list_began(at, self.list_hours) <= present.at:
            return
        moves = grows and abs(share - present.share) >= (MOVED if self.list_hours else STEP)
        if moves or self.list_hours:  # the list is marked also where its share is that of the list before
            canary_in_force.put_in_force(self.db, CanaryShare(canary, share if moves else present.share, at))

    def _newest_outcome(self) -> datetime | None:
        with reachable():
            newest = self.db.outcomes.find_one(DATED, sort=[("at", -1)])
        return newest["at"] if newest else None


def act_on_verdict(
    succession: Succession, canary: str, verdict: Verdict, *, incident: str | None, refreshes: str | None = None
) -> str:
    """Do what `verdict` says of `canary`; returns a sentence for people. Raises Unavailable.

    Nothing is promoted during a hold, or once a person has ended the trial that was judged. A version with the recipe
    of the champion `refreshes`, which is on trial for its new code, becomes a refresh where no difference is shown.
    """
    why, evidence = verdict.sentence, verdict.document()
    match verdict.what:
        case "promote":
            try:
                succession.promote_canary(canary, why=why, incident=incident, evidence=evidence)
            except Conflict as refused:
                return f"version {canary}: {why}; not promoted: {refused.what}"
        case "inconclusive" if refreshes is not None:
            why = joined([why, Sentence("it has the champion's recipe, so it is a refresh from now on")])
            try:
                upkeep.take_canary(succession, canary, refreshes, why=why, incident=incident, evidence=evidence)
            except Conflict as refused:
                return f"version {canary}: {why}; not taken: {refused.what}"
        case "roll back" | "inconclusive":
            succession.end_trial(canary, why=why, incident=incident, evidence=evidence)
        case "go on":
            return f"version {canary} is on trial: {why}"
    return f"version {canary}: {why}"
