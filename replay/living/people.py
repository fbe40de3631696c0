"""People of the simulated call centre: what is true of them, and how likely each of them is to buy.

A person's log-odds are a sum over their own columns, with a bend in age and one interaction, so that a linear model
comes close and does not reach it. A model that knows the sum has an AUC of about 0.65 at a base rate of about 10%,
which is what real campaigns allow (docs/replay.md). The world may move the people, or how they decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from core.schema.column import BLANK, Value
from core.schema.yes_no import NO, YES
from replay.living.worlds import World

Numbers = npt.NDArray[np.float64]

BASE = -2.4
"""The intercept that gives a base rate of 10% in a world without changes."""
AN_EARLIER_CALL = -0.15
"""What each earlier call to a person does to their log-odds."""
SEASON_DAYS, SEASON_SIZE = 28, 0.4
"""A season comes back after so many days, and moves the log-odds of everybody by so much up and down."""
NEW_WORD, NEW_WORD_SHARE, NEW_WORD_EFFECT = "gig worker", 0.12, 0.8
DRAWS = 8
"""Uniform draws that belong to a person, so that every loop meets the same people with the same luck."""
SHIFTED = ("age", "visits", "score")

OCCUPATIONS: Mapping[str, tuple[float, float]] = {  # share, effect
    "clerk": (0.18, 0.0), "cook": (0.07, -0.25), "driver": (0.11, -0.2), "engineer": (0.12, 0.1),
    "farmer": (0.05, -0.3), "nurse": (0.1, 0.1), "retired": (0.12, 0.3), "baker": (0.12, -0.05),
    "student": (0.05, 0.35), "teacher": (0.08, 0.1),
}  # fmt: skip
RARE_WORDS, RARE_EFFECT = 40, 0.0
REGIONS = {"centre": (0.3, 0.1), "coast": (0.15, 0.15), "east": (0.15, -0.1), "north": (0.1, -0.15),
           "south": (0.15, 0.0), "west": (0.15, 0.0)}  # fmt: skip
PLANS = {"basic": (0.45, -0.2), "plus": (0.25, 0.1), "family": (0.2, 0.1), "gold": (0.1, 0.4)}
REACHED_BY = {"phone": (0.4, 0.1), "mail": (0.25, -0.1), "shop": (0.15, 0.15), BLANK: (0.2, -0.1)}
NEWS = {YES: (0.3, 0.25), NO: (0.6, -0.1), BLANK: (0.1, -0.05)}
ORDER_DAYS = 120.0
"""Days after which the effect of the last order has fallen to a third."""


@dataclass(frozen=True)
class Person:
    """Somebody who arrived: the true values of their own columns, their log-odds, and their own luck.

    `usual` is the part of the log-odds that a change of decisions leaves, `turned` the one that it turns round.
    `ordered`: the day of the last order as an ordinal, nan if there was none.
    """

    key: str
    values: Mapping[str, Value]
    usual: float
    turned: float
    ordered: float
    luck: Numbers


def chances(world: World, people: Sequence[Person], calls: Sequence[int], at: datetime, day: float) -> Numbers:
    """The true chance [n] that each of n `people` buys when called at `at`, on `day`, after so many earlier `calls`."""
    parts = np.array([(one.usual, one.turned, one.ordered) for one in people]).reshape(-1, 3)
    turn = 1 - 2 * world.strength(day) if world.change == "decisions" else 1.0
    order = np.nan_to_num(0.3 * np.exp((parts[:, 2] - at.toordinal()) / ORDER_DAYS))
    season = SEASON_SIZE * np.sin(2 * np.pi * day / SEASON_DAYS) if world.change == "season" else 0.0
    odds = BASE + parts[:, 0] + turn * parts[:, 1] + order + season + AN_EARLIER_CALL * np.asarray(calls)
    return np.asarray(expit(odds), dtype=np.float64)


class Population:
    """Draws the people of a world; the same `seed` gives the same people, whatever a loop does with them."""

    def __init__(self, world: World, seed: int) -> None:
        self._world, self._seed, self._drawn = world, seed, 0
        self._days: dict[int, list[Person]] = {}
        self.shifted = SHIFTED[seed % len(SHIFTED)]
        # References are in no order of arrival, as in a company that has known its people for years.
        self._numbers = np.random.default_rng([seed, 0]).permutation(900_000) + 100_000

    def arrive(self, many: int, at: datetime, day: int) -> list[Person]:
        """`many` people who arrive at `at`, on `day` of the world; the same whenever it is asked for the same day."""
        if day not in self._days:
            self._days[day] = self._draw(many, at, day)
        return self._days[day]

    def _draw(self, many: int, at: datetime, day: int) -> list[Person]:
        world = self._world
        draw = np.random.default_rng([self._seed, 1, day + world.warm_up])
        strength = world.strength(day)
        moved = world.size * strength if world.change == "people" else 0.0
        age = draw.normal(size=many) + (moved if self.shifted == "age" else 0)
        income, balance, visits = draw.normal(size=(3, many))
        # Together these move the score by `moved` of its standard deviations.
        income = income + (moved if self.shifted == "score" else 0)
        visits = visits + (moved if self.shifted in ("visits", "score") else 0)
        household = draw.poisson(1.6, many)
        home, without_income, never, rare = draw.random((4, many))
        days = draw.exponential(ORDER_DAYS, many)
        new = draw.random(many) < NEW_WORD_SHARE * strength * (world.change == "new word")
        occupation, region, plan = (_choose(draw, shares, many) for shares in (OCCUPATIONS, REGIONS, PLANS))
        reached, letter = _choose(draw, REACHED_BY, many), _choose(draw, NEWS, many)
        luck = draw.random((many, DRAWS))
        people = []
        for n in range(many):
            years = int(np.clip(np.rint(46 + 14 * age[n]), 18, 95))
            own, blank = home[n] < 0.55, without_income[n] < 0.12
            word = NEW_WORD if new[n] else f"trade {int(rare[n] * 800):02d}" if rare[n] < 0.05 else occupation[n]
            ordered = at.date() - timedelta(days=int(days[n])) if never[n] > 0.3 else None
            word_effect = NEW_WORD_EFFECT if new[n] else OCCUPATIONS.get(word, (0.0, RARE_EFFECT))[1]
            values: dict[str, Value] = {
                "age": years,
                "income": None if blank else round(float(np.exp(7.8 + 0.45 * income[n])), 2),
                "balance": round(float(900 + 1_500 * balance[n]), 2),
                "household": int(min(1 + household[n], 8)),
                "visits": int(np.exp(1.4 + 0.8 * visits[n])),
                "occupation": word,
                "region": region[n],
                "plan": plan[n],
                "reached_by": reached[n],
                "owns_home": YES if own else NO,
                "gets_news": letter[n],
                "last_order": ordered.isoformat() if ordered else None,
            }
            bend, square = (years - 46) / 14, ((years - 46) / 14) ** 2
            usual = 0.05 * bend + 0.1 * (square - 1) + word_effect + REGIONS[region[n]][1] + 0.1 * own * bend
            usual += REACHED_BY[reached[n]][1] + NEWS[letter[n]][1] - 0.06 * household[n]
            turned = (-0.1 if blank else 0.24 * income[n]) + 0.28 * visits[n] + PLANS[plan[n]][1]
            asked = float(ordered.toordinal()) if ordered else np.nan
            key = f"{self._numbers[self._drawn + n]}"
            people.append(Person(key, values, float(usual), float(turned), asked, luck[n]))
        self._drawn += many
        return people


def _choose(draw: np.random.Generator, shares: Mapping[str, tuple[float, float]], many: int) -> list[str]:
    words = list(shares)
    weights = np.array([share for share, _ in shares.values()])
    return [words[place] for place in draw.choice(len(words), many, p=weights / weights.sum())]
