"""How long a training takes from its trigger to service, and in how much memory: `scripts/bench training`.

    scripts/bench training [--refreshes N] [--outcomes N] [--json OUT] [--page PAGE]

An embedded appliance gets a history: the published file, if BANK_MARKETING_ZIP names it (41,188 outcomes), else the
sample three times over. A training is asked of Prefect, and the clock runs until scoring answers with its version. The
same steps are also called one after the other, before and after it: read, gates and search, register, load; the time
of the trigger is compared with their mean. Then a monitor runs, new outcomes come, and refreshes are asked for in the
same way; scoring mixes each as soon as a list may begin, which here is at once.

At the end a training runs in a process of its own: with the history alone, and with N outcomes in the database
(default: 1,000,000), the others of the same people in earlier years.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import httpx

from bench import figures_page
from bench.growth import appliance as growth
from bootstrap.demo.testbed import print_line
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.ports import HOST
from bootstrap.embedded.watch import Watch
from core.calls import claims, recording
from core.calls.lifecycle import Result
from core.calls.recording import CallReport
from core.schema import read_schema
from core.scoring.client import ScoringClient
from core.settings.addresses import MongoSettings, PrefectSettings, SchemaSettings, ScoringSettings
from core.settings.loading import load
from core.stores.mongo import Db, Document, connect, count
from monitor.flows.prefect_runs import PrefectRuns

SERVICES = ("mlserver", "prefect-worker", "evidently", "setup")
CAMPAIGN, TIMES, REFRESHES, NEW, PEOPLE = "newcomers", 3, 3, 100, 2_000
MANY, YEARS = 1_000_000, timedelta(days=3 * 365)
TRAINING_SECONDS, PAUSE_SECONDS = 900.0, 5.0
ASKED = {"over_bare_steps": 1.5, "refresh_s": 20.0, "memory_ratio": 1.2}
# Only this bench asks for trainings, and a refresh waits for no list.
SETTINGS = {
    "CALLWISE_LIST_HOURS": "0",
    "CALLWISE_REFRESH_OUTCOMES": "0",
    "CALLWISE_RETRAIN_OUTCOMES": "1000000000",
    "CALLWISE_RETRAIN_DAYS": "10000",
    "CALLWISE_CODE_VERSION": "bench",  # a commit in between would make every refresh another code's
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write the figures."""
    parser = growth.parser("training", __doc__)
    parser.add_argument("--refreshes", type=int, default=REFRESHES, help="how many (default: %(default)s)")
    parser.add_argument("--outcomes", type=int, default=MANY, help="for the memory (default: %(default)s)")
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder,
        Appliance(Path(folder) / "state", services=SERVICES, inherited={**os.environ, **SETTINGS}) as appliance,
    ):
        Watch(appliance).wait_healthy(print_line)
        bench = Bench(appliance, Path(folder))
        figures = {
            **bench.training(),
            **bench.refreshes(options.refreshes),
            **bench.memory(options.outcomes),
            **figures_page.machine("mlflow", "prefect", "scikit-learn"),
        }
    print(json.dumps(figures, indent=1), flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if options.page:
        figures_page.put(options.page, "training", page(figures))
    return 0


class Bench:
    """An appliance with a history, and what is asked of it."""

    def __init__(self, appliance: Appliance, folder: Path) -> None:
        self.appliance, self.env, self.folder = appliance, appliance.environment("bench"), folder
        self.schema = read_schema(load(SchemaSettings, self.env).callwise_schema)
        self.db = connect(load(MongoSettings, self.env))
        self.scoring = ScoringClient(load(ScoringSettings, self.env), self.schema)
        self.flows = PrefectRuns(load(PrefectSettings, self.env))

    def training(self) -> dict[str, Any]:
        """From the trigger to a champion in service, over the bare steps."""
        history = growth.load_history(self.db, self.schema, self.folder, times=TIMES)
        growth.add_people(self.db, self.schema, CAMPAIGN, PEOPLE)
        outcomes = count(self.db.outcomes, {})
        print(f"  {outcomes:,} outcomes of {history}", flush=True)
        bare = [self._bare()]
        seconds = self._served("champion", refresh=False)
        bare.append(self._bare())
        return compared(bare, seconds) | {"outcomes": outcomes, "history": history}

    def refreshes(self, many: int) -> dict[str, Any]:
        """From the trigger to a refresh in the mixture: the seconds of each, and their median."""
        seconds = []
        with growth.monitoring(self.appliance, self.env):
            health = f"http://{HOST}:{self.appliance.ports['monitor']}/health"
            growth.wait_until(lambda: _answers(health), "the monitor did not answer")
            for _ in range(many):
                self._call(NEW)
                time.sleep(PAUSE_SECONDS)  # the calls' own work in the monitor is over
                seconds.append(self._served("refresh", refresh=True))
        return {"refresh_s": round(statistics.median(seconds), 1), "refreshes_s": [round(one, 1) for one in seconds]}

    def memory(self, many: int) -> dict[str, Any]:
        """The most memory of a training with `many` outcomes in the database, over one with the history alone."""
        few = count(self.db.outcomes, {})
        alone, began = self._whole("history"), time.monotonic()
        add_outcomes(self.db, many - few)
        print(f"  {many:,} outcomes were stored after {time.monotonic() - began:.0f} s", flush=True)
        among = self._whole("years")
        return {
            "memory_ratio": round(among["mib"] / alone["mib"], 3),
            "memory_mib": {str(few): alone["mib"], str(many): among["mib"]},
            "snapshot_s": {str(few): alone["steps"]["snapshot"], str(many): among["steps"]["snapshot"]},
            "memory_outcomes": many,
        }

    def _whole(self, name: str) -> dict[str, Any]:
        """A first training of another model, in a process of its own."""
        found = _child("whole", {**self.env, "CALLWISE_MODEL_NAME": f"bench-{name}", "CALLWISE_SEARCH_TRIALS": "2"})
        print(f"  with the {name}, a training takes {found['mib']:,.0f} MiB", flush=True)
        return found

    def _bare(self) -> dict[str, float]:
        return dict(_child("bare", {**self.env, "CALLWISE_MODEL_NAME": "bench-bare"})["steps"])

    def _served(self, role: str, *, refresh: bool) -> float:
        """The seconds from asking for a training until scoring has another version in this `role`."""
        before = self.scoring.state().get(role)
        began, run = time.monotonic(), self.flows.request_training("bench", refresh=refresh)

        def served() -> bool:
            now = self.flows.find(run.id)
            if now and (now.state in ("FAILED", "CRASHED", "CANCELLED") or now.name == "Unchanged"):
                raise RuntimeError(f"the training ended as {now.name}: {now.message}")
            return self.scoring.state().get(role) not in (before, "")

        growth.wait_until(served, f"no {role} was in service", TRAINING_SECONDS)
        seconds = time.monotonic() - began
        print(f"  {role} in service after {seconds:.1f} s", flush=True)
        return seconds

    def _call(self, many: int) -> None:
        """So many new outcomes, as agents record them."""
        for number in range(many):
            held = claims.claim(self.db, CAMPAIGN, "bench")
            if held is None:
                raise RuntimeError("nobody is left to call")
            result = Result.SOLD if number % 8 == 0 else Result.REFUSED
            recording.record(self.db, held["_id"], "bench", CallReport(result))


def compared(bare: Sequence[Mapping[str, float]], seconds: float) -> dict[str, Any]:
    """`seconds` from a trigger to service over the mean of the `bare` trainings (the seconds of each step)."""
    steps = {name: round(statistics.mean(one[name] for one in bare), 2) for name in bare[0]}
    mean = statistics.mean(sum(one.values()) for one in bare)
    return {
        "over_bare_steps": round(seconds / mean, 2),
        "trigger_to_serving_s": round(seconds, 1),
        "bare_steps_s": round(mean, 1),
        "steps_s": steps,
    }


def add_outcomes(db: Db, many: int) -> None:
    """Add `many` outcomes to those in `db`: the same people's, of earlier years."""
    pattern = list(db.outcomes.find())
    earlier = islice(_earlier(pattern), max(0, many))
    while batch := list(islice(earlier, growth.AT_ONCE)):
        db.outcomes.insert_many(batch, ordered=False)


def _earlier(pattern: Sequence[Document]) -> Iterator[Document]:
    span = 1
    while True:
        for one in pattern:
            yield {**one, "_id": f"{one['_id']}-{span}", "at": one["at"] - span * YEARS}
        span += 1


def page(figures: Mapping[str, Any]) -> str:
    """The figures for people."""
    memory, many = figures["memory_mib"], str(figures["memory_outcomes"])
    few = next(size for size in memory if size != many)
    rows = [
        [
            f"trigger to serving, {figures['outcomes']:,} outcomes ({figures['history']})",
            f"{figures['trigger_to_serving_s']:.0f} s, {figures['over_bare_steps']:.2f} of its bare steps",
            f"≤ {ASKED['over_bare_steps']}",
        ],
        ["a refresh, trigger to serving", f"{figures['refresh_s']:.0f} s", f"≤ {ASKED['refresh_s']:.0f} s"],
        [
            f"memory with {int(many):,} outcomes, over {int(few):,}",
            f"{figures['memory_ratio']:.2f} ({memory[many]:,.0f} MiB)",
            f"≤ {ASKED['memory_ratio']}",
        ],
    ]
    return figures_page.table(["training", "measured", "asked"], rows) + "\n\n" + figures_page.machine_line(figures)


def _child(word: str, env: Mapping[str, str]) -> dict[str, Any]:
    """What a training in a process of its own says."""
    command = [sys.executable, "-m", "bench.growth.one_training", word]
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the training failed:\n{done.stderr[-3000:]}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=5, trust_env=False).status_code < httpx.codes.INTERNAL_SERVER_ERROR
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    sys.exit(main())
