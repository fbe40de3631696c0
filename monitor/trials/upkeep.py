"""Follows the champion's refreshes: lets the next list use a new one, weighs them, and decides who stays champion.

    waiting ── next list ──> mixed, weight 0.8 ── each list: the weight that outcomes give it
        mixed ── `limit` outcomes ──> champion, or left out
        mixed ── shown to be worse, or serving cannot score with it ──> left out, at once

`monitor.trials.refresh` has the statistics, `core.models.upkeep` the decisions. A list begins at midnight UTC, or each
`list_hours` after it. It keeps the models and weights that were decided when it began, by the outcomes known then: a
change in the middle of a list puts two orders into one. Whoever is worse does not wait for the next list. The weight is
a function of the outcomes since the comparison began, so judging again, by another process or after a restart, gives
the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.clock import Clock, now
from core.errors import Conflict
from core.lists.beginning import list_began
from core.models import mixture_in_force, trials, upkeep
from core.models.decisions import Decision, DecisionKind, SuccessionState, state_of
from core.models.mixture_in_force import Mixture
from core.models.succession import Succession
from core.scoring.predictions_before import DATED
from core.stores.mongo import Db, reachable
from monitor.reports import parity
from monitor.trials.evidence import Pair
from monitor.trials.guardrails import GuardrailLimits, broken_refresh
from monitor.trials.pairs import refresh_pairs
from monitor.trials.refresh import RefreshRules, Standing, weigh

MOVED = 0.01  # a weight that differs by less is left as it is


@dataclass
class UpkeepJob:
    """Follows the refreshes; `serving` gives what the scoring service knows of them.

    `list_hours`: how long a list lasts. `days`: after so many a comparison ends, however few the outcomes.
    """

    db: Db
    succession: Succession
    serving: Callable[[], Mapping[str, str | int | float]]
    rules: RefreshRules
    list_hours: float = 24.0
    limits: GuardrailLimits = field(default_factory=GuardrailLimits)
    days: float = 28.0
    clock: Clock = now
    _seen: tuple[int, str | None, datetime | None] = field(default=(-1, None, None))
    _standing: Standing | None = None
    _pairs: list[Pair] = field(default_factory=list)
    _released: datetime | None = None

    def advance(self) -> str:
        """Take the decision that is due, if one is; returns the state in words. Raises Unavailable."""
        state = self._put_in_force()
        if state.champion is None:
            return "no champion yet"
        try:
            said = self._mixed(state, state.mixed) if state.mixed else self._alone(state)
        except Conflict as refused:
            said = str(refused.what)
        self._put_in_force()
        return said

    def _put_in_force(self) -> SuccessionState:
        """Let scoring use the mixture that was decided; returns the state."""
        taken = self.succession.decisions()
        state = state_of(taken)
        mixture_in_force.put_in_force(self.db, Mixture.of_state(state))
        self._released = next((one.at for one in reversed(taken) if one.what is DecisionKind.RELEASED), None)
        return state

    def _alone(self, state: SuccessionState) -> str:
        waiting = state.waiting
        if waiting is None:
            return f"version {state.champion} is champion, without a refresh"
        if state.hold is not None:
            return f"version {waiting.version}, a refresh, waits until the hold of {state.hold.by} is released"
        if not self._next_list(waiting.at):
            return f"version {waiting.version}, a refresh, waits for the next list"
        return self._mix(state, waiting.version, weigh([], self.rules))

    def _mixed(self, state: SuccessionState, mixed: Decision) -> str:
        champion, version = str(state.champion), mixed.version
        now_known = self._weighed(state)
        why = broken_refresh(self.serving(), version, self.limits) or parity.skew_found(self.db, version, mixed.at)
        if why or now_known.shown_worse_at is not None:
            return self._leave_out(champion, version, why or now_known.sentence, now_known)
        waits = f"; version {state.waiting.version} waits for the next list" if state.waiting else ""
        said = f"version {version} is mixed with {champion}: {now_known.sentence}{waits}"
        return self._for_list(state, mixed) if self._next_list(mixed.at) else said

    def _for_list(self, state: SuccessionState, mixed: Decision) -> str:
        """What the list of now has, by the outcomes that were known when it began."""
        champion, version, begun = str(state.champion), mixed.version, list_began(self.clock(), self.list_hours)
        standing = weigh([pair for pair in self._pairs if pair.at < begun], self.rules)
        over = standing.over or begun - (state.compared or mixed).at > timedelta(days=self.days)
        if over and not standing.wins:
            return self._leave_out(champion, version, standing.sentence, standing)
        if state.hold is not None:
            return f"version {version} stays mixed with {champion} until the hold of {state.hold.by} is released"
        if over:
            upkeep.renew(self.succession, champion, version, why=standing.sentence, evidence=standing.document())
            return f"version {version} is champion: {standing.sentence}"
        newer = state.waiting if state.waiting and self._next_list(state.waiting.at) else mixed
        if newer.version != version or abs(standing.weight - state.weight) >= MOVED:
            return self._mix(state, newer.version, standing)
        return f"version {version} is mixed with {champion}: {standing.sentence}"

    def _leave_out(self, champion: str, version: str, why: str, standing: Standing) -> str:
        upkeep.leave_out(self.succession, champion, version, why=why, evidence=standing.document())
        return f"version {version}, a refresh, was left out: {why}"

    def _mix(self, state: SuccessionState, version: str, standing: Standing) -> str:
        upkeep.mix(
            self.succession,
            str(state.champion),
            version,
            standing.weight,
            why=standing.sentence,
            evidence=standing.document(),
        )
        return f"version {version} is mixed with {state.champion}: {standing.sentence}"

    def _weighed(self, state: SuccessionState) -> Standing:
        """What the outcomes say of the comparison; worked out again only where there are new ones."""
        begun = state.compared
        basis = begun.place if begun else -1, state.refresh, self._newest_outcome()
        if self._standing is None or basis != self._seen:
            self._pairs = refresh_pairs(self.db, str(state.champion), begun.at) if begun else []
            self._standing, self._seen = weigh(self._pairs, self.rules), basis
            sentence, document = self._standing.sentence, self._standing.document()
            evidence = trials.TrialEvidence(str(state.refresh), sentence, self.clock(), document)
            trials.store_evidence(self.db, evidence, trials.REFRESH)
        return self._standing

    def _next_list(self, since: datetime) -> bool:
        """Whether the list of now began after `since`, and after the end of a hold: a list keeps what it began with."""
        return list_began(self.clock(), self.list_hours) > max(since, self._released or since)

    def _newest_outcome(self) -> datetime | None:
        with reachable():
            newest = self.db.outcomes.find_one(DATED, sort=[("at", -1)])
        return newest["at"] if newest else None
