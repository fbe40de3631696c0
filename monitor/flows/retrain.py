"""Asks for a training now: `python -m monitor.flows.retrain --reason "new price list"`, or `scripts/retrain`."""

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
    """The addresses of MongoDB and Prefect, and the name of the model."""


def ask(db: Db, flows: Flows, model: str, reason: str, *, by: str, anyway: bool = False) -> str:
    """Ask for a training, unless one waits or runs; returns the result in words. Raises Unavailable.

    Raises Conflict, unless `anyway`, during a hold, and during a trial: the new model would take the canary's place.
    """
    if runs := flows.under_way():
        return f"A training is under way already: flow run {runs[0].id} in Prefect. It was left alone."
    lineup = state(decisions(db, model))
    if lineup.hold is not None and not anyway:
        raise Conflict(
            f"{lineup.hold.by} holds the champion: {lineup.hold.why}.",
            kept="Nothing was started.",
            next="Release the hold on the page Models, or ask with --anyway.",
        )
    if lineup.canary is not None and not anyway:
        raise Conflict(
            f"Version {lineup.canary} is on trial, and a new model would take its place.",
            kept="Nothing was started; the trial goes on.",
            next="Wait for its end, or ask with --anyway.",
        )
    run = flows.ask(reason).id
    tell(db, run, reason, who=by)
    return f"Asked for a training: flow run {run} in Prefect."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser("scripts/retrain", description="Asks for a training, and does not wait for it.")
    parser.add_argument("--reason", default="on demand", help="why; stored with the model (default: on demand)")
    parser.add_argument("--by", default="operator", help="who asks; stored in the event log (default: operator)")
    parser.add_argument(
        "--anyway", action="store_true", help="also while a canary is on trial, which ends its trial, or on hold"
    )
    options = parser.parse_args(arguments)
    try:
        settings = load(Settings)
        db, flows = connect(settings), PrefectRuns(settings.prefect_api_url)
        print(ask(db, flows, settings.callwise_model_name, options.reason, by=options.by, anyway=options.anyway))
    except CallwiseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
