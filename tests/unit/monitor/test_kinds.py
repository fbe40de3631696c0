"""The monitor and its kinds: jobs of a new kind begin, of a changed one go on, and no job is another kind's."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from core.kinds.kind import Kind
from core.schema import Schema
from monitor.jobs.job import Job, Runs
from monitor.jobs.schedule import Schedule
from monitor.main import JOBS, Followed, Watched, read_settings

NOWHERE = {
    "MONGODB_URI": "mongodb://127.0.0.1:9/",
    **dict.fromkeys(("MLFLOW_TRACKING_URI", "MLSERVER_URL", "EVIDENTLY_URL", "PREFECT_API_URL"), "http://127.0.0.1:9"),
}


def test_a_kind_has_every_job_but_that_of_the_appliance(schema: Schema) -> None:
    watched = Watched(read_settings(NOWHERE))
    assert [job.name for job in watched.jobs(watched.shipped)] == list(JOBS)
    names = [job.name for job in watched.jobs(Kind("car-loans", schema))]
    assert names == [f"{name} car-loans" for name in JOBS if name not in ("erasures", "retention", "watch")]


def test_jobs_of_a_kind_begin_when_it_comes_and_are_replaced_when_it_changes(schema: Schema) -> None:
    changed = Schema.model_validate({**schema.model_dump(), "segments": ()})
    kinds = [Kind(schema.name, schema, shipped=True)]
    ran: dict[str, threading.Event] = {schema.hash: threading.Event(), changed.hash: threading.Event()}

    class Stand:
        def kinds(self) -> list[Kind]:
            return kinds

        def jobs(self, kind: Kind) -> list[Job]:
            def run() -> str:
                ran[kind.schema.hash].set()
                return "ran"

            return [Job(kind.label("rank"), 0.02, run)]

    stand: Any = Stand()
    schedule = Schedule(Runs())
    followed = Followed(stand, schedule)
    schedule.start()
    try:
        followed.run()
        assert schedule.jobs == []  # the shipped kind's are put in by the start
        kinds.append(Kind("car-loans", schema))
        assert "car-loans" in followed.run()
        assert ran[schema.hash].wait(30)
        kinds[1] = Kind("car-loans", changed)
        followed.run()
        assert ran[changed.hash].wait(30)
        assert schedule.jobs == ["rank car-loans"]
        del kinds[1]
        followed.run()
        assert schedule.jobs == []
        ran[changed.hash].clear()
        kinds.append(Kind("car-loans", changed))
        followed.run()
        assert ran[changed.hash].wait(30), "it was added again"
    finally:
        schedule.stop()


def test_a_kind_that_cannot_be_read_leaves_the_jobs_as_they_are(schema: Schema) -> None:
    class Broken:
        def kinds(self) -> list[Kind]:
            raise ValueError("broken")

    broken: Any = Broken()
    schedule = Schedule(Runs())
    schedule.put("", [Job("rank", 60, lambda: "ran")])
    with pytest.raises(ValueError, match="broken"):
        Followed(broken, schedule).run()
    assert schedule.jobs == ["rank"]
