"""The pupil learns the truth's numbers from outcomes, each when it becomes known."""

from datetime import timedelta

import pytest

from replay.living.centre import START, Centre
from replay.living.people import PLANS
from replay.living.pupil import Pupil
from replay.living.worlds import WORLDS


@pytest.fixture(scope="module")
def centre() -> Centre:
    return Centre(WORLDS["stationary"], 3)


def test_it_orders_people_by_what_the_history_says_of_the_truth(centre: Centre) -> None:
    pupil = Pupil(centre)
    pupil.arrive(centre.history(), START)
    order = pupil.list_of_day(START)
    best = centre.true_chances(order[: len(order) // 4], START).mean()
    assert best > 1.15 * centre.true_chances(order, START).mean()
    plans = {centre.people[key].person.values["plan"] for key in order[:20]}
    assert plans != {"basic"}, f"of {sorted(PLANS)} basic sells the least"


def test_an_outcome_changes_nothing_before_it_is_told(centre: Centre) -> None:
    """What the centre knows of a call is not what the pupil knows."""
    centre = centre.again()
    pupil = Pupil(centre)
    pupil.arrive(centre.history(), START)
    before = pupil.list_of_day(START)
    person = before[0]
    centre.people[person].sold, centre.people[person].called_at = True, START
    assert pupil.list_of_day(START) == before
    for _ in range(100):
        pupil.outcome(person, 1, positive=True, at=START, known_at=START + timedelta(days=1))
    assert pupil.list_of_day(START) != before
