"""`scripts/bench decisions [--json OUT]`: how often decisions are wrong, and how long the right ones take.

A scenario is a stream of outcomes with a known truth, repeated `--runs` times with other seeds. The code that judges
real canaries judges it, under the default rules. The same version prints the same figures.

The second table is of refreshes: how often the newest fits end with more than half of the say, where all fits of a
comparison are as good as the scenario says, by `monitor.trials.refresh` with its default rules, with a longer
comparison, and without the guard; and how often a canary does, whose share of the people is E / (E + 19).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path
from statistics import median
from typing import Any

from bench import drifting
from bench.alternatives import promotions
from bench.streams import SHARE, World, better_by, stream
from core.settings.loop import MonitorSettings
from monitor.reports.drift.limits import DriftLimits
from monitor.trials.canary_share import canary_share
from monitor.trials.evidence import judge
from monitor.trials.refresh import RefreshRules, weigh
from monitor.trials.verdict import PROMOTE, ROLL_BACK, TrialRules, Verdict

RUNS = 200
RULES = TrialRules()

EQUAL = {
    "identical": World(identical=True),
    "equal, half of a list called from its top": World(),
    "equal, a quarter of a list called from its top": World(called=0.25),
    "equal and poor, a quarter called": World(champion=1.2, canary=1.2, called=0.25),
    "equal, everybody called": World(called=1.0, ordered=False),
    "equal, everybody called, base rate 30%": World(called=1.0, ordered=False, base_rate=0.3),
}
BETTER = World(champion=0.8, canary=0.4)  # the difference for which `power` is stated
OTHERS = {
    "better": BETTER,
    "better, everybody called": World(champion=0.8, canary=0.4, called=1.0, ordered=False),
    "a little better": World(champion=0.8, canary=0.6),
    "much better": World(champion=1.2, canary=0.4),
    "worse": World(champion=0.4, canary=0.8),
}
SABOTAGED = {
    "shuffled labels, scores as spread as before": World(sabotage="shuffled labels"),
    "shuffled labels, scores near the base rate": World(sabotage="no signal"),
    "the strongest column scrambled": World(sabotage="scrambled column"),
}
REFRESHED = {
    "equal": World(),
    "worse by 0.014": World(champion=0.66, canary=0.8),
    "worse by 0.04": World(champion=0.4, canary=0.8),
    "better by 0.042": BETTER,
    **SABOTAGED,
}
REFRESH_RULES = {
    "as decided": RefreshRules(),
    "500 outcomes": RefreshRules(limit=500),
    "1,000 outcomes": RefreshRules(limit=1_000),
    "no guard": RefreshRules(worse=0.0),
    "prior 0.5": RefreshRules(prior=0.5),
}
CANARY = "canary, E / (E + 19)"
COMPARED = (*EQUAL, "better", "better, everybody called")  # also judged by the other rules


@dataclass(frozen=True)
class Runs:
    """The verdicts of a scenario's runs, and which other rules would have promoted in each (if compared)."""

    verdicts: Sequence[Verdict]
    others: Sequence[dict[str, bool]]

    def rate(self, what: str) -> float:
        """The share of the runs that ended with `what`."""
        return sum(verdict.what == what for verdict in self.verdicts) / len(self.verdicts)

    def outcomes(self, what: str) -> list[int]:
        """The number of outcomes of each run that ended with `what`."""
        return [verdict.outcomes for verdict in self.verdicts if verdict.what == what]

    @property
    def promoted_by_others(self) -> dict[str, float]:
        """The share of the runs in which each of the other rules would have promoted."""
        return {rule: sum(run[rule] for run in self.others) / len(self.others) for rule in self.others[0]}


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `scripts/bench decisions`."""
    parser = argparse.ArgumentParser(prog="scripts/bench decisions", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write the figures to this file")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each scenario (default: %(default)s)")
    parser.add_argument("--without-drift", action="store_true", help="leave out the drift verdicts, which take minutes")
    options = parser.parse_args(arguments)
    # Spawned: a fork of a process that has loaded BLAS may hang, and each worker reads the sample campaign once.
    with get_context("spawn").Pool(2) as pool:
        worlds = EQUAL | OTHERS | SABOTAGED
        scenarios = {name: _run(pool, world, options.runs, name in COMPARED) for name, world in worlds.items()}
        refreshes = {name: _refreshes(pool, world, options.runs) for name, world in REFRESHED.items()}
        _table(scenarios)
        _refresh_table(refreshes)
        figures = _figures(scenarios, options.runs) | {"refreshes": refreshes}
        if not options.without_drift:
            figures["drift"] = _drift(pool, options.runs)
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def _judged(seed: int, world: World, compared: bool) -> tuple[Verdict, dict[str, bool]]:
    pairs = stream(world, RULES.limit, seed)
    return judge(pairs, RULES), promotions(pairs, RULES) if compared else {}


def _run(pool: Pool, world: World, runs: int, compared: bool) -> Runs:
    judged = partial(_judged, world=world, compared=compared)
    return Runs(*zip(*pool.map(judged, range(runs), chunksize=10), strict=True))


def _say(seed: int, world: World) -> dict[str, float]:
    """By each rule, 1 if the newest fits of one run end with more than half of the say, else 0."""
    pairs = stream(world, RULES.limit, seed)
    found = {name: weigh(pairs, rules) for name, rules in REFRESH_RULES.items()}
    share = canary_share(judge(pairs, RULES).score.better, SHARE)
    return {
        **{name: float(standing.wins) for name, standing in found.items()},
        CANARY: float(share > 0.5),
        "shown worse, as decided": float(found["as decided"].shown_worse_at is not None),
    }


def _refreshes(pool: Pool, world: World, runs: int) -> dict[str, float]:
    """The shares of the runs, and the difference in AUC over all people."""
    found = pool.map(partial(_say, world=world), range(runs), chunksize=10)
    shares = {name: sum(run[name] for run in found) / runs for name in found[0]}
    return {"auc": better_by(world)["auc"], **shares}


def _refresh_table(refreshes: dict[str, dict[str, float]]) -> None:
    heads = list(refreshes["equal"])
    print(f"\n{'newest fits with more than half of the say':<48}", *(f"{head:>24}" for head in heads))
    for name, found in refreshes.items():
        cells = [f"{found['auc']:>24.3f}", *(f"{found[head]:>24.1%}" for head in heads[1:])]
        print(f"{name:<48}", *cells)


def _figures(scenarios: dict[str, Runs], runs: int) -> dict[str, Any]:
    gone = [scenarios[name].outcomes(ROLL_BACK) for name in SABOTAGED]
    everywhere = all(len(outcomes) == runs for outcomes in gone)
    return {
        "false_promotion_rate": max(scenarios[name].rate(PROMOTE) for name in EQUAL),
        "power": scenarios["better"].rate(PROMOTE),
        "median_outcomes_to_promote": median(scenarios["better"].outcomes(PROMOTE) or [RULES.limit]),
        "sabotaged_promoted": max(scenarios[name].rate(PROMOTE) for name in SABOTAGED),
        "sabotaged_gone_within": max(map(max, gone)) if everywhere else RULES.limit,
        "sabotaged_rolled_back": min(scenarios[name].rate(ROLL_BACK) for name in SABOTAGED),
        "false_roll_back_rate": max(scenarios[name].rate(ROLL_BACK) for name in EQUAL),
        "better_by": better_by(BETTER),
        "better_rolled_back": scenarios["better"].rate(ROLL_BACK),
        "limit": RULES.limit,
        "runs": runs,
        "scenarios": {
            name: {
                "promoted": scenario.rate(PROMOTE),
                "rolled_back": scenario.rate(ROLL_BACK),
                "median_outcomes": median(verdict.outcomes for verdict in scenario.verdicts),
                "promoted_by_other_rules": scenario.promoted_by_others,
            }
            for name, scenario in scenarios.items()
        },
    }


def _drift(pool: Pool, runs: int) -> dict[str, Any]:
    limits = DriftLimits.from_settings(MonitorSettings())
    alarms = pool.map(partial(drifting.false_alarm, limits=limits), range(runs), chunksize=5)
    delays = pool.map(partial(drifting.delay, limits=limits), range(runs), chunksize=5)
    return {
        "false_alarm_rate": sum(alarms) / runs,
        "median_delay": median(delays),
        "longest_delay": max(delays),
        "window": limits.window,
        "shift": drifting.shift(limits),
    }


def _table(scenarios: dict[str, Runs]) -> None:
    others = list(scenarios["better"].promoted_by_others)
    print(
        f"{'canary':<48}{'promoted':>9}{'outcomes':>9}{'rolled b.':>10}{'outcomes':>9}", *(f"{o:>14}" for o in others)
    )
    for name, runs in scenarios.items():
        cells = []
        for what in (PROMOTE, ROLL_BACK):
            took = runs.outcomes(what)
            cells += [f"{runs.rate(what):.1%}", f"{median(took):.0f}" if took else "-"]
        beside = (f"{share:>14.1%}" for share in runs.promoted_by_others.values())
        print(f"{name:<48}{cells[0]:>9}{cells[1]:>9}{cells[2]:>10}{cells[3]:>9}", *beside)


if __name__ == "__main__":
    sys.exit(main())
