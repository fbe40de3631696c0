"""The life of a loop as spans, and the picture of it, from decisions and incidents that are known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from matplotlib import colors
from PIL import Image

from core.models.decisions import Decision, DecisionKind
from monitor.incidents.facts import Run, RunEnd
from monitor.incidents.lifecycle import Entry, Status
from replay import life, picture
from replay.callwise import Callwise
from replay.life import ESCALATED, GOING_ON, NO_VERDICT, PROMOTED, RESOLVED, ROLLED_BACK, Span, Training
from replay.picture import draw_replay

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
CALLS = 2_400


def at(place: int) -> datetime:
    return START + timedelta(minutes=100 * place)


def decided(place: int, what: DecisionKind, version: str, why: str = "") -> Decision:
    return Decision(place, what, version, at(place), "replay", why)


def entered(place: int, incident: str, status: Status) -> tuple[str, Entry]:
    return incident, Entry(status, at(place), "", tell=True)


DECISIONS = [
    decided(1, DecisionKind.PROMOTED, "1", "the first model"),
    decided(2, DecisionKind.ON_TRIAL, "2"),
    decided(4, DecisionKind.PROMOTED, "2", "promote: the canary is better"),
    decided(5, DecisionKind.ON_TRIAL, "3"),
    decided(6, DecisionKind.DROPPED, "3", "roll back: the canary is worse"),
    decided(8, DecisionKind.ON_TRIAL, "4"),
    decided(9, DecisionKind.DROPPED, "4", "inconclusive: neither is shown"),
    decided(10, DecisionKind.ON_TRIAL, "5"),
]
HISTORY = [
    entered(1, "drift:a", Status.OPEN),
    entered(2, "drift:a", Status.RETRAINING),
    entered(3, "quality:b", Status.OPEN),
    entered(4, "drift:a", Status.RESOLVED),
    entered(7, "quality:b", Status.ESCALATED),
    entered(8, "quality:b", Status.RESOLVED),
    entered(9, "drift:c", Status.OPEN),
]


@dataclass
class Loop:
    """What `replay.picture` reads of a loop."""

    decisions: list[Decision] = field(default_factory=lambda: DECISIONS)
    history: list[tuple[str, Entry]] = field(default_factory=lambda: HISTORY)
    trainings: dict[str, Training] = field(
        default_factory=lambda: {
            end.value: Training(at(place), "", Run(end))
            for place, end in ((2, RunEnd.HANDED_OVER), (7, RunEnd.REFUSED))
        }
    )
    times: list[datetime] = field(default_factory=lambda: [START + timedelta(minutes=n) for n in range(CALLS)])


def test_a_trial_lasts_until_it_is_decided_and_the_first_model_has_none() -> None:
    assert life.trials(DECISIONS) == [
        Span("trials", at(2), at(4), PROMOTED),
        Span("trials", at(5), at(6), ROLLED_BACK),
        Span("trials", at(8), at(9), NO_VERDICT),
        Span("trials", at(10), None, GOING_ON),
    ]


def test_an_incident_lasts_until_it_is_resolved_and_is_known_for_having_needed_people() -> None:
    assert life.incidents(HISTORY) == [
        Span("drift", at(1), at(4), RESOLVED),
        Span("quality", at(3), at(8), ESCALATED),
        Span("drift", at(9), None, GOING_ON),
    ]


@pytest.mark.parametrize(("loop", "lived"), [(Loop(), True), (Loop([], [], {}), False)], ids=["a life", "none"])
def test_the_picture_shows_what_became_of_trials_and_incidents(loop: Loop, lived: bool, tmp_path: Path) -> None:
    sold = np.arange(CALLS) % 10 == 0
    scores = {"callwise": np.where(sold, 0.9, 0.1), "frozen": np.where(sold, 0.1, 0.9)}
    draw_replay(tmp_path / "replay.png", sold, scores, cast(Callwise, loop), 20_000)
    drawn = Image.open(tmp_path / "replay.png").convert("RGB")
    assert drawn.width == 1210, "as in the docs"
    found = {colour for _, colour in drawn.getcolors(maxcolors=100_000) or []}
    for became in (
        PROMOTED,
        ROLLED_BACK,
        RESOLVED,
    ):  # the two lines have none of these colours, and greys are in letters
        assert (to_rgb(became) in found) is lived, became


def to_rgb(became: str) -> tuple[int, int, int]:
    red, green, blue = (round(255 * part) for part in colors.to_rgb(picture.COLOURS[became]))
    return red, green, blue
