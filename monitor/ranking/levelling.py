"""Lets the level of the scores follow the newest outcomes: `core.models.level` on each version in service.

The estimate is made on what the model itself said, so the level it was used at does not matter, and judging again gives
the same answer. A new version begins with the newest outcomes it was fitted on, as its reference has them, until it has
enough of its own. Selection by score, as a call list is, leaves scores that are right on average right on average.
Nobody is ranked anew for it: within one version the order would be the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from core.clock import Clock, now
from core.models import levels_in_force
from core.models.decisions import decisions
from core.models.level import LEAST_OUTCOMES, Calls, followed, raw
from core.models.level import newest as newest_calls
from core.stores.mongo import Db, reachable
from monitor.ranking.lineup import Scorer, lineup
from monitor.reports import windows

if TYPE_CHECKING:
    import pandas as pd  # slow to import, and level is looked at from the start


@dataclass
class Levelling:
    """Looks at the newest `size` outcomes of each version in service; 0 takes every level off.

    `learnt` gives the outcomes a version was fitted on; it is asked once a version, while that has too few of its own.
    """

    db: Db
    scorer: Scorer
    model: str
    size: int
    learnt: Callable[[str], Calls]
    clock: Clock = now
    _seen: tuple[str, str] = field(default=("", ""))
    _said: str = ""
    _learnt: dict[str, Calls] = field(default_factory=dict)

    def refresh(self) -> str:
        """Put in force what has changed, and say what is in force. Raises Unavailable, NotFound, InputError."""
        present = lineup(self.scorer)
        if present is None:
            return "no champion in service yet, so there is no level"
        newest = self._newest_outcome()
        if (str(present), newest) != self._seen:  # the same outcomes would give the same levels
            in_force = levels_in_force.in_force(self.db)
            versions = [version for version in (present.champion, present.canary) if version]
            self._learnt = {version: calls for version, calls in self._learnt.items() if version in versions}
            said = [self._level(version, in_force.get(version)) for version in versions]
            self._seen, self._said = (str(present), newest), "; ".join(said)
        return self._said

    def _level(self, version: str, before: levels_in_force.Level | None) -> str:
        """Put the level of `version` in force if it has moved; what it is, in words."""
        scores, positives = self._newest(version)
        held = before.shift if before else 0.0
        shift = followed(held, scores, positives)
        if shift != held:
            found = levels_in_force.Level(
                shift, positives.size, int(positives.sum()), round(float(scores.sum()), 3), self.clock()
            )
            levels_in_force.put(self.db, version, found)
        if not self.size:
            return f"version {version} scores as it was trained: following outcomes is switched off"
        if positives.size < LEAST_OUTCOMES:
            return f"version {version} scores as it was trained: it has fewer than {LEAST_OUTCOMES} outcomes"
        return f"version {version} scores {shift:+.3f} on the log-odds from where it was trained"

    def _newest(self, version: str) -> Calls:
        """The newest outcomes that `version` knows, with what it said itself; none if this is switched off."""
        found = windows.outcomes(self.db, version, self.size, since=self._since(version)) if self.size else []
        found.reverse()
        scores = np.array([float(raw(call.score, call.level)) for call in found])
        heard = scores, np.array([call.positive for call in found], dtype=np.float64)
        if len(found) >= self.size:
            return heard
        if version not in self._learnt:
            scores, positives = self.learnt(version)
            self._learnt[version] = scores[-self.size :], positives[-self.size :]
        return newest_calls(self._learnt[version], heard, self.size)

    def _since(self, version: str) -> datetime | None:
        """When `version` first came into service, which is when it first scored anybody."""
        taken = decisions(self.db, self.model)
        return next((decision.at for decision in taken if decision.version == version), None)

    def _newest_outcome(self) -> str:
        with reachable():
            newest = self.db.outcomes.find_one(sort=windows.NEWEST)
        return str(newest["_id"]) if newest else ""


def learnt(reference: pd.DataFrame) -> Calls:
    """The outcomes that a version was fitted on and what it says of them itself: its `reference`, the oldest first."""
    return reference["score"].to_numpy(dtype=np.float64), reference["outcome"].to_numpy(dtype=np.float64)
