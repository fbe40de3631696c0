"""Agents at work on a year's stores, beside the same on a small list: `scripts/bench living-load`.

    scripts/bench living-load [--people N] [--seconds S] [--json OUT] [--page PAGE]

An embedded appliance has a champion and a monitor at work. First a campaign of 10,000 people is called by 50 agents,
then one of N (default: 1,000,000), each with a year behind it: ten predictions a person, and a call and an outcome for
every second one. In both shifts agents pause alike, so the server is asked the same. Agents claim, record and read the
list; a manager opens the results page. Figures are the ratios of the 95th percentiles, large over small. Every claim
and every result that an agent was told is looked for in the database.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench import figures_page
from bench.growth import agents, lived
from bench.growth import appliance as growth
from bench.growth.agents import Shift, Told
from bench.screens import shift as shifts
from bootstrap.demo.testbed import print_line
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.watch import Watch
from core.clock import now
from core.schema import Schema, read_schema
from core.scoring.client import ScoringClient
from core.settings.addresses import MongoSettings, SchemaSettings, ScoringSettings
from core.settings.loading import load
from core.stores.mongo import Db, connect
from monitor.ranking.lineup import lineup
from trainer.main import Settings, compose
from trainer.pipeline.training import train

SERVICES = ("mlserver", "prefect", "evidently", "setup")
SMALL, PEOPLE, AGENTS, SECONDS, PAUSE, WARM_UP_SECONDS = 10_000, 1_000_000, 50, 300.0, 4.0, 30.0
WHAT = {"claim": "claim_seconds", "record": "record_seconds", "list page": "list_seconds"}
RESULTS = {"results page": "results_seconds"}
ASKED = 1.5
# The list stays as it was made: no training, and no level that moves.
SETTINGS = {
    "CALLWISE_REFRESH_OUTCOMES": "0",
    "CALLWISE_RETRAIN_OUTCOMES": "1000000000",
    "CALLWISE_RETRAIN_DAYS": "10000",
    "CALLWISE_LEVEL_OUTCOMES": "0",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write the figures; 1 if a result was lost or somebody was claimed twice."""
    parser = growth.parser("living-load", __doc__)
    parser.add_argument("--people", type=int, default=PEOPLE, help="of the large list (default: %(default)s)")
    parser.add_argument("--small", type=int, default=SMALL, help="of the small list (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each shift (default: %(default)s)")
    parser.add_argument("--pause", type=float, default=PAUSE, help="between an agent's calls (default: %(default)s)")
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder,
        Appliance(Path(folder) / "state", services=SERVICES) as appliance,
    ):
        Watch(appliance).wait_healthy(print_line)
        env = {**appliance.environment("bench"), **SETTINGS, "CALLWISE_SEARCH_TRIALS": "2"}
        bench = Bench(appliance, env, Path(folder))
        asked = (options.small, options.people)
        found = {people: bench.shift(people, options.seconds, options.pause) for people in asked}
    figures = compared(found) | {
        "people": {"small": options.small, "large": options.people},
        "predictions": options.people * lived.SCORED,
        "outcomes": options.people // lived.PEOPLE_A_CALL,
        "agents": AGENTS,
        "seconds": options.seconds,
        **figures_page.machine("pymongo", "nx-27017"),
    }
    print(json.dumps(figures, indent=1), flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if options.page:
        figures_page.put(options.page, "living-load", page(figures))
    return 1 if figures["double"] or figures["lost"] else 0


class Bench:
    """An appliance with a champion, and the shifts on it."""

    def __init__(self, appliance: Appliance, env: Mapping[str, str], folder: Path) -> None:
        self.appliance, self.env = appliance, env
        self.schema: Schema = read_schema(load(SchemaSettings, env).callwise_schema)
        self.db: Db = connect(load(MongoSettings, env))
        self.scoring = ScoringClient(load(ScoringSettings, env), self.schema)
        growth.load_sample(self.db, self.schema, folder)
        print(f"  champion: {train(compose(load(Settings, dict(env))), reason='bench').why}", flush=True)
        growth.wait_until(self.scoring.ready, "the champion was not in service")

    def shift(self, people: int, seconds: float, pause: float) -> tuple[Told, int, int]:
        """What agents were told on a list of `people`; claims given twice; results lost."""
        campaign, began = f"lived-{people}", time.monotonic()
        present = lineup(self.scoring)
        if present is None:
            raise RuntimeError("no champion is in service")
        names = [agents.name_of(number) for number in range(AGENTS)]
        lived.fill(self.db, self.schema, campaign, people, names, present)
        print(f"  {people:,} people and their year came in within {time.monotonic() - began:.0f} s", flush=True)
        with growth.monitoring(self.appliance, self.env):
            time.sleep(WARM_UP_SECONDS)
            begun = now()
            told = agents.run(self.env, Shift(campaign, AGENTS, seconds, pause))
        lost = shifts.lost_outcomes(self.db, campaign, told, since=begun)
        lived.close(self.db, campaign)
        for refused in told.refused[:5]:
            print(f"  refused: {refused}", flush=True)
        print(f"  {len(told.recorded):,} calls: {percentiles(told)}", flush=True)
        return told, shifts.double_claims(told), lost


def percentiles(told: Told) -> dict[str, float]:
    """The 95th percentile of each, in seconds."""
    return {
        name: round(float(np.percentile(getattr(told, field), 95)), 4) for name, field in {**WHAT, **RESULTS}.items()
    }


def compared(found: Mapping[int, tuple[Told, int, int]]) -> dict[str, Any]:
    """The figures of the shifts on a small and on a large list, by the number of people."""
    small, large = (percentiles(told) for told, _, _ in found.values())
    return {
        "ratio": {name: round(large[name] / small[name], 2) for name in small},
        "p95_s": {"small": small, "large": large},
        "calls": [len(told.recorded) for told, _, _ in found.values()],
        "refused": sum(len(told.refused) for told, _, _ in found.values()),
        "double": sum(double for _, double, _ in found.values()),
        "lost": sum(lost for _, _, lost in found.values()),
    }


def page(figures: Mapping[str, Any]) -> str:
    """The figures for people."""
    small, large = figures["p95_s"]["small"], figures["p95_s"]["large"]
    of = {size: f"{people:,} people" for size, people in figures["people"].items()}
    rows = [
        [name, f"{small[name]:.3f} s", f"{large[name]:.3f} s", f"{ratio:.2f}"]
        for name, ratio in figures["ratio"].items()
    ]
    lines = [
        f"- {figures['agents']} agents for {figures['seconds']:.0f} s on each list, a monitor at work; with "
        f"{figures['predictions']:,} predictions and {figures['outcomes']:,} outcomes. "
        f"Asked: ratios of {ASKED:g} at most.",
        f"- {sum(figures['calls']):,} calls: {figures['double']} claims given twice, {figures['lost']} results lost.",
        figures_page.machine_line(figures),
    ]
    return figures_page.table(["95 of 100 take at most", *of.values(), "ratio"], rows) + "\n\n" + "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
