"""How fast a campaign is ranked, in how much memory, and what a ranked one costs: `scripts/bench ranking`.

    scripts/bench ranking [--people N] [--json OUT]

An embedded appliance trains a champion on the sample. Then N people (default: 1,000,000) come in, and a process ranks
them as the monitor does; it is killed half way, and another one goes on. Its memory is compared with that of a process
that ranks a tenth as many. At the end everybody has the champion's score, and a monitor runs with nothing to do: idle
is its processor time, and that of the database and of scoring, as a share of one processor.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench import crowd
from bootstrap.demo.testbed import print_line
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.processes import MARK_SERVICE, find_processes
from bootstrap.embedded.watch import Watch
from bootstrap.sample.simulator import DEFAULT_PATH
from core.calls.rank_key import RANK_KEY, rank_again, to_be_ranked
from core.clock import now
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, import_campaign
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
WARM_UP_SECONDS, IDLE_SECONDS, PATIENCE_SECONDS, POLL_SECONDS = 60.0, 60.0, 120.0, 5.0
RANK_ALL = [sys.executable, "-m", "bench.rank_all"]
CONSUMERS = ("mongo", "mlserver", "bench monitor")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write the figures; 1 if somebody has no score or another one than the champion's."""
    parser = argparse.ArgumentParser("scripts/bench ranking", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--people", type=int, default=PEOPLE, help="people who come in (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write the figures to this file")
    options = parser.parse_args(arguments)
    if options.people < 10 * TENTH:
        parser.error(f"--people must be {10 * TENTH} or more")
    with (
        tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder,
        Appliance(Path(folder) / "state", services=("mlserver", "prefect", "evidently", "setup")) as appliance,
    ):
        Watch(appliance).wait_healthy(print_line)
        figures = _measure(appliance, options.people)
    for name, value in figures.items():
        print(f"{name:>24}  {value}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 1 if figures["without_score"] or not figures["largest_difference"] <= TOLERANCE else 0


def _measure(appliance: Appliance, people: int) -> dict[str, Any]:
    env = {**appliance.environment("bench"), "CALLWISE_SEARCH_TRIALS": "2"}
    schema, db = read_schema(load(SchemaSettings, env).callwise_schema), connect(load(MongoSettings, env))
    _champion(db, schema, env)
    small = people // TENTH
    _fill(db, schema, "small", small)
    alone = _child(env)
    db.campaigns.update_one({"_id": "small"}, {"$set": {"state": {"is": "closed", "by": "bench", "at": now()}}})
    print(f"  {small:,} people: {small / alone['seconds']:.0f} a second", flush=True)
    _fill(db, schema, "large", people)
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


def _champion(db: Db, schema: Schema, env: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder:
        request = ImportRequest(CampaignFile.open(DEFAULT_PATH), "sample")
        import_campaign(db, schema, request, rejects=Path(folder) / "rejects.csv")
    print(f"  champion: {train(compose(load(Settings, dict(env))), reason='bench').why}", flush=True)
    scoring, until = ScoringClient(load(ScoringSettings, env), schema), time.monotonic() + PATIENCE_SECONDS
    while not scoring.ready():
        if time.monotonic() > until:
            raise TimeoutError(f"the champion was not in service within {PATIENCE_SECONDS:g} s")
        time.sleep(0.5)


def _fill(db: Db, schema: Schema, campaign: str, size: int) -> None:
    """Put `size` people into `campaign`, as an import leaves them."""
    began, chance = time.monotonic(), random.Random(1)  # noqa: S311  made-up people
    db.campaigns.insert_one({"_id": campaign, "created_at": now(), "title": campaign, "schema": schema.hash})
    kinds = crowd.features(schema, crowd.KINDS, chance)
    everybody = (
        {
            "_id": f"{campaign}:{number:07d}",
            "campaign": campaign,
            "ref": f"{number:07d}",
            "row": number,
            "features": chance.choice(kinds),
            "status": "open",
            "score": None,
            "claim": None,
            **rank_again(campaign),
        }
        for number in range(1, size + 1)
    )
    while batch := list(islice(everybody, crowd.BATCH)):
        db.prospects.insert_many(batch, ordered=False)
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
    log = (appliance.state.path / "bench-monitor.log").open("w", encoding="utf-8")
    told = {**env, MARK_SERVICE: "bench monitor"}
    monitor = subprocess.Popen([sys.executable, "-m", "monitor"], env=told, stdout=log, stderr=log)
    try:
        time.sleep(WARM_UP_SECONDS)
        before, began = _processor_seconds(appliance), time.monotonic()
        time.sleep(IDLE_SECONDS)
        took, after = time.monotonic() - began, _processor_seconds(appliance)
    finally:
        monitor.terminate()
        monitor.wait()
        log.close()
    shares = {name: round((after[name] - before[name]) / took, 4) for name in CONSUMERS}
    return {"idle_cpu": round(sum(shares.values()), 4), **{f"idle_{name}": share for name, share in shares.items()}}


def _processor_seconds(appliance: Appliance) -> dict[str, float]:
    seconds = dict.fromkeys(CONSUMERS, 0.0)
    for process in find_processes(appliance.state.path):
        try:
            service = process.environ().get(MARK_SERVICE, "")
            if service in seconds:
                times = process.cpu_times()
                seconds[service] += times.user + times.system
        except psutil.Error:
            continue  # it has ended meanwhile
    return seconds


if __name__ == "__main__":
    sys.exit(main())
