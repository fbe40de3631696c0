"""One run: a call centre in a world, with the loop of the appliance and with those that it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from core.models.proof import predict
from core.schema.as_of import as_of
from replay.living import first_day
from replay.living.call_list import CallList, key_of
from replay.living.centre import START, Centre, Day
from replay.living.files import SCHEMA
from replay.living.loop import Delivery, Loop, Scored, everybody
from replay.living.pupil import Pupil
from replay.living.sabotage import Sabotage
from replay.living.today import Today
from replay.living.worlds import World
from replay.setup import Setup
from replay.upkeep import Version

LOOP, ORACLE, PUPIL, FROZEN, RANDOM, SOUND = "today", "oracle", "pupil", "frozen", "random", "sound"
PLAIN = (ORACLE, FROZEN, RANDOM)

Begin = Callable[[Setup, Delivery, datetime], Today]
"""Makes the loop of an appliance with these settings on the morning on which the team's history comes in."""


@dataclass(frozen=True)
class Run:
    """What came of one seed: the days of each loop by its name, and the appliance's loop itself."""

    world: World
    seed: int
    days: Mapping[str, Sequence[Day]]
    loop: Today

    @property
    def sales(self) -> dict[str, int]:
        """The sales of each loop."""
        return {name: sum(day.sales for day in days) for name, days in self.days.items()}


def run(world: World, seed: int, setup: Setup, weeks: int | None = None, begin: Begin = first_day.begin) -> Run:
    """Play `world` with the people of `seed` for `weeks`, once with each loop; `begin` makes the appliance's.

    Each loop meets the same people with the same luck. What it calls decides what it learns. In a world in which a
    training is broken the appliance's loop is played once more without that, as `SOUND`.
    """
    weeks, morning, days = weeks or world.weeks, Centre(world, seed), {}
    loop = begin(_sabotaged(setup, world, seed), morning.history(), START)
    first = loop.champion
    days[LOOP] = morning.again().play(loop, weeks)
    if world.change == "broken training":
        days[SOUND] = morning.again().play(begin(setup, morning.history(), START), weeks)
    pupil = morning.again()
    learner = Pupil(pupil, PUPIL)
    learner.arrive(pupil.history(), START)
    days[PUPIL] = pupil.play(learner, weeks)
    for name in PLAIN:
        centre = morning.again()
        days[name] = centre.play(plain(name, centre, Frozen(first, loop.people)), weeks)
    return Run(world, seed, days, loop)


def _sabotaged(setup: Setup, world: World, seed: int) -> Setup:
    if world.change != "broken training":
        return setup
    return replace(setup, functions=replace(setup.functions, step=Sabotage(setup.functions.step, seed)))


@dataclass(frozen=True)
class Frozen:
    """The first model for ever, on what another loop has read of the same `people`."""

    version: Version
    people: CallList

    def knows(self, key: str) -> bool:
        """Whether the row of this person fits."""
        return key_of(key) in self.people.prospects

    def score(self, keys: Sequence[str], at: datetime) -> list[float]:
        """The scores of n people as of `at`."""
        if not keys:
            return []
        # At arrival, when nobody has been called but those whose earlier calls the file counts.
        features = [as_of(SCHEMA, self.people.prospects[key_of(key)]["features"], at, calls=0) for key in keys]
        return [float(score) for score in predict(self.version.model, features)]


def plain(name: str, centre: Centre, frozen: Frozen) -> Loop:
    """The loop `name` that learns nothing, with the people whom `centre` knows."""
    noise = np.random.default_rng([centre.seed, 4])
    scores: dict[str, Callable[[Sequence[str], datetime], Sequence[float]]] = {
        ORACLE: lambda keys, at: centre.true_chances(keys, at).tolist(),
        RANDOM: lambda keys, _at: noise.random(len(keys)).tolist(),
        FROZEN: frozen.score,
    }
    loop = Scored(name, scores[name], daily=name == ORACLE, knows=frozen.knows if name == FROZEN else everybody)
    loop.arrive(centre.history(), START)
    return loop
