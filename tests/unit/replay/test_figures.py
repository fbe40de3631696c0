"""What a replay shows, from scores and a life of the loop that are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np
import pandas as pd
import pytest

from core.models.decisions import Decision, DecisionKind
from core.models.proof import Scores
from core.schema import Schema
from monitor.incidents.facts import Run, RunEnd
from monitor.incidents.lifecycle import Incident, Status
from replay import figures
from replay.callwise import Callwise
from replay.forecasts import Flags
from replay.history import days_of
from replay.life import Training
from replay.upkeep import ENDED_AS_REFRESH, Refresh, Upkeep

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
CALLS = 2_400
DAYS = np.arange(CALLS, dtype=np.int64) // 100


@dataclass
class Loop:
    """What `replay.figures` reads of a loop."""

    retrainings: int = 4
    trainings: dict[str, Training] = field(
        default_factory=lambda: {
            f"run-{n}": Training(START, "on schedule", Run(RunEnd.REFUSED if n == 2 else RunEnd.HANDED_OVER))
            for n in range(4)
        }
    )
    upkeep: Upkeep | None = None
    decisions: list[Decision] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    times: list[datetime] = field(default_factory=lambda: [START + timedelta(minutes=n) for n in range(CALLS)])


def decided(place: int, what: DecisionKind, why: str = "") -> Decision:
    return Decision(place, what, "2", START + timedelta(minutes=100 * place), "replay", why)


@pytest.fixture
def loop() -> Callwise:
    taken = [
        decided(1, DecisionKind.PROMOTED, "the first model"),
        decided(2, DecisionKind.ON_TRIAL),
        decided(3, DecisionKind.PROMOTED, "promote: the canary is better"),
        decided(4, DecisionKind.ON_TRIAL),
        decided(5, DecisionKind.DROPPED, "roll back: the canary is worse"),
        decided(6, DecisionKind.ON_TRIAL),
        decided(7, DecisionKind.DROPPED, "inconclusive: neither is shown"),
    ]
    ends = (Status.RESOLVED, Status.RESOLVED, Status.ESCALATED)
    incidents = [Incident(f"drift:{n}", "drift", status, START, "") for n, status in enumerate(ends)]
    return cast(Callwise, Loop(decisions=taken, incidents=incidents))


@pytest.fixture
def sold() -> Flags:
    """A tenth of the calls are sales, but none of the second thousand."""
    found: Flags = np.arange(CALLS) % 10 == 0
    found[1000:2000] = False
    return found


@pytest.fixture
def arms(sold: Flags) -> dict[str, Scores]:
    return {"callwise": np.where(sold, 0.9, 0.1), "frozen": np.where(sold, 0.1, 0.9)}


def test_the_life_of_the_loop_is_counted(sold: Flags, arms: dict[str, Scores], loop: Callwise) -> None:
    found = figures.figures(sold, arms, DAYS, loop, 200)
    assert found["auc"] == {"callwise": 1.0, "frozen": 0.0}
    assert found["top_half"] == {"callwise": 1.0, "frozen": 0.0}
    assert found["log_loss"]["callwise"] == pytest.approx(-np.log(0.9), abs=1e-4)
    assert (found["retrainings"], found["refused"]) == (4, 1)
    assert found["promotions"] == 1, "the first model is none"
    assert (found["rollbacks"], found["inconclusive"]) == (1, 1)
    assert (found["incidents"], found["incidents_by_end"]) == (3, {"resolved": 2, "escalated": 1})
    assert (found["calls"], found["sales"], found["label_delay"]) == (CALLS, int(sold.sum()), 200)


def test_a_block_of_one_outcome_has_no_auc_and_spoils_no_mean(
    sold: Flags, arms: dict[str, Scores], loop: Callwise
) -> None:
    found = figures.by_block(sold, arms["callwise"])
    assert np.array_equal(found, [1.0, np.nan, 1.0], equal_nan=True), "the last block is a short one"
    assert figures.figures(sold, arms, DAYS, loop, 0)["auc_in_blocks"] == {"callwise": 1.0, "frozen": 0.0}


def test_an_order_that_holds_within_blocks_only_is_told_from_one_over_all(loop: Callwise) -> None:
    sold = np.arange(2_000) % 10 == 0
    level = np.repeat([0.0, 0.4], 1_000)
    scores = np.where(sold, 0.3, 0.1) + level
    found = figures.figures(sold, {"callwise": scores}, DAYS[:2_000], loop, 200)
    assert found["auc_in_blocks"]["callwise"] == 1.0
    assert found["auc"]["callwise"] == 0.75


def test_the_table_says_what_the_figures_say(sold: Flags, arms: dict[str, Scores], loop: Callwise) -> None:
    said = figures.table(arms, figures.figures(sold, arms, DAYS, loop, 200))
    assert said.startswith("2400 calls, 140 sales, outcomes known 200 calls late.")
    [row] = [line for line in said.splitlines() if line.startswith("frozen")]
    assert row.split() == ["frozen", "0.0000", "0.0000", "0.0000", "0.00%", "2.3026"]
    assert "4 retrainings (1 refused by a gate), 1 promotions, 1 rollbacks, 1 trials without" in said
    assert "3 incidents (2 resolved, 1 escalated)" in said


def test_within_days_only_the_order_of_one_day_counts() -> None:
    """Two days: in the first the one pair is wrong, in the second two of three pairs are right; days pull apart."""
    sold = np.array([True, False, True, False, False, False])
    scores = np.array([0.1, 0.2, 0.8, 0.7, 0.75, 0.9])
    days = np.array([0, 0, 1, 1, 1, 1])
    assert figures.within_days(sold, scores, days) == pytest.approx(2 / 4)
    assert np.isnan(figures.within_days(sold, scores, np.arange(6)))


def test_a_day_is_told_from_the_month_and_the_weekday(schema: Schema) -> None:
    weekdays = ["mon", "mon", "tue", "tue", "tue", "mon"]
    months = ["may", "may", "may", "jun", "jun", "jun"]
    frame = pd.DataFrame({"day_of_week": weekdays, "month": months})
    assert days_of(frame, schema).tolist() == [0, 0, 1, 2, 2, 3]
    assert days_of(frame.iloc[:0], schema).tolist() == []


def test_the_life_of_an_upkeep_is_counted(sold: Flags, arms: dict[str, Scores], loop: Callwise) -> None:
    assert set(figures.refreshes(None).values()) == {0}
    whys = ["enough new outcomes", ENDED_AS_REFRESH, "enough new outcomes"]
    made = [Refresh(START, str(n), why, refused=n == 2) for n, why in enumerate(whys)]
    loop.upkeep = Upkeep(refreshes=made, won=3, shown_worse=1)
    found = figures.figures(sold, arms, DAYS, loop, 200)
    counts = {"made": 2, "refused": 1, "from_trainings": 1, "new_champions": 3, "shown_worse": 1}
    assert found["refreshes"] == counts
    assert "2 refreshes, 1 of them by trainings; a gate refused 1 others; 3 became champion" in figures.table(
        arms, found
    )
