"""How fast a campaign is ranked, in how much memory, and what a ranked one costs: `scripts/bench ranking`.

    scripts/bench ranking [--people N] [--json OUT]

An embedded appliance trains a champion on the sample. Then N people (default: 1,000,000) come in, and a process ranks
them as the monitor does; it is killed half way, and another one goes on. Its memory is compared with that of a process
that ranks a tenth as many. At the end everybody has the champion's score, and a monitor runs with nothing to do: idle
is its processor time, and that of the database and of scoring, as a share of one processor.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.growth import appliance as growth
from bootstrap.demo.testbed import print_line
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.watch import Watch
from core.calls.rank_key import RANK_KEY, to_be_ranked
from core.clock import now
from core.lists.call_values import next_call
from core.models.proof import TOLERANCE, predict
from core.schema import Schema, read_schema
from core.scoring.client import ScoringClient
from core.settings.addresses import MongoSettings, SchemaSettings, ScoringSettings
from core.settings.loading import load
from core.stores.mongo import Db, connect, count
from trainer.main import Settings, compose
from trainer.pipeline.training import train

PEOPLE, TENTH, CHECKED = 1_000_000, 10, 500
WARM_UP_SECONDS, IDLE_SECONDS, POLL_SECONDS = 60.0, 60.0, 5.0
RANK_ALL = [sys.executable, "-m", "bench.growth.rank_all"]
CONSUMERS = ("mongo", "mlserver", "bench monitor")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write the figures; 1 if somebody has no score or another one than the champion's."""
    parser = growth.parser("ranking", __doc__, page=False)
    parser.add_argument("--people", type=int, default=PEOPLE, help="people who come in (default: %(default)s)")
    options = parser.parse_args(arguments)
    if options.people < 10 * TENTH:
        parser.error(f"--people must be {10 * TENTH} or more")
    with (
        tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder,
        Appliance(Path(folder) / "state", services=("mlserver", "prefect", "evidently", "setup")) as appliance,
    ):
        Watch(appliance).wait_healthy(print_line)
        figures = _measure(appliance, options.people, Path(folder))
    for name, value in figures.items():
        print(f"{name:>24}  {value}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 1 if figures["without_score"] or not figures["largest_difference"] <= TOLERANCE else 0


def _measure(appliance: Appliance, people: int, folder: Path) -> dict[str, Any]:
    env = {**appliance.environment("bench"), "CALLWISE_SEARCH_TRIALS": "2"}
    schema, db = read_schema(load(SchemaSettings, env).callwise_schema), connect(load(MongoSettings, env))
    _champion(db, schema, env, folder)
    small = people // TENTH
    _come_in(db, schema, "small", small)
    alone = _child(env)
    db.campaigns.update_one({"_id": "small"}, {"$set": {"state": {"is": "closed", "by": "bench", "at": now()}}})
    print(f"  {small:,} people: {small / alone['seconds']:.0f} a second", flush=True)
    _come_in(db, schema, "large", people)
    half = _killed(db, env, people // 2)
    rest = _child(env)
    return {
        "people": people,
        "people_per_s": round((half["people"] + rest["ranked"]) / (half["seconds"] + rest["seconds"])),
        "ranked_before_the_kill": half["people"],
        "without_score": count(db.prospects, {"campaign": "large", "score": None}),
        "largest_difference": _largest_difference(db, schema, env),
        "memory_mib": rest["mib"],
        "memory_ratio": round(rest["mib"] / alone["mib"], 3),
        **_idle(appliance, env),
    }


def _champion(db: Db, schema: Schema, env: Mapping[str, str], folder: Path) -> None:
    growth.load_sample(db, schema, folder)
    print(f"  champion: {train(compose(load(Settings, dict(env))), reason='bench').why}", flush=True)
    growth.wait_until(ScoringClient(load(ScoringSettings, env), schema).ready, "the champion was not in service")


def _come_in(db: Db, schema: Schema, campaign: str, size: int) -> None:
    began = time.monotonic()
    growth.add_people(db, schema, campaign, size)
    print(f"  {size:,} people came in within {time.monotonic() - began:.0f} s", flush=True)


def _child(env: Mapping[str, str]) -> dict[str, float]:
    """What a process says that ranks everybody."""
    done = subprocess.run(RANK_ALL, env=dict(env), check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _killed(db: Db, env: Mapping[str, str], people: int) -> dict[str, float]:
    """Start such a process and kill it once it has ranked `people`; how many it had ranked, and in which time."""
    mark = {RANK_KEY: to_be_ranked("large")}
    everybody, began = count(db.prospects, mark), time.monotonic()
    process = subprocess.Popen(RANK_ALL, env=dict(env))
    while count(db.prospects, mark) > everybody - people:
        if process.poll() is not None:
            raise RuntimeError(f"the ranking ended early: {process.returncode}")
        time.sleep(POLL_SECONDS)  # each look costs the database some time, too
    process.kill()
    process.wait()
    seconds = time.monotonic() - began
    return {"people": everybody - count(db.prospects, mark), "seconds": seconds}


def _largest_difference(db: Db, schema: Schema, env: Mapping[str, str]) -> float:
    """Between the scores on the list and those of the champion's pipeline, for some people from the whole list."""
    models = compose(load(Settings, dict(env))).models
    model = models.load(models.version("1")).model
    size = count(db.prospects, {"campaign": "large"})
    places = np.linspace(1, size, CHECKED).astype(int)
    found = db.prospects.find({"_id": {"$in": [f"large:{place:07d}" for place in places]}})
    people = [person for person in found if person["score"] is not None]
    rows = [next_call(schema, person, now()) for person in people]
    return float(np.abs(predict(model, rows) - np.array([person["score"] for person in people])).max())


def _idle(appliance: Appliance, env: Mapping[str, str]) -> dict[str, float]:
    """The share of a processor that an appliance takes with everybody ranked, in all and by service."""
    with growth.monitoring(appliance, env):
        time.sleep(WARM_UP_SECONDS)
        before, began = growth.processor_seconds(appliance), time.monotonic()
        time.sleep(IDLE_SECONDS)
        took, after = time.monotonic() - began, growth.processor_seconds(appliance)
    shares = {name: round((after.get(name, 0.0) - before.get(name, 0.0)) / took, 4) for name in CONSUMERS}
    return {"idle_cpu": round(sum(shares.values()), 4), **{f"idle_{name}": share for name, share in shares.items()}}


if __name__ == "__main__":
    sys.exit(main())
