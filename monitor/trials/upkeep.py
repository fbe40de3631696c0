"""Follows the champion's refreshes: lets the next list use a new one, weighs them, and decides who stays champion.

    waiting ── next list ──> mixed, weight 0.8 ── each list: the weight that outcomes give it
        mixed ── `limit` outcomes ──> champion, or left out
        mixed ── shown to be worse, or serving cannot score with it ──> left out, at once

`monitor.trials.refresh` has the statistics, `core.models.upkeep` the decisions. A list begins at midnight UTC, or each
`list_hours` after it; its models and weights stay, because a change in the middle of a list puts two orders into one.
Whoever is worse does not wait for the next list. The weight is a function of the outcomes since the comparison began,
so judging again, by another process or after a restart, gives the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.clock import Clock, now
from core.errors import Conflict
from core.models import trials, upkeep
from core.models.decisions import Decision, SuccessionState
from core.models.succession import Succession
from core.scoring.predictions_before import DATED
from core.stores.mongo import Db, count, reachable
from monitor.reports import parity
from monitor.trials.guardrails import GuardrailLimits, broken_refresh
from monitor.trials.pairs import refresh_pairs
from monitor.trials.refresh import RefreshRules, Standing, weigh

MOVED = 0.01  # a weight that differs by less is left as it is


@dataclass
class UpkeepJob:
    """Follows the refreshes; `serving` gives what the scoring service knows of them."""

    db: Db
    succession: Succession
    serving: Callable[[], Mapping[str, str | int | float]]
    rules: RefreshRules
    list_hours: float = 24.0
    limits: GuardrailLimits = field(default_factory=GuardrailLimits)
    clock: Clock = now
    _seen: tuple[int, str | None, datetime | None] = field(default=(-1, None, None))
    _standing: Standing | None = None

    def advance(self) -> str:
        """Take the decision that is due, if one is; returns the state in words. Raises Unavailable."""
        state = self.succession.state()
        if state.champion is None:
            return "no champion yet"
        try:
            return self._mixed(state, state.mixed) if state.mixed else self._alone(state)
        except Conflict as refused:
            return str(refused.what)

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
        standing = self._weighed(state)
        why = broken_refresh(self.serving(), version, self.limits) or parity.skew_found(self.db, version, mixed.at)
        evidence = {**standing.document(), **self._known()}
        if why or standing.shown_worse_at is not None or (standing.over and not standing.wins):
            why = why or standing.sentence
            upkeep.leave_out(self.succession, champion, version, why=why, evidence=evidence)
            return f"version {version}, a refresh, was left out: {why}"
        if state.hold is not None:
            return f"version {version} stays mixed with {champion} until the hold of {state.hold.by} is released"
        if standing.over:
            upkeep.renew(self.succession, champion, version, why=standing.sentence, evidence=evidence)
            return f"version {version} is champion: {standing.sentence}"
        newer = state.waiting.version if state.waiting else version
        if (newer != version or abs(standing.weight - state.weight) >= MOVED) and self._next_list(mixed.at):
            return self._mix(state, newer, standing)
        waits = f"; version {newer} waits for the next list" if newer != version else ""
        return f"version {version} is mixed with {champion}: {standing.sentence}{waits}"

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
            found = refresh_pairs(self.db, str(state.champion), begun.at) if begun else []
            self._standing, self._seen = weigh(found, self.rules), basis
            sentence, document = self._standing.sentence, self._standing.document()
            evidence = trials.TrialEvidence(str(state.refresh), sentence, self.clock(), document)
            trials.store_evidence(self.db, evidence, trials.REFRESH)
        return self._standing

    def _next_list(self, since: datetime) -> bool:
        """Whether another list has begun after the one of `since`."""
        return self._list_of(self.clock()) > self._list_of(since)

    def _list_of(self, at: datetime) -> datetime:
        if not self.list_hours:
            return at
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + (at - midnight) // timedelta(hours=self.list_hours) * timedelta(hours=self.list_hours)

    def _known(self) -> dict[str, int]:
        """The number of outcomes now, from which the next refresh is counted."""
        with reachable():
            return {"known": count(self.db.outcomes, {})}

    def _newest_outcome(self) -> datetime | None:
        with reachable():
            newest = self.db.outcomes.find_one(DATED, sort=[("at", -1)])
        return newest["at"] if newest else None
