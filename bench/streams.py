"""A made-up team that calls from the top of its list, and a canary of known quality.

Every person has a true chance of buying: a logistic function of four columns of unequal weight. A model sees the sum of
the columns with noise (in units of the sum) and forecasts the chance from it. So it is calibrated over all people, and
less noise makes it better. Two models with the same noise are equally good and disagree. The upper part of each list is
called, by the score of the person's route; an outcome is known after a delay.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from core.models.metrics import quality
from monitor.trials.evidence import Pair

Values = NDArray[np.float64]
Sabotage = Literal["none", "shuffled labels", "no signal", "scrambled column"]

WEIGHTS = np.array([0.8, 0.4, 0.35, 0.28])  # of the columns; their squares sum to 1
LIST, SHARE, DELAY = 1_000, 0.05, 200.0  # people on a list; the canary's share; calls until an outcome, on average
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
SEGMENTS = {"job": 12, "marital": 4, "age": 4}


@dataclass(frozen=True)
class World:
    """`spread`: standard deviation of the true log-odds; `called`: share of a list that is called, from its top.

    `ordered`: whether these are called in the order of their scores.
    """

    base_rate: float = 0.11
    spread: float = 1.2
    champion: float = 0.8
    canary: float = 0.8
    called: float = 0.5
    ordered: bool = True
    sabotage: Sabotage = "none"
    identical: bool = False


@dataclass(frozen=True)
class Drawn:
    """People with the outcomes that calls would have, and both scores: shape [n] each."""

    sold: NDArray[np.bool_]
    champion: Values
    canary: Values


def people(world: World, size: int, rng: np.random.Generator) -> Drawn:
    """`size` people in random order."""
    columns = rng.normal(size=(size, WEIGHTS.size))
    centre = _centre(world)
    true = expit(centre + world.spread * columns @ WEIGHTS)
    champion = _forecast(world, columns, world.champion, centre, rng)
    seen = columns.copy()
    if world.sabotage == "scrambled column":
        seen[:, 0] = rng.permutation(seen[:, 0])
    canary = _forecast(world, seen, world.canary, centre, rng)
    if world.sabotage == "shuffled labels":
        canary = rng.permutation(canary)
    if world.sabotage == "no signal":
        canary = expit(logit(world.base_rate) + 0.1 * rng.normal(size=size))
    return Drawn(rng.random(size) < true, champion, champion if world.identical else canary)


def stream(world: World, outcomes: int, seed: int) -> list[Pair]:
    """The first `outcomes` that become known in this world, in the order of becoming known."""
    rng = np.random.default_rng(seed)
    lists = int(np.ceil((outcomes + 5 * DELAY) / (LIST * world.called)))
    drawn = people(world, lists * LIST, rng)
    routed = rng.random(lists * LIST) < SHARE
    used = np.where(routed, drawn.canary, drawn.champion)
    calls = np.concatenate([_called(world, used, start, rng) for start in range(0, lists * LIST, LIST)])
    known = np.argsort(np.arange(calls.size) + rng.exponential(DELAY, calls.size))
    groups = {name: rng.integers(0, count, calls.size) for name, count in SEGMENTS.items()}
    return [
        Pair(
            outcome=f"{seed}:{who}",
            at=START + timedelta(minutes=minute),
            positive=bool(drawn.sold[who]),
            champion=float(drawn.champion[who]),
            canary=float(drawn.canary[who]),
            route="canary" if routed[who] else "champion",
            segments={name: str(values[minute]) for name, values in groups.items()},
        )
        for minute, who in enumerate(calls[known][:outcomes])
    ]


def better_by(world: World, size: int = 200_000, seed: int = 1) -> dict[str, float]:
    """The canary's true advantage over all people: gains in AUC and in log loss (nats a person)."""
    drawn = people(world, size, np.random.default_rng(seed))
    champion, canary = quality(drawn.sold, drawn.champion), quality(drawn.sold, drawn.canary)
    return {"auc": round(canary.auc - champion.auc, 4), "log_loss": round(champion.log_loss - canary.log_loss, 5)}


def _called(world: World, used: Values, start: int, rng: np.random.Generator) -> NDArray[np.int64]:
    best = start + np.argsort(-used[start : start + LIST], kind="stable")[: round(LIST * world.called)]
    return best if world.ordered else rng.permutation(best)


def _forecast(world: World, columns: Values, noise: float, centre: float, rng: np.random.Generator) -> Values:
    """The chance given the columns and a noise: the mean over the remaining uncertainty (probit approximation)."""
    trust = 1 / (1 + noise**2)
    seen = trust * (columns @ WEIGHTS + noise * rng.normal(size=len(columns)))
    left = world.spread**2 * (1 - trust)
    return np.asarray(expit((centre + world.spread * seen) / np.sqrt(1 + np.pi * left / 8)), dtype=np.float64)


def _centre(world: World) -> float:
    """The centre of people's log-odds that gives the base rate (in the same approximation)."""
    return float(logit(world.base_rate) * np.sqrt(1 + np.pi * world.spread**2 / 8))
