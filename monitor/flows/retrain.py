"""Asks for a training now: `python -m monitor.flows.retrain --reason "new price list"`, or `scripts/retrain`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from core.errors import Conflict, exit_status
from core.kinds.chosen import KindSettings, choose, define
from core.models.decisions import decisions, state_of
from core.settings.addresses import PrefectSettings, RegistrySettings
from core.settings.loading import load
from core.stores.mongo import Db
from monitor.flows.prefect_runs import PrefectRuns
from monitor.flows.triggers import log_training_asked


class Settings(KindSettings, RegistrySettings, PrefectSettings):
    """The addresses of MongoDB and Prefect, and the name of the model."""


def ask_for_training(
    db: Db, flows: PrefectRuns, model: str, reason: str, *, by: str, anyway: bool = False, afresh: bool = False
) -> str:
    """Ask for a training, unless one waits or runs; returns the result in words. Raises Unavailable.

    Raises Conflict, unless `anyway`, during a hold, and during a trial: the new model would take the canary's place.
    Asked `afresh`, also while one waits or runs: it may have read its outcomes already.
    """
    if runs := flows.under_way():
        if afresh:
            raise Conflict(
                f"The flow run {runs[0].id} may have read its outcomes before this.",
                kept="It goes on.",
                next="Wait for its end; then a training is asked for.",
            )
        return f"A training is under way already: flow run {runs[0].id} in Prefect. It was left alone."
    lineup = state_of(decisions(db, model))
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
    run = flows.request_training(reason).id
    log_training_asked(db, run, reason, who=by)
    return f"Asked for a training: flow run {run} in Prefect."


@exit_status
def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser("scripts/retrain", description="Asks for a training, and does not wait for it.")
    parser.add_argument("--reason", default="on demand", help="why; stored with the model (default: on demand)")
    parser.add_argument("--by", default="operator", help="who asks; stored in the event log (default: operator)")
    parser.add_argument(
        "--anyway", action="store_true", help="also while a canary is on trial, which ends its trial, or on hold"
    )
    define(parser)
    options = parser.parse_args(arguments)
    found = choose(load(Settings), options.kind)
    model = found.settings.callwise_model_name
    flows = PrefectRuns(found.settings, kind=found.kind.key)
    print(ask_for_training(found.db, flows, model, options.reason, by=options.by, anyway=options.anyway))


if __name__ == "__main__":
    sys.exit(main())
