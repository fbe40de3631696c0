"""The worlds by name: who comes, how many are called, and what changes from a known day on.

Days are counted from the first day on which the loop in question ranks; before it lie `warm_up` days, in which the team
called by habit and which the loop knows from a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DAYS_A_WEEK = 7

Change = Literal[
    "nothing",
    "people",
    "decisions",
    "season",
    "new word",
    "blank column",
    "changed unit",
    "mixed-up source",
    "broken training",
]


@dataclass(frozen=True)
class World:
    """A call centre. `arrivals`: people a day; they come in a file every `file_days` days; `capacity`: calls a day.

    `change` begins on day `onset` and is complete `ramp` days later; `size`: of a shift, in standard deviations.
    """

    name: str
    change: Change = "nothing"
    arrivals: int = 200
    file_days: int = 1
    capacity: int = 100
    weeks: int = 12
    warm_up: int = 63
    onset: int = 28
    ramp: int = 0
    size: float = 0.3

    def strength(self, day: float) -> float:
        """How much of the change holds on `day`: 0 before its onset, 1 once it is complete."""
        if self.change == "nothing" or day < self.onset:
            return 0.0
        return 1.0 if self.ramp == 0 else min(1.0, (day - self.onset + 1) / self.ramp)


WORLDS = {
    world.name: world
    for world in (
        World("stationary"),
        World("sudden_shift", "people"),
        World("slow_shift", "people", ramp=28),
        World("concept", "decisions"),
        World("season", "season", onset=0),
        World("new_word", "new word"),
        World("blank_column", "blank column"),
        World("changed_unit", "changed unit"),
        World("broken_source", "mixed-up source"),
        World("tiny_team", arrivals=40, capacity=20, weeks=26, warm_up=126),
        World("mondays", file_days=DAYS_A_WEEK, weeks=52),
        World("sabotaged", "broken training"),
    )
}
