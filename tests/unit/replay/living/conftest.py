"""A small simulated call centre: a few people a day, and a first model that needs no training."""

from __future__ import annotations

from dataclasses import replace

import pytest

from replay.living.centre import Centre
from replay.living.worlds import WORLDS, World

SMALL = replace(WORLDS["stationary"], arrivals=30, capacity=15, warm_up=14, onset=7)


@pytest.fixture
def world() -> World:
    return SMALL


@pytest.fixture
def centre(world: World) -> Centre:
    return Centre(world, 1)
