"""Asks for a training, now: `python -m monitor.retrain --reason "new price list"`. `scripts/retrain` calls it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from core import settings
from core.errors import CallwiseError
from core.mongo import connect
from monitor.prefect_runs import Flows, PrefectRuns
from monitor.triggers import tell


class Settings(settings.MongoSettings, settings.PrefectSettings):
    """Where to ask, and where to write down that it was asked."""


def ask(flows: Flows, reason: str) -> tuple[str, bool]:
    """Ask for a training unless one waits or runs; its flow run, and whether it is a new one. Raises Unavailable."""
    going = flows.under_way()
    return (going[0].id, False) if going else (flows.ask(reason).id, True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser("scripts/retrain", description="Asks for a training, and does not wait for it.")
    parser.add_argument("--reason", default="on demand", help="why; kept with the model (default: on demand)")
    parser.add_argument("--by", default="operator", help="who asks; kept in the event log (default: operator)")
    asked = parser.parse_args(arguments)
    try:
        here = settings.load(Settings)
        flows = PrefectRuns(here.prefect_api_url)
        run, new = ask(flows, asked.reason)
        if new:
            tell(connect(here), run, asked.reason, who=asked.by)
            print(f"Asked for a training: flow run {run} in Prefect.")
        else:
            print(f"A training is under way already: flow run {run} in Prefect. It was left alone.")
    except CallwiseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
