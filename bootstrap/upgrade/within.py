"""Commands of the appliance that an upgrade runs: `python -m bootstrap.upgrade.within WHAT …`.

    count                                 numbers of records, as one line of JSON; in docker compose, in a container
    backup|migrate|check --state STATE    start what is needed of the embedded appliance, do it, and stop it again

The last line of each is the JSON. The one upgrade calls those of two releases, so what they are called stays.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bootstrap.demo import story_settings
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.environment import ROOT
from bootstrap.embedded.watch import Status, Watch
from core.errors import Unavailable, exit_status
from core.settings.addresses import MongoSettings
from core.settings.loading import load
from core.stores import event_log, stored_version
from core.stores.mongo import Db, connect, count, reachable

COUNTED = {"accounts": "users"} | {name: name for name in ("calls", "campaigns", "events", "outcomes", "prospects")}


def counts(home: Db) -> dict[str, Any]:
    """Version of the data, the event from which the log is broken, and numbers of records. Raises Unavailable."""
    numbers: dict[str, int] = {}
    with reachable():
        for name in sorted(home.client.list_database_names()):
            if name == home.name or name.startswith(f"{home.name}-"):
                db: Db = home.client[name]
                numbers |= {f"{name}.{what}": count(db[collection], {}) for what, collection in COUNTED.items()}
                rows = db.predictions.aggregate([{"$group": {"_id": "all", "n": {"$sum": {"$ifNull": ["$many", 1]}}}}])
                numbers[f"{name}.predictions"] = sum(int(one["n"]) for one in rows)
    broken = event_log.first_broken(home)
    return {"version": stored_version.applied(home) or 0, "broken_at": broken, "counts": numbers}


def print_counts(env: Mapping[str, str]) -> None:
    """Print them on one line."""
    print(json.dumps(counts(connect(load(MongoSettings, env)))), flush=True)


def inside(appliance: Appliance, module: str, *words: str) -> None:
    """Run a command on the appliance. Raises Unavailable if it fails; it has printed why."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", module, *words], env=appliance.environment(module), cwd=ROOT, check=False
    )
    if done.returncode:
        raise Unavailable(f"{module} ended with status {done.returncode}.")


def run(what: str, state: Path, only: Sequence[str] | None, seconds: float) -> None:
    """Do `what` on the embedded appliance in `state`. Raises Unavailable, Conflict."""
    services = {"backup": ("s3", "mongo"), "migrate": ("mongo",), "check": only}[what]
    # A backup of its own at the wrong moment would keep the upgrade's waiting.
    env = {**story_settings.own_settings(state), **os.environ, "CALLWISE_BACKUP_DAILY": "off"}
    with Appliance(state, services=services, inherited=env) as appliance:
        Watch(appliance).wait_healthy(_say, timeout=seconds)
        if what == "backup":
            inside(appliance, "bootstrap.backup")
        if what == "migrate":
            inside(appliance, "bootstrap.migrations")
        print_counts(appliance.env)


def _say(status: Status) -> None:
    if status.state == "healthy":
        print(f"{status.service.label}: well", flush=True)


@exit_status
def main(argv: Sequence[str] | None = None) -> None:
    """Run the command; 1 after an error, which is printed."""
    parser = argparse.ArgumentParser("python -m bootstrap.upgrade.within")
    parser.add_argument("what", choices=["count", "backup", "migrate", "check"])
    parser.add_argument("--state", type=Path, help="state folder of the embedded appliance")
    parser.add_argument("--only", type=lambda text: text.split(","), help="services to start for the check")
    parser.add_argument("--seconds", type=float, default=900.0, help="time in which the services must be well")
    asked = parser.parse_args(argv)
    if asked.what == "count":
        print_counts(os.environ)
    else:
        run(asked.what, asked.state, asked.only, asked.seconds)


if __name__ == "__main__":
    sys.exit(main())
