"""What is old is cleared once a day, by one run at a time."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Unavailable
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db
from monitor.flows.retention import FLOW, Retention
from tests.fake_prefect import FakePrefect

pytestmark = pytest.mark.mongo


def test_a_run_is_asked_for_once_a_day_and_never_twice_at_once(db: Db) -> None:
    at = began = datetime(2026, 3, 2, 9, tzinfo=UTC)
    prefect = FakePrefect(flow=FLOW, now=at)
    job = Retention(db, prefect.client(), clock=lambda: at)
    assert job.run() == "nothing is old yet"
    event_log.append(db, who="setup", what=Event.OUTCOMES_READ, subject="s", clock=lambda: began)
    assert job.run() == "the next clearing is due on 2026-03-03 at 09:00 UTC", "a new appliance has nothing old"
    at += timedelta(days=1)
    prefect.now = at
    assert job.run().startswith("asked for flow run")
    (first,) = prefect.runs
    assert job.run() == f"flow run {first} clears what is old"
    prefect.ends(first, "COMPLETED")
    db.retention.insert_one({"_id": "ended", "last": {"at": at}})
    assert job.run() == "the next clearing is due on 2026-03-04 at 09:00 UTC"
    assert list(prefect.runs) == [first]


def test_what_failed_is_said_and_tried_again_an_hour_later(db: Db) -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    prefect = FakePrefect(flow=FLOW, now=at)
    job = Retention(db, prefect.client(), clock=lambda: at)
    db.retention.insert_one({"_id": "ended", "last": {"at": at, "failed": "datasets: S3 is away."}})
    with pytest.raises(Unavailable, match="could not be cleared: datasets: S3 is away"):
        job.run()
    at += timedelta(hours=1)
    assert job.run().startswith("asked for flow run")


def test_a_run_that_was_lost_is_asked_for_again_an_hour_later(db: Db) -> None:
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    prefect = FakePrefect(flow=FLOW, now=at)
    job = Retention(db, prefect.client(), clock=lambda: at)
    event_log.append(db, who="setup", what=Event.OUTCOMES_READ, subject="s", clock=lambda: at - timedelta(days=2))
    job.run()
    (first,) = prefect.runs
    prefect.ends(first, "FAILED")
    job.run()
    assert list(prefect.runs) == [first]
    at += timedelta(hours=1)
    job.run()
    assert len(prefect.runs) == 2
