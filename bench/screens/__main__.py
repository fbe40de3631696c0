"""Measures the call list: its first paint at several sizes, and many agents on it at once.

    scripts/bench screens [--quick] [--json OUT]

It starts an embedded MongoDB-wire server and fills a database for each size of list, as the importer does; a million
people take some minutes. The app is the real one, the browser a headless Chromium. Seconds depend on the machine and
its load; compare only the ratio to the smallest list.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench import crowd
from bench.screens import first_paint, shift
from bootstrap.check.browser import PROGRAMS, find_chromium
from bootstrap.demo.testbed import print_line
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.watch import Watch
from core.schema import read_schema
from core.settings.addresses import MongoSettings, SchemaSettings
from core.settings.loading import load
from core.stores.mongo import connect

CAMPAIGN = "bench"
SIZES, LOADS, AGENTS, SECONDS = (1_000, 100_000, 1_000_000), 5, 50, 120.0
QUICK_SIZES, QUICK_LOADS, QUICK_SECONDS = (1_000, 5_000), 2, 10.0


def main() -> int:
    """Measure, print and write the figures; 2 without a browser, 1 if an outcome was lost or a claim given twice."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small lists and a short shift")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        print(f"bench: no browser on this machine (searched for {', '.join(PROGRAMS)})", file=sys.stderr)
        return 2
    sizes, loads, seconds = (QUICK_SIZES, QUICK_LOADS, QUICK_SECONDS) if options.quick else (SIZES, LOADS, SECONDS)
    with (
        tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder,
        Appliance(Path(folder) / "state", services=("s3", "mongo")) as appliance,
    ):
        Watch(appliance).wait_healthy(print_line)
        figures = _measure(appliance, sizes, loads, seconds, chromium)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    agents = figures["agents"]
    return 1 if agents["double_claims"] or agents["lost_outcomes"] else 0


def _measure(appliance: Appliance, sizes: tuple[int, ...], loads: int, seconds: float, chromium: str) -> dict[str, Any]:
    env, paint = appliance.environment("bench"), {}
    schema = read_schema(load(SchemaSettings, env).callwise_schema)
    print(f"{'people':>10}{'filled in':>12}{'first paint':>13}{'ratio':>8}", flush=True)
    ratios = {}
    for size in sizes:
        database, began = f"bench_{size}", time.monotonic()
        db = connect(load(MongoSettings, {**env, "MONGODB_DATABASE": database}))
        crowd.fill(db, schema, CAMPAIGN, size)
        first_paint.account(db)
        filled = time.monotonic() - began
        paint[size] = first_paint.median(env, database, CAMPAIGN, loads, chromium, appliance.ports["app"])
        ratios[size] = paint[size] / paint[sizes[0]]
        print(f"{size:>10,}{filled:>10.0f} s{paint[size]:>11.2f} s{ratios[size]:>8.2f}", flush=True)
    log = shift.run_shift({**env, "MONGODB_DATABASE": database}, CAMPAIGN, AGENTS, seconds)
    for refused in log.refused[:5]:
        print(f"refused: {refused}", flush=True)
    agents = {
        "agents": AGENTS,
        "people": sizes[-1],
        "seconds": seconds,
        "claims": len(log.claimed),
        "recorded": len(log.recorded),
        "refused": len(log.refused),
        "double_claims": shift.double_claims(log),
        "lost_outcomes": shift.lost_outcomes(db, CAMPAIGN, log),
        "p95_claim_s": round(float(np.percentile(log.claim_seconds, 95)), 4),
        "p95_record_s": round(float(np.percentile(log.record_seconds, 95)), 4),
    }
    print("\n".join(f"{name:>15}  {value}" for name, value in agents.items()), flush=True)
    return {
        "first_paint": {str(size): round(seconds, 4) for size, seconds in paint.items()},
        "ratio": {str(size): round(ratio, 4) for size, ratio in ratios.items()},
        "agents": agents,
    }


if __name__ == "__main__":
    sys.exit(main())
