"""A look at the appliance: alarms that begin and end are told once each, and what was seen is kept for the screens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.shell import condition
from core.errors import Conflict, Unavailable
from core.oversight.space import MIB, Work, refuse_import
from core.stores.mongo import Db
from monitor.incidents.facts import IncidentRules
from monitor.incidents.follow_up import FollowUp
from monitor.jobs.job import Job, Runs
from monitor.machine.metrics import Figures, text
from monitor.machine.services import Seen
from monitor.machine.space import Space
from monitor.machine.watch import State, Watch
from monitor.messages.message import Message
from monitor.messages.outbox import Outbox
from tests.fake_prefect import FakePrefect

pytestmark = pytest.mark.mongo

START = datetime(2026, 11, 3, 8, tzinfo=UTC)
SERVICES = ("s3", "mlflow", "prefect", "evidently", "mlserver", "prefect-worker")


@dataclass
class Sent:
    """An address that takes every message."""

    titles: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)

    def addresses(self) -> Mapping[str, str]:
        return {"one": "JSON"}

    def send(self, address: str, message: Message) -> bool:
        self.titles.append(message.title)
        self.bodies.append(message.body)
        return True


class World:
    """An appliance whose parts may be well or not, looked at again and again, a minute apart."""

    def __init__(self, db: Db) -> None:
        self.db, self.at, self.free, self.down = db, START, 90_000, set[str]()
        self.state: dict[str, Any] = {
            "spool_waiting": 0, "spool_oldest_seconds": 0.0, "champion": "3", "refresh": "4", "refresh_weight": 0.8,
            "canary": "", "canary_share": 0.0, "spool_free_bytes": 80_000 * MIB, "memory_share": -1.0,
        }  # fmt: skip
        self.kept: bool | None = None
        self.plan: dict[str, tuple[float, datetime | None]] = {
            "rank": (3.0, START), "drift": (900.0, None), "kinds": (60.0, None),
        }  # fmt: skip
        self.sent, self.prefect = Sent(), FakePrefect()
        self.runs = Runs(clock=lambda: self.at)
        self.new_process()

    def new_process(self, *, forgets: bool = False) -> None:
        """The monitor starts anew: what it saw is gone, and if it `forgets`, so is how its jobs went."""
        self.runs = Runs(clock=lambda: self.at) if forgets else self.runs
        space = Space([Path("/place")], 4096 * MIB, free=lambda _folder: self.free * MIB)
        space._seen = (float("-inf"), {})
        self.watch = Watch(
            self.db, self.runs, space, self._services, self._scoring,
            kinds=lambda: {"bank": self.db}, plan=lambda: self.plan, addresses=1,
            kept=lambda: self.kept, memory=lambda: 0.5, clock=lambda: self.at,
        )  # fmt: skip

    def _services(self) -> list[Seen]:
        return [Seen(name, name not in self.down, "refused" if name in self.down else "") for name in SERVICES]

    def _scoring(self) -> State:
        if "mlserver" in self.down:
            raise Unavailable("The scoring service does not answer.")
        return self.state

    def minutes(self, number: int) -> None:
        """Look once a minute; incidents are followed and messages sent."""
        for _ in range(number):
            self.at += timedelta(minutes=1)
            self.watch.space._seen = (float("-inf"), {})
            self.watch.run()
            FollowUp(self.db, self.prefect.client(), "m", IncidentRules(), clock=lambda: self.at).run()
            Outbox(self.db, self.sent, clock=lambda: self.at).run()


@pytest.fixture
def world(db: Db) -> World:
    return World(db)


def test_a_well_appliance_tells_nobody_anything(world: World) -> None:
    world.minutes(5)
    assert world.sent.titles == []
    assert condition.wrong(condition.read(world.db), world.at) == []


def test_a_full_disk_is_told_once_and_once_when_there_is_room(world: World) -> None:
    world.minutes(1)
    world.free = 900
    world.minutes(5)
    assert world.sent.titles == ["Callwise: Noticed: the server's disk is nearly full"]
    assert "900 MiB are free" in world.sent.bodies[0]
    assert "What to do: Make room on the server" in world.sent.bodies[0]
    with pytest.raises(Conflict, match="disk is nearly full"):
        refuse_import(world.db, lambda: world.at)
    refuse_import(world.db, lambda: world.at + timedelta(minutes=4))  # of now the look says nothing
    world.new_process()
    world.minutes(3)
    assert len(world.sent.titles) == 1
    world.free = 90_000
    world.minutes(3)
    assert world.sent.titles[1:] == ["Callwise: Solved: the server's disk is nearly full"]
    refuse_import(world.db, lambda: world.at)
    world.free = 900
    world.minutes(2)
    assert len(world.sent.titles) == 3


def test_the_room_of_a_service_that_is_away_is_unknown_stops_nothing_and_ends_no_alarm(world: World) -> None:
    world.state["spool_free_bytes"] = 900 * MIB
    world.minutes(2)
    assert Work.RANKING in world.watch.space.stopped()
    assert world.sent.titles == ["Callwise: Noticed: the server's disk is nearly full"]
    world.down = {"mlserver"}
    world.minutes(2)
    assert world.watch.space.stopped() == []
    refuse_import(world.db, lambda: world.at)
    assert len(world.sent.titles) == 1
    world.down, world.state["spool_free_bytes"] = set(), 80_000 * MIB
    world.minutes(2)
    assert world.sent.titles[1:] == ["Callwise: Solved: the server's disk is nearly full"]


def test_a_service_that_is_away_is_told_after_some_minutes(world: World) -> None:
    world.down = {"mlserver"}
    world.minutes(9)
    assert world.sent.titles == []
    assert condition.wrong(condition.read(world.db), world.at) == ["service:mlserver"]
    world.minutes(4)
    assert world.sent.titles == ["Callwise: Noticed: the service mlserver does not answer"]
    world.down = set()
    world.minutes(2)
    assert world.sent.titles[1:] == ["Callwise: Solved: the service mlserver does not answer"]


def test_a_job_that_fails_again_and_again_is_told_and_its_end_too(world: World) -> None:
    broken = True

    def run() -> str:
        if broken:
            raise Unavailable("Evidently does not answer.")
        return "done"

    for _ in range(20):
        world.runs.run(Job("drift", 900.0, run))
        world.minutes(1)
    assert world.sent.titles == ["Callwise: Noticed: the job drift fails again and again"]
    assert condition.wrong(condition.read(world.db), world.at) == ["job:drift"]
    world.new_process(forgets=True)
    world.minutes(3)
    assert condition.wrong(condition.read(world.db), world.at) == ["job:drift"]
    world.runs.run(Job("drift", 900.0, run))  # once is not yet again and again
    world.minutes(2)
    assert len(world.sent.titles) == 1, "a new process knows of no success"
    broken = False
    world.runs.run(Job("drift", 900.0, run))
    world.minutes(2)
    assert world.sent.titles[1:] == ["Callwise: Solved: the job drift fails again and again"]


def test_the_alarm_of_a_job_that_is_no_more_ends_once_the_jobs_of_all_kinds_are_known(world: World) -> None:
    world.plan["drift loans"] = (900.0, None)
    for _ in range(20):
        world.runs.run(Job("drift loans", 900.0, lambda: str(1 // 0)))
        world.minutes(1)
    assert len(world.sent.titles) == 1
    world.new_process(forgets=True)
    del world.plan["drift loans"]
    world.minutes(2)
    assert len(world.sent.titles) == 1
    world.runs.run(Job("kinds", 60.0, lambda: "campaign kinds: bank"))
    world.minutes(2)
    assert world.sent.titles[1:] == ["Callwise: Solved: the job drift loans fails again and again"]


def test_a_clock_that_nothing_keeps_is_told_once_also_by_a_new_process(world: World) -> None:
    world.kept = False
    world.minutes(65)
    assert len(world.sent.titles) == 1
    world.new_process(forgets=True)
    world.minutes(3)
    assert len(world.sent.titles) == 1
    world.kept = True
    world.minutes(2)
    assert [title.split(": ")[1] for title in world.sent.titles] == ["Noticed", "Solved"]


def test_a_lost_store_is_told(world: World) -> None:
    world.db.appliance.insert_one({"_id": "lost", "stores": ["mlflow"], "at": START})
    world.minutes(2)
    assert world.sent.titles == ["Callwise: Noticed: a store was lost"]
    assert "callwise_mlflow" in world.sent.bodies[0]


def test_a_look_by_hand_says_what_it_sees_and_writes_nothing(world: World) -> None:
    world.watch.plan = dict
    world.free = 900
    assert world.watch.run().startswith("900 MiB are free")
    assert world.db.appliance.find_one({"_id": "condition"}) is None
    assert world.db.events.find_one({}) is None


def test_a_monitor_that_looks_no_more_is_away(world: World) -> None:
    assert condition.wrong(condition.read(world.db), world.at) == ["monitor"]
    world.minutes(1)
    assert condition.wrong(condition.read(world.db), world.at + timedelta(minutes=4)) == ["monitor"]


def test_what_was_seen_are_figures_for_prometheus(world: World) -> None:
    world.runs.run(Job("rank", 3.0, lambda: "done"))
    world.db.prospects.insert_one({"_id": "spring:1", "campaign": "spring", "claim": {"by": "Ann", "until": START}})
    world.db.prospects.insert_one({"_id": "spring:2", "campaign": "spring", "claim": None})
    figures = Figures(lambda: world.watch.last, world.runs.records)
    assert b'callwise_job_runs_total{job="rank"} 1.0' in text(figures)
    world.free = 900
    world.minutes(1)
    page = text(figures).decode()
    for line in (
        'callwise_service_up{service="mlflow"} 1.0',
        'callwise_alarm{cause="disk"} 1.0',
        'callwise_version_weight{role="refresh",version="4"} 0.8',
        'callwise_version_weight{role="champion",version="3"} 0.19999999999999996',
        'callwise_disk_free_bytes{place="spool"} 8.38',
        'callwise_work_stopped{work="ranking"} 1.0',
        'callwise_prospects{kind="bank"} 2.0',
        'callwise_claims{kind="bank"} 1.0',
        'callwise_memory_used_ratio{service="monitor"} 0.5',
        "callwise_spool_records 0.0",
    ):
        assert line in page, page
