"""How long a restart takes on old state, over its slowest service alone: `scripts/bench startup`.

    scripts/bench startup [--rounds N] [--json OUT] [--page PAGE]

An embedded appliance gets a history, a champion and ranked people, and is stopped. Then it is started again, all
services together, until every one is well and the champion answers. In the same rounds each service is stopped and
started alone, while all others are well and have nothing to do. Figures are medians over the rounds.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xmlrpc.client import ServerProxy

from bench import figures_page
from bench.growth import appliance as growth
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.services import Service, tier
from bootstrap.embedded.supervisor import UnixTransport, processes
from bootstrap.embedded.watch import Status, Watch
from core.errors import Unavailable
from core.schema import read_schema
from core.scoring.client import ScoringClient
from core.settings.addresses import MongoSettings, SchemaSettings, ScoringSettings
from core.settings.loading import load
from core.stores.mongo import connect, count
from trainer.main import Settings, compose
from trainer.pipeline.training import train

ROUNDS, PATIENCE_SECONDS, RANKED_SECONDS = 3, 300.0, 600.0
SCORING = "mlserver"
ASKED = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write the figures."""
    parser = growth.parser("startup", __doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often (default: %(default)s)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder:
        state = Path(folder) / "state"
        with Appliance(state) as appliance:
            Watch(appliance).wait_healthy(lambda _status: None)
            age(appliance, Path(folder))
        rounds = [_round(state) for _ in range(options.rounds)]
    figures = compared(rounds) | figures_page.machine("mlflow", "prefect", "streamlit", "evidently")
    print(json.dumps(figures, indent=1), flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if options.page:
        figures_page.put(options.page, "startup", page(figures))
    return 0


def age(appliance: Appliance, folder: Path) -> None:
    """Give the appliance what a restart finds: a history, a champion, and everybody ranked."""
    env = {**appliance.environment("bench"), "CALLWISE_SEARCH_TRIALS": "2"}
    schema, db = read_schema(load(SchemaSettings, env).callwise_schema), connect(load(MongoSettings, env))
    growth.load_sample(db, schema, folder)
    growth.add_people(db, schema, "newcomers", 2_000)
    print(f"  champion: {train(compose(load(Settings, env)), reason='bench').why}", flush=True)
    growth.wait_until(ScoringClient(load(ScoringSettings, env), schema).ready, "the champion was not in service")
    unranked = {"campaign": "newcomers", "score": None}
    growth.wait_until(lambda: not count(db.prospects, unranked), "not everybody was ranked", RANKED_SECONDS)


def compared(rounds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The medians of `rounds`, and how `ready` compares with the slowest service alone.

    Each round has the seconds until all were `ready`, those of each service started `together` and `alone`, and the
    seconds of processors that the restart took, `cpu`, also by service.
    """
    together, alone = (
        {name: round(statistics.median(one[way][name] for one in rounds), 1) for name in rounds[0][way]}
        for way in ("together", "alone")
    )
    slowest = max(alone, key=lambda name: alone[name])
    ready = round(statistics.median(one["ready"] for one in rounds), 1)
    return {
        "over_slowest_alone": round(ready / alone[slowest], 2),
        "ready_s": ready,
        "slowest": slowest,
        "alone_s": alone,
        "well_after_s": together,
        "processor_s": round(statistics.median(one["cpu"] for one in rounds), 1),
        "processor_by_service_s": {name: round(seconds, 1) for name, seconds in rounds[-1]["cpu_by_service"].items()},
    }


def page(figures: Mapping[str, Any]) -> str:
    """The figures for people."""
    alone, together = figures["alone_s"], figures["well_after_s"]
    rows = [[name, f"{alone[name]:.0f} s", f"{together[name]:.0f} s"] for name in alone]
    said = (
        f"- All are well after {figures['ready_s']:.0f} s: {figures['over_slowest_alone']:.2f} of the time that "
        f"`{figures['slowest']}`, the slowest, takes alone (asked: ≤ {ASKED:g}). "
        f"The restart takes {figures['processor_s']:.0f} s of a processor."
    )
    heads = ["service", "alone", "well, when all start"]
    return f"{figures_page.table(heads, rows)}\n\n{said}\n{figures_page.machine_line(figures)}"


def _round(state: Path) -> dict[str, Any]:
    """One restart, and each service alone."""
    began, together = time.monotonic(), {}

    def note(status: Status) -> None:
        if status.state == "healthy":
            together[status.service.name] = time.monotonic() - began

    with Appliance(state) as appliance:
        Watch(appliance).wait_healthy(note)
        ready = _ready(appliance)
        growth.wait_until(ready, "the champion was not in service", PATIENCE_SECONDS)
        whole, cpu = time.monotonic() - began, growth.processor_seconds(appliance)
        print(f"  all well after {whole:.1f} s", flush=True)
        alone = {service.name: _alone(appliance, service, ready) for service in appliance.services}
    print("  alone: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in alone.items()), flush=True)
    return {"ready": whole, "together": together, "alone": alone, "cpu": sum(cpu.values()), "cpu_by_service": cpu}


def _alone(appliance: Appliance, service: Service, ready: Callable[[], bool]) -> float:
    """The seconds until the service is well that was stopped and is started, by supervisord as ever."""
    values, name = appliance.values, f"tier{tier(service)}:{service.name}"
    with ServerProxy("http://localhost/RPC2", transport=UnixTransport(values["supervisor"])) as server:
        if not service.one_shot:
            server.supervisor.stopProcess(name, False)  # neither waits: under load that takes longer than a reply may
            growth.wait_until(lambda: _has_ended(values, service), f"{service.name} did not end", PATIENCE_SECONDS)
        began = time.monotonic()
        server.supervisor.startProcess(name, False)

    def well() -> bool:
        try:
            service.health(values)
        except Unavailable:
            return False
        return service.name != SCORING or ready()

    growth.wait_until(well, f"{service.name} was not well", PATIENCE_SECONDS)
    return time.monotonic() - began


def _has_ended(values: Mapping[str, str], service: Service) -> bool:
    try:
        return bool(processes(values["supervisor"])[service.name]["statename"] == "STOPPED")
    except Unavailable:
        return False


def _ready(appliance: Appliance) -> Callable[[], bool]:
    """Whether a champion answers."""
    env = appliance.environment("bench")
    return ScoringClient(load(ScoringSettings, env), read_schema(load(SchemaSettings, env).callwise_schema)).ready


if __name__ == "__main__":
    sys.exit(main())
