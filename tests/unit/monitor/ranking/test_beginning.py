"""A list begins once what it begins with is decided, and only once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Unavailable
from core.stores.mongo import Db
from monitor.jobs.job import Job
from monitor.ranking.beginning import PATIENCE, PREPARE, Beginning, Preparation
from monitor.ranking.lineup import Lineup
from tests.contract.core.calls.conftest import Watch

EVENING = datetime(2026, 9, 14, 22, tzinfo=UTC)
MIDNIGHT = EVENING + timedelta(hours=2)
MINUTE = timedelta(minutes=1)
ALONE, TRIAL = Lineup("1"), Lineup("1", "2", share=0.05)


@pytest.fixture
def watch() -> Watch:
    watch = Watch()
    watch.at = EVENING
    return watch


@pytest.fixture
def preparation(watch: Watch) -> Preparation:
    return Preparation(watch)


@pytest.fixture
def beginning(db: Db, preparation: Preparation) -> Beginning:
    return Beginning(db, 24.0, preparation)


def run(preparation: Preparation, *names: str) -> None:
    for job in preparation.watch([Job(name, 1, lambda: "looked") for name in names]):
        assert job.run() == "looked"


def test_a_list_goes_on_as_it_began_whatever_comes_into_service(beginning: Beginning) -> None:
    assert beginning.trial(ALONE, EVENING) == "", "the first one, of now"
    assert beginning.trial(TRIAL, EVENING + MINUTE) == ""


def test_the_next_list_waits_for_the_jobs_that_prepare_it(
    beginning: Beginning, preparation: Preparation, watch: Watch
) -> None:
    run(preparation, *PREPARE)
    beginning.trial(ALONE, EVENING)
    assert beginning.trial(TRIAL, MIDNIGHT) is None, "they looked before it began"
    watch.at = MIDNIGHT
    for name in PREPARE[:-1]:
        run(preparation, name)
        assert beginning.trial(TRIAL, MIDNIGHT + MINUTE) is None
    run(preparation, PREPARE[-1])
    assert beginning.trial(TRIAL, MIDNIGHT + MINUTE) == "2@0.05"
    assert beginning.trial(ALONE, MIDNIGHT + 2 * MINUTE) == "2@0.05"


def test_it_does_not_wait_for_ever(beginning: Beginning) -> None:
    beginning.trial(ALONE, EVENING)
    assert beginning.trial(TRIAL, MIDNIGHT + PATIENCE - MINUTE) is None
    assert beginning.trial(TRIAL, MIDNIGHT + PATIENCE) == "2@0.05"


def test_after_a_restart_the_list_of_the_day_is_that_of_before(db: Db, beginning: Beginning, watch: Watch) -> None:
    beginning.trial(TRIAL, EVENING)
    again = Beginning(db, 24.0, Preparation(watch))
    assert again.trial(ALONE, EVENING + MINUTE) == "2@0.05"


def test_a_job_that_fails_has_not_looked(beginning: Beginning, preparation: Preparation, watch: Watch) -> None:
    beginning.trial(ALONE, EVENING)
    watch.at = MIDNIGHT

    def fails() -> str:
        raise Unavailable("MongoDB does not answer.")

    [job] = preparation.watch([Job(PREPARE[0], 1, fails)])
    with pytest.raises(Unavailable):
        job.run()
    run(preparation, *PREPARE[1:])
    assert beginning.trial(TRIAL, MIDNIGHT + MINUTE) is None


def test_other_jobs_are_as_they_were(preparation: Preparation) -> None:
    other = Job("drift", 1, lambda: "looked")
    assert preparation.watch([other]) == [other]


def test_without_lists_everything_is_of_now(db: Db, preparation: Preparation) -> None:
    beginning = Beginning(db, 0.0, preparation)
    assert beginning.trial(TRIAL, EVENING) == "2@0.05"
    assert beginning.trial(ALONE, EVENING) == ""
    assert db.appliance.find_one({"_id": "call_list"}) is None
