"""The first day of the loop: what the team knows comes in, and a first model is made of it."""

from __future__ import annotations

from datetime import datetime

from replay.living.call_list import CallList
from replay.living.loop import Delivery
from replay.living.predictions import Log, Outcome
from replay.living.today import Today, snapshot
from replay.setup import Setup
from replay.upkeep import Upkeep, Version
from trainer.fitting import recipe
from trainer.gates.verdict import Verdict


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


def begin(setup: Setup, history: Delivery, at: datetime) -> Today:
    """The loop on the day `at` on which the team's `history` comes in, with a first model by the recipe."""
    people, log = CallList(setup.schema), Log(setup.schema)
    for outcome in people.read(history, at):
        log.heard(Outcome(outcome["at"], outcome["_id"], outcome["prospect"], outcome["positive"]))
    watch, step = Lenient(), setup.functions.step
    rows = snapshot(people, log.outcomes)
    made = recipe.train_model(rows, setup.schema, setup.training, None, watch=watch, step=step)
    first, refused = Version.from_training("1", made, setup.schema), "; ".join(watch.refused)
    upkeep = None if setup.every_version_on_trial else Upkeep(setup.refresh)
    loop = Today(
        name="today", setup=setup, champion=first, upkeep=upkeep, people=people, log=log, first_refused=refused
    )
    loop.start(at)
    return loop
