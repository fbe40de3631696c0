"""Lets the level of the scores follow the newest outcomes: `core.level` on each version in service.

The estimate is made on what the model itself said, so the level it was used at does not matter, and judging again gives
the same answer. Selection by score, as a call list is, leaves scores that are right on average right on average. Nobody
is ranked anew for it: within one version the order would be the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core import levels
from core.clock import Clock, now
from core.level import LEAST_OUTCOMES, followed, raw
from core.mongo import Db, reachable
from core.succession import decisions
from monitor import windows
from monitor.rank import Scorer, lineup


@dataclass
class Levelling:
    """Looks at the newest `size` outcomes of each version in service; 0 takes every level off."""

    db: Db
    scorer: Scorer
    model: str
    size: int
    clock: Clock = now
    _seen: tuple[str, str] = field(default=("", ""))
    _said: str = ""

    def look(self) -> str:
        """Put in force what has changed, and say what is in force. Raises Unavailable, InputError."""
        present = lineup(self.scorer)
        if present is None:
            return "no champion in service yet, so there is no level"
        newest = self._newest_outcome()
        if (str(present), newest) != self._seen:  # the same outcomes would give the same levels
            in_force = levels.in_force(self.db)
            versions = [version for version in (present.champion, present.canary) if version]
            said = [self._level(version, in_force.get(version)) for version in versions]
            self._seen, self._said = (str(present), newest), "; ".join(said)
        return self._said

    def _level(self, version: str, before: levels.Level | None) -> str:
        """Put the level of `version` in force if it has moved; what it is, in words."""
        calls = windows.outcomes(self.db, version, self.size, since=self._since(version)) if self.size else []
        scores = [float(raw(call.score, call.level)) for call in calls]
        positives = [call.positive for call in calls]
        held = before.shift if before else 0.0
        shift = followed(held, scores, positives)
        if shift != held:
            found = levels.Level(shift, len(calls), sum(positives), round(sum(scores), 3), self.clock())
            levels.put(self.db, version, found)
        if not self.size:
            return f"version {version} scores as it was trained: following outcomes is switched off"
        if len(calls) < LEAST_OUTCOMES:
            return f"version {version} scores as it was trained: it has fewer than {LEAST_OUTCOMES} outcomes"
        return f"version {version} scores {shift:+.3f} on the log-odds from where it was trained"

    def _since(self, version: str) -> datetime | None:
        """When `version` first came into service, which is when it first scored anybody."""
        taken = decisions(self.db, self.model)
        return next((decision.at for decision in taken if decision.version == version), None)

    def _newest_outcome(self) -> str:
        with reachable():
            newest = self.db.outcomes.find_one(sort=windows.NEWEST)
        return str(newest["_id"]) if newest else ""
