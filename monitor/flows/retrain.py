"""Asks for a training, now: `python -m monitor.flows.retrain --reason "new price list"`. `scripts/retrain` calls it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from core.errors import CallwiseError, Conflict
from core.models.decisions import decisions, state
from core.settings.addresses import MongoSettings, PrefectSettings, RegistrySettings
from core.settings.loading import load
from core.stores.mongo import Db, connect
from monitor.flows.prefect_runs import Flows, PrefectRuns
from monitor.flows.triggers import tell


class Settings(MongoSettings, RegistrySettings, PrefectSettings):
    """Where to ask, and where to write down that it was asked."""


def ask(db: Db, flows: Flows, model: str, reason: str, *, by: str, anyway: bool = False) -> str:
    """Ask for a training, unless one waits or runs; what came of it, in words.

    Raises Conflict, unless `anyway`, while a canary is on trial, whose place the new model would take, or while a
    person holds the champion; Unavailable.
    """
    going = flows.under_way()
    if going:
        return f"A training is under way already: flow run {going[0].id} in Prefect. It was left alone."
    found = state(decisions(db, model))
    if found.hold is not None and not anyway:
        raise Conflict(
            f"{found.hold.by} holds the champion: {found.hold.why}.",
            kept="Nothing was started.",
            next="Release the hold on the page Models, or ask with --anyway.",
        )
    canary = found.canary
    if canary is not None and not anyway:
        raise Conflict(
            f"Version {canary} is on trial, and a new model would take its place.",
            kept="Nothing was started; the trial goes on.",
            next="Wait for its end, or ask with --anyway.",
        )
    run = flows.ask(reason).id
    tell(db, run, reason, who=by)
    return f"Asked for a training: flow run {run} in Prefect."


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit status."""
    parser = argparse.ArgumentParser("scripts/retrain", description="Asks for a training, and does not wait for it.")
    parser.add_argument("--reason", default="on demand", help="why; kept with the model (default: on demand)")
    parser.add_argument("--by", default="operator", help="who asks; kept in the event log (default: operator)")
    parser.add_argument(
        "--anyway", action="store_true", help="also while a canary is on trial, which ends its trial, or on hold"
    )
    asked = parser.parse_args(arguments)
    try:
        here = load(Settings)
        db, flows = connect(here), PrefectRuns(here.prefect_api_url)
        print(ask(db, flows, here.callwise_model_name, asked.reason, by=asked.by, anyway=asked.anyway))
    except CallwiseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
