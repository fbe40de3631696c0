"""The upkeep of the champion in a replay: its refreshes, and how much say the newest of them has.

`monitor.trials.refresh` has the rules and the weight; this holds what an appliance would keep in its stores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Self

import pandas as pd

from core.errors import GateRefused
from core.models.compiled.compilation import Compiled, compiled
from core.models.compiled.encoding import CannotCompile
from core.models.proof import Model, Scores, predict
from core.schema import Schema
from core.schema.column import Value
from monitor.trials.evidence import Pair
from monitor.trials.refresh import RefreshRules, Standing, weigh
from replay.setup import Setup
from trainer.data.snapshot import AT
from trainer.fitting import recipe
from trainer.fitting.candidates import Candidate
from trainer.pipeline.registration import reference_of

ENDED_AS_REFRESH = "it found the recipe in use again, so it ended as a refresh"


@dataclass(frozen=True)
class Version:
    """A model of the registry: its name, its reference, the time of the newest outcome it has learnt, and its recipe.

    `candidate` is None where no training made it.
    """

    name: str
    model: Model
    reference: pd.DataFrame
    until: datetime
    candidate: Candidate | None = None

    @classmethod
    def from_training(cls, name: str, made: recipe.ValidatedModel, schema: Schema) -> Self:
        """The version `name` that a training made."""
        reference, until = reference_of(made.model, made.trained_on, schema), made.trained_on[AT].iloc[-1]
        return cls(name, made.model, reference, until, made.candidate)

    def score(self, rows: Sequence[Mapping[str, Value]]) -> Scores:
        """The probability of a sale for each of n rows, shape [n], as serving gives it: by the compiled form."""
        return self._form.score(rows) if self._form else predict(self.model, rows)

    @cached_property
    def _form(self) -> Compiled | None:
        try:
            return compiled(self.model)
        except CannotCompile:
            return None

    def has_recipe_of(self, other: Version) -> bool:
        """Whether both are the same kind of model with the same parameters."""
        return self.candidate is not None and self.candidate == other.candidate


@dataclass(frozen=True)
class Refresh:
    """The time of a refresh, its version, and why: what made it, or why a gate refused it."""

    at: datetime
    version: str
    why: str
    refused: bool = False


@dataclass
class Upkeep:
    """Refreshes of the champion by `rules`. `newest`: the version that is mixed with the champion.

    `standing`: its weight in the lists from now on. `begun`, `ended`: how many comparisons; `won`: how many ended with
    a new champion; `shown_worse`: in how many the newest fits were shown to be worse. `learnt`: how many outcomes were
    known when the last fit was made.
    """

    rules: RefreshRules = field(default_factory=RefreshRules)
    newest: Version | None = None
    standing: Standing | None = None
    refreshes: list[Refresh] = field(default_factory=list)
    begun: int = 0
    ended: int = 0
    won: int = 0
    shown_worse: int = 0
    learnt: int = 0

    @property
    def weight(self) -> float:
        """The weight of the newest fit in the mixture; 0 without one."""
        return self.standing.weight if self.standing is not None else 0.0

    def start(self, outcomes: int) -> None:
        """Begin anew with a champion that has learnt the first `outcomes`."""
        self.newest, self.standing, self.learnt = None, None, outcomes

    def is_due(self, outcomes: int) -> bool:
        """Whether a refresh is due with `outcomes` in all. Fits that were shown to be worse get no other meanwhile."""
        shown_worse = self.standing is not None and self.standing.shown_worse_at is not None
        return not shown_worse and self.rules.is_due(self.learnt, outcomes)

    def refresh(self, champion: Version, name: str, frame: pd.DataFrame, setup: Setup, at: datetime) -> Version | None:
        """Fit the champion's recipe on the known outcomes in `frame`, and use it; None where a gate refused it."""
        gate = recipe.Champion(lambda: champion.model, champion.until)
        step = setup.functions.refresh or setup.functions.step
        watch, again = recipe.Unwatched(), champion.candidate
        try:
            made = recipe.train_model(
                frame, setup.schema, setup.training, gate, watch=watch, step=step, candidate=again
            )
        except GateRefused as refused:
            self.refreshes.append(Refresh(at, name, f"{refused.gate} refused it: {refused.why}", refused=True))
            return None
        version = Version.from_training(name, made, setup.schema)
        self.take_in(version, at, "enough new outcomes")
        return version

    def take_in(self, version: Version, at: datetime, why: str) -> None:
        """Mix `version` with the champion from the next list on."""
        if self.standing is None:
            self.standing, self.begun = weigh([], self.rules), self.begun + 1
        self.newest = version
        self.refreshes.append(Refresh(at, version.name, why))

    def judge(self, champion: Version, pairs: Sequence[Pair], *, aged: bool = False) -> Version:
        """Weigh the newest fits by `pairs` (champion and newest fit); returns the champion from the next list on.

        The comparison ends with its last outcome, or where it is `aged`.
        """
        if self.newest is None:
            return champion
        self.standing = weigh(pairs, self.rules)
        if not (self.standing.over or aged):
            return champion
        winner = self.newest if self.standing.wins else champion
        self.ended, self.won = self.ended + 1, self.won + self.standing.wins
        self.shown_worse += self.standing.shown_worse_at is not None
        self.newest = self.standing = None
        return winner

    def leave_out(self) -> None:
        """End the comparison: the newest fits were shown to be worse. The next outcomes bring the next refresh."""
        self.ended, self.shown_worse = self.ended + 1, self.shown_worse + 1
        self.newest = self.standing = None
