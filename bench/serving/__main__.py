"""Scoring beside its peers: `scripts/bench serving [--seconds N] [--rounds N] [--json OUT] [--page PAGE]`.

An embedded appliance trains a champion on half of the sample and a refresh on all of it; both speak in every score, and
every score is logged before it is answered. The peers serve the same champion: MLServer's own MLflow and
scikit-learn runtimes, `mlflow models serve`, FastAPI and BentoML with scikit-learn, and a runtime of MLServer that does
nothing, which is the limit. They validate nothing and log nothing. All are asked in turn, round by round, by `wrk` over
8 connections, so that whatever else the machine does meets all alike; figures are medians over the rounds.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pandas as pd
import psutil

from bench import crowd
from bench.serving import page
from bench.serving import peers as others
from bench.serving.load import Answered, answered, at_rate, find_wrk
from bench.serving.peers import Peer
from bootstrap.demo.testbed import print_line
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.watch import Watch
from bootstrap.sample.simulator import DEFAULT_PATH
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, import_campaign
from core.models.decisions import CANARY, REFRESH
from core.models.mixture_in_force import Mixture, put_in_force
from core.schema import Schema, read_schema
from core.scoring import protocol
from core.scoring.client import ScoringClient
from core.settings.addresses import MongoSettings, SchemaSettings, ScoringSettings
from core.settings.loading import load
from core.stores.mongo import connect
from trainer.main import Settings, compose
from trainer.pipeline.training import Trainer, train

OURS, EMPTY, STOCK = "callwise", "empty mlserver", "mlserver-mlflow"
SIZES = {"one_row": 1, "hundred_rows": 100, "thousand_rows": 1_000}
SECONDS, ROUNDS, PATIENCE_SECONDS, WEIGHT = 4.0, 3, 120.0, 0.8
PEAK_SECONDS, HALF_SECONDS = 60.0, 10.0
PLOT = "serving.png"
Rounds = Mapping[str, Sequence[Answered]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write the figures; 1 where a request of ours failed."""
    parser = argparse.ArgumentParser("scripts/bench serving", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--seconds", type=float, default=SECONDS, help="seconds of each load (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="rounds of all loads (default: %(default)s)")
    parser.add_argument("--peak", type=float, default=PEAK_SECONDS, help="seconds at full load (default: %(default)s)")
    parser.add_argument("--json", type=Path, metavar="OUT", help="also write the figures to this file")
    parser.add_argument("--page", type=Path, help="also put them, and their plot, into this page")
    options = parser.parse_args(arguments)
    find_wrk()
    with (
        tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder,
        Appliance(Path(folder) / "state", services=("mlserver", "prefect", "evidently", "setup")) as appliance,
    ):
        Watch(appliance).wait_healthy(print_line)
        env = {**appliance.environment("bench"), "CALLWISE_SEARCH_TRIALS": "2"}
        figures = Bench(env, Path(folder)).measure(options.seconds, options.rounds, options.peak)
    print(json.dumps(figures, indent=1), flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if options.page:
        page.write(figures, options.page, options.page.parent / "images" / PLOT)
    return 1 if figures["failed"] else 0


class Bench:
    """An appliance with a champion and a refresh, and what is asked of it and of its peers."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        self.schema, self.db = read_schema(load(SchemaSettings, env).callwise_schema), connect(load(MongoSettings, env))
        self.trainer = compose(load(Settings, dict(env)))
        scoring = load(ScoringSettings, env)
        self.client = ScoringClient(scoring, self.schema)
        self.ours = Peer(OURS, f"{scoring.mlserver_url}/v2/models/{scoring.callwise_model_name}/infer")
        self.folder = folder
        rows = crowd.features(self.schema, max(SIZES.values()), random.Random(1))  # noqa: S311  made-up people
        self.bodies = {name: _body(self.schema, rows[:size]) for name, size in SIZES.items()}
        self.sample = pd.DataFrame(rows)[self.schema.feature_names]

    def measure(self, seconds: float, rounds: int, peak: float) -> dict[str, Any]:
        """All figures."""
        two_versions(self.trainer, self.schema, self.folder)
        self._until(lambda state: state["champion"] == "1" and state["refresh"] == "2")
        model = self.trainer.models.load(self.trainer.models.version("1")).model
        found: dict[str, Rounds] = {}
        with others.peers(model, self.sample, self.folder) as peers:
            everybody = [self.ours, *peers]
            self._agree(peers)
            for name, body in self.bodies.items():
                found[name] = _in_turn(everybody, body, seconds, rounds)
                print(_line(name, found[name]), flush=True)
            half = at_rate(self.ours.url, self.bodies["one_row"], _rate(found["one_row"][OURS]) / 2, HALF_SECONDS)
        backlog = self._backlog_after(peak)
        shadow = self._shadow_cost(seconds, rounds)
        stock = statistics.median(one.p50_ms for one in found["one_row"][STOCK])
        return {
            **{name: _ratios(rounds) for name, rounds in found.items()},
            "of_empty_runtime": round(_rate(found["one_row"][OURS]) / _rate(found["one_row"][EMPTY]), 3),
            "p99_half_load_over_stock_p50": round(float(np.quantile(half, 0.99)) / stock, 3),
            "shadow_cost": shadow,
            **backlog,
            "per_second": {
                name: {who: round(_rate(one)) for who, one in rounds.items()} for name, rounds in found.items()
            },
            "p50_ms": {name: {who: _p50(one) for who, one in of.items()} for name, of in found.items()},
            "failed": sum(one.failed for rounds in found.values() for one in rounds[OURS]),
            "versions": others.versions(),
            "machine": {"processors": psutil.cpu_count(), "kind": platform.machine()},
        }

    def _agree(self, peers: Sequence[Peer]) -> None:
        """Every peer answers the request; whoever does not is told at once, and not as a very fast service."""
        for peer in peers:
            found = answered(peer.url, peer.body(self.bodies["one_row"]), 1, connections=1)
            if found.failed or not found.per_second:
                raise RuntimeError(f"{peer.name} refused {found.failed} requests")

    def _backlog_after(self, seconds: float) -> dict[str, float]:
        """After so long at full load: the records that wait in the spool, and the seconds until there are none."""
        answered(self.ours.url, self.bodies["one_row"], seconds)
        began, waiting = time.monotonic(), int(self.client.state()["spool_waiting"])
        while self.client.state()["spool_waiting"]:
            time.sleep(0.2)
        return {"backlog": waiting, "backlog_s": round(time.monotonic() - began, 1) if waiting else 0.0}

    def _shadow_cost(self, seconds: float, rounds: int) -> float:
        """The share of one-row answers that a canary on trial costs a champion alone."""
        alias, ours = self.trainer.models.client.delete_registered_model_alias, self.trainer.models.name
        put_in_force(self.db, Mixture("1", "", 0.0, 2_000_000))
        alias(ours, REFRESH)
        self._until(lambda state: not state["refresh"])
        alone = [answered(self.ours.url, self.bodies["one_row"], seconds) for _ in range(rounds)]
        self.trainer.models.client.set_registered_model_alias(ours, CANARY, "2")
        self._until(lambda state: state["canary"] == "2")
        beside = [answered(self.ours.url, self.bodies["one_row"], seconds) for _ in range(rounds)]
        return round(1 - _rate(beside) / _rate(alone), 3)

    def _until(self, holds: Any) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not (self.client.ready() and holds(self.client.state())):
            if time.monotonic() > until:
                raise TimeoutError(f"scoring did not follow: {self.client.state()}")
            time.sleep(0.3)


def two_versions(trainer: Trainer, schema: Schema, folder: Path) -> None:
    """Champion 1, of half of the sample, and refresh 2, of all of it, in a mixture."""
    with ZipFile(DEFAULT_PATH) as packed:
        header, *lines = packed.read(packed.namelist()[0]).decode().splitlines(keepends=True)
    for number, part in enumerate((lines[: len(lines) // 2], lines[len(lines) // 2 :]), 1):
        path = folder / f"part-{number}.csv"
        path.write_text(header + "".join(part), encoding="utf-8")
        request = ImportRequest(CampaignFile.open(path), f"part-{number}")
        import_campaign(trainer.db, schema, request, rejects=folder / "rejects.csv")
        made = train(trainer, reason="bench", refresh=number > 1)
        print(f"  version {made.version}: {made.result}, {made.why}", flush=True)
    # As monitoring does when a list begins.
    trainer.models.client.set_registered_model_alias(trainer.models.name, REFRESH, "2")
    put_in_force(trainer.db, Mixture("1", "2", WEIGHT, 1_000_000))


def _body(schema: Schema, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    body = protocol.request(schema, rows, [f"bench:{number}" for number in range(len(rows))], "")
    return {name: value for name, value in body.items() if name != "id"}  # each answer has an id of its own


def _in_turn(everybody: Sequence[Peer], body: Mapping[str, Any], seconds: float, rounds: int) -> Rounds:
    found: dict[str, list[Answered]] = {peer.name: [] for peer in everybody}
    for _ in range(rounds):
        for peer in everybody:
            found[peer.name].append(answered(peer.url, peer.body(body), seconds))
    return found


def _rate(rounds: Sequence[Answered]) -> float:
    return statistics.median(one.per_second for one in rounds)


def _p50(rounds: Sequence[Answered]) -> float:
    return round(statistics.median(one.p50_ms for one in rounds), 2)


def _ratios(found: Rounds) -> dict[str, float]:
    return {who: round(_rate(found[OURS]) / _rate(one), 2) for who, one in found.items() if who != OURS}


def _line(name: str, found: Rounds) -> str:
    return f"  {name:<14}" + "".join(f"{who} {_rate(one):.0f}/s ({_p50(one):.1f} ms)  " for who, one in found.items())


if __name__ == "__main__":
    sys.exit(main())
