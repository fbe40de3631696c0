"""What is fuzzed: an embedded appliance with a champion, the door in front of it, and who notices that a part ended."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from bench import crowd
from bench.fuzz import door as doors
from bench.fuzz import waiting_code
from bench.fuzz.totals import Totals
from bench.growth import appliance as growth
from bootstrap.demo.testbed import print_line
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.log_errors import ROTATED_AWAY, LogWatch
from bootstrap.embedded.supervisor import processes
from bootstrap.embedded.watch import Watch
from core.accounts.one_time_codes import KeyRing
from core.schema import Schema, read_schema
from core.scoring import protocol
from core.scoring.client import ScoringClient
from core.settings.addresses import MongoSettings, PrefectSettings, SchemaSettings, ScoringSettings
from core.settings.loading import load
from core.stores.mongo import Db, connect
from monitor.flows.prefect_runs import PrefectRuns

TRAINING_SECONDS = 900.0
SETTINGS = {
    "CALLWISE_SEARCH_TRIALS": "2",
    "CALLWISE_TRAINING_WINDOW": "1500",
    "CALLWISE_CODE_VERSION": "bench",
    # Behind a door the screens answer its questions about tools.
    "CALLWISE_APP_PAGE": f"https://{doors.NAME}",
}
PANICS = ("panic:", "fatal error:", "runtime error")
UNHANDLED = re.compile(
    r"""Exception\ in\ (?:ASGI\ application|callback|thread) | was\ never\ retrieved
      | Unexpected\ .*\ raised\ by\ servicer | Uncaught | Unhandled | panic: | (?i:fatal\ ) | ^Traceback
      | \ exited:\ .*;\ not\ expected\)""",
    re.VERBOSE,
)


@dataclass
class Place:
    """A running appliance and its door. `ports`: by name."""

    appliance: Appliance
    door: doors.Door
    schema: Schema
    db: Db
    _listening: LogWatch = field(init=False)
    _starts: dict[str, int] = field(init=False)
    _seen_of_door: int = 0  # lines of its log

    def __post_init__(self) -> None:
        self._listening = LogWatch(self.appliance.state.path / "log")
        self._starts = self._started()

    @property
    def ports(self) -> dict[str, int]:
        """The appliance's ports by name."""
        return self.appliance.ports

    def notice(self, totals: Totals) -> None:
        """Count processes that ended since the last time, and what logs say of errors that nobody handled.

        To be called after each door: a log that was rotated away in between is counted too, because nobody saw it.
        """
        if not self.appliance.supervised():
            totals.crash("the supervisor ended")
        started = self._started()
        for name, start in started.items():
            if start != self._starts[name]:
                totals.crash(f"the process of {name} ended")
        self._starts = started
        if self.door.process.poll() is not None:
            totals.crash("the door's process ended")
        lines = self.door.log.read_text(encoding="utf-8", errors="replace").splitlines()
        for line in lines[self._seen_of_door :]:
            if any(word in line for word in PANICS):
                totals.crash(f"the door: {line[:300]}")
        self._seen_of_door = len(lines)
        next_time = LogWatch(self.appliance.state.path / "log")  # first, so that no line is in neither
        for fault in self._listening.new_errors():
            if fault.line == ROTATED_AWAY or UNHANDLED.search(fault.line):
                totals.crash(str(fault))
        self._listening = next_time

    def _started(self) -> dict[str, int]:
        found = processes(self.appliance.values["supervisor"])
        return {service.name: found[service.name]["start"] for service in self.appliance.services}

    def waiting_cookie(self) -> str:
        """The cookie of a browser whose password was right and whose code is not typed yet. Raises Unavailable."""
        return waiting_code.cookie(self.db)

    def body(self, random: Random, rows: int = 2) -> dict[str, Any]:
        """A good request for scores."""
        return good_body(self.schema, random, rows)


def good_body(schema: Schema, random: Random, rows: int) -> dict[str, Any]:
    """A good request for the scores of `rows` people."""
    people = crowd.features(schema, rows, random)
    keys = [f"fuzz-{random.randrange(10**9)}" for _ in range(rows)]
    given = dict(protocol.request(schema, people, keys, f"fuzz-{random.randrange(10**12)}", with_reasons=True))
    if random.random() < 0.3:
        given = dict(protocol.request(schema, people, keys, f"fuzz-{random.randrange(10**12)}", what_if=True))
    return given


@contextmanager
def running() -> Iterator[Place]:
    """An appliance with a trained champion, and the door. Raises Unavailable."""
    with (
        tempfile.TemporaryDirectory(prefix="callwise-fuzz-") as folder,
        Appliance(Path(folder) / "state", inherited={**os.environ, **SETTINGS}) as appliance,
    ):
        Watch(appliance).wait_healthy(print_line)
        env, apart = appliance.environment("bench"), Path(folder) / "door"
        apart.mkdir()
        schema = read_schema(load(SchemaSettings, env).callwise_schema)
        db = connect(load(MongoSettings, env))
        growth.load_sample(db, schema, Path(folder))
        waiting_code.make_account(db, KeyRing(env["CALLWISE_SECOND_FACTOR_KEY"]))
        flows = PrefectRuns(load(PrefectSettings, env))
        if not flows.under_way():
            flows.request_training("bench")
        scoring = ScoringClient(load(ScoringSettings, env), schema)
        growth.wait_until(scoring.ready, "no champion was in service", TRAINING_SECONDS)
        print("  a champion is in service", flush=True)
        with doors.running(appliance.ports, apart, env["PREFECT_API_AUTH_STRING"]) as door:
            yield Place(appliance, door, schema, db)
