"""`scripts/models`: every decision about the models, or the role of each version at a moment."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime

from core.errors import exit_status
from core.kinds.chosen import KindSettings, choose, define
from core.models.decisions import Decision, SuccessionState, decisions, state_of
from core.settings.addresses import RegistrySettings
from core.settings.loading import load


class Settings(KindSettings, RegistrySettings):
    """The address of MongoDB, and the name of the model."""


def moment(text: str) -> datetime:
    """A moment in ISO 8601; without a zone it is UTC. Raises ValueError."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


@exit_status
def main(argv: list[str] | None = None) -> None:
    """Print the decisions or the roles; 1 with a sentence when MongoDB does not answer."""
    parser = argparse.ArgumentParser("scripts/models", description="Which model was champion when, and why.")
    parser.add_argument("--at", type=moment, metavar="TIME", help="print the roles at this moment (ISO 8601, UTC)")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    define(parser)
    options = parser.parse_args(argv)
    found = choose(load(Settings), options.kind)
    taken = decisions(found.db, found.settings.callwise_model_name)
    lineup = state_of(taken, options.at)
    if options.json:
        listed = [asdict(one) for one in taken if options.at is None or one.at <= options.at]
        print(json.dumps({**_roles(lineup), "decisions": listed}, default=str))
        return
    if options.at is None:
        print(*(listing(taken) or ["No decision about a model was taken yet."]), sep="\n")
    print(*roles_text(lineup), sep="\n")


def _roles(found: SuccessionState) -> dict[str, object]:
    return {
        "champion": found.champion,
        "canary": found.canary,
        "refresh": found.refresh,
        "refresh_weight": found.weight,
        "refresh_waiting": found.waiting.version if found.waiting else None,
    }


def listing(taken: Sequence[Decision]) -> list[str]:
    """A line for each decision: when, what, which version, by whom, why."""
    return [
        f"{one.at:%Y-%m-%d %H:%M:%S}  version {one.version:<4} {one.what:<12} by {one.by}"
        f"{f', for {one.incident}' if one.incident else ''}: {one.why}"
        for one in taken
    ]


def roles_text(found: SuccessionState) -> list[str]:
    """The champion, its refresh and the canary, since when and why, and the hold if there is one."""
    if not found.promotions:
        return ["No champion."]
    reign = found.promotions[-1]
    lines = [f"Champion: version {reign.version} since {reign.at:%Y-%m-%d %H:%M:%S} ({reign.what}: {reign.why})"]
    if found.mixed is not None:
        lines.append(
            f"Mixed with it: version {found.mixed.version}, a refresh, with weight {found.weight:.2f} "
            f"since {found.mixed.at:%Y-%m-%d %H:%M:%S}"
        )
    if found.waiting is not None:
        lines.append(f"For the next list: version {found.waiting.version}, a refresh")
    if found.trial is not None:
        lines.append(f"On trial: version {found.trial.version} since {found.trial.at:%Y-%m-%d %H:%M:%S}")
    if found.hold is not None:
        lines.append(f"On hold since {found.hold.at:%Y-%m-%d %H:%M:%S} by {found.hold.by}: {found.hold.why}")
    if found.mixed is not None:
        lines.append(f"A rollback leaves version {found.mixed.version} out.")
    elif found.previous is not None:
        lines.append(f"A rollback goes to version {found.previous}.")
    return lines


if __name__ == "__main__":
    sys.exit(main())
