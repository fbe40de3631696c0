"""Lets the level of the scores follow the newest outcomes: `core.models.level` on each version in service, or to come.

The estimate uses the model's own scores, so the level in use does not matter, and judging again gives the same answer.
A new version begins with the newest outcomes it was fitted on, from its reference, until it has enough of its own. A
call list selects people by score; scores that are right on average stay so under that selection. A level moves between
two lists (`core.lists.beginning`): people who arrive later are scored at the level of those who are on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from core.clock import Clock, now
from core.lists.beginning import list_began
from core.models import levels_in_force
from core.models.decisions import decisions, state_of
from core.models.level import LEAST_OUTCOMES, LOOK_BACK, Calls, next_shift, unlevelled
from core.models.level import newest as newest_calls
from core.scoring.predictions_before import DATED
from core.stores.mongo import Db, reachable
from monitor.ranking.lineup import Scorer, lineup
from monitor.reports import windows

if TYPE_CHECKING:
    import pandas as pd  # slow to import, and this module is imported at the start


@dataclass
class Levelling:
    """Follows the newest `size` outcomes of each version in service; 0 removes every level.

    `learnt` returns the outcomes a version was fitted on. It runs once a version that has too few outcomes of its own.
    `list_hours`: how long a list lasts; 0: levels move with each outcome.
    """

    db: Db
    scorer: Scorer
    model: str
    size: int
    learnt: Callable[[str], Calls]
    list_hours: float = 0.0
    clock: Clock = now
    _seen: tuple[list[str], str, datetime | None] = field(default_factory=lambda: ([], "", None))
    _sentence: str = ""
    _learnt: dict[str, Calls] = field(default_factory=dict)

    def refresh(self) -> str:
        """Put changed levels in force, and return all levels in words. Raises Unavailable, NotFound, InputError."""
        present = lineup(self.scorer)
        if present is None:
            return "no champion in service yet, so there is no level"
        decided = state_of(decisions(self.db, self.model))
        # Whoever comes next has a level before it scores the first list: a new level ranks nobody anew.
        coming = (decided.canary, decided.waiting.version if decided.waiting else None)
        in_service = (present.champion, present.canary, present.refresh)
        versions = list(dict.fromkeys(version for version in (*in_service, *coming) if version))
        begun = list_began(self.clock(), self.list_hours) if self.list_hours else None
        newest = self._newest_outcome()
        if (versions, newest, begun) != self._seen:  # the same outcomes would give the same levels
            in_force = levels_in_force.in_force(self.db)
            self._learnt = {version: calls for version, calls in self._learnt.items() if version in versions}
            self._sentence = "; ".join(self._level(version, in_force.get(version), begun) for version in versions)
            self._seen = versions, newest, begun
        return self._sentence

    def _level(self, version: str, before: levels_in_force.Level | None, begun: datetime | None) -> str:
        """Put the level of `version` in force for the list that `begun`; returns the level in words."""
        switched_off = not self.size and before is not None and before.shift != 0
        if before is not None and begun is not None and before.at >= begun and not switched_off:
            return self._in_words(version, before.shift, before.outcomes)
        scores, positives = self._newest(version)
        old = before.shift if before else 0.0
        shift = next_shift(old, scores, positives, self.size)
        if shift != old or begun is not None:  # this list has its level, whatever becomes known while it lasts
            used, sold = scores[-self.size :], positives[-self.size :]
            sales, promised = int(sold.sum()), round(float(used.sum()), 3)
            level = levels_in_force.Level(shift, sold.size, sales, promised, self.clock())
            levels_in_force.put_in_force(self.db, version, level)
        return self._in_words(version, shift, positives.size)

    def _in_words(self, version: str, shift: float, outcomes: int) -> str:
        if not self.size:
            return f"version {version} scores as it was trained: following outcomes is switched off"
        if outcomes < LEAST_OUTCOMES:
            return f"version {version} scores as it was trained: it has fewer than {LEAST_OUTCOMES} outcomes"
        return f"version {version} scores {shift:+.3f} on the log-odds from where it was trained"

    def _newest(self, version: str) -> Calls:
        """The newest outcomes of `version` to look back at, with its own scores; none if following is switched off."""
        size = max(self.size, LOOK_BACK)
        calls = windows.outcomes(self.db, [version], size, since=self._since(version), own=True) if self.size else []
        calls.reverse()
        scores = np.array([float(unlevelled(call.score, call.level)) for call in calls])
        own = scores, np.array([call.positive for call in calls], dtype=np.float64)
        if len(calls) >= size or not self.size:
            return own
        if version not in self._learnt:
            scores, positives = self.learnt(version)
            self._learnt[version] = scores[-size:], positives[-size:]
        return newest_calls(self._learnt[version], own, size)

    def _since(self, version: str) -> datetime | None:
        """When `version` came into service; it scored nobody before."""
        return next((one.at for one in decisions(self.db, self.model) if one.version == version), None)

    def _newest_outcome(self) -> str:
        with reachable():
            newest = self.db.outcomes.find_one(DATED, sort=windows.NEWEST)
        return str(newest["_id"]) if newest else ""


def learnt_calls(reference: pd.DataFrame) -> Calls:
    """The outcomes that a version was fitted on and its own scores of them, the oldest first, from its `reference`."""
    return reference["score"].to_numpy(dtype=np.float64), reference["outcome"].to_numpy(dtype=np.float64)
