"""`scripts/rollback`: takes the newest version out of use, and records who did it and why.

A refresh that is mixed with the champion is left out; otherwise the previous champion is champion again.
"""

from __future__ import annotations

import argparse
import sys

from core.errors import Conflict, Unavailable, exit_status
from core.kinds.chosen import KindSettings, choose, define
from core.models.decisions import DecisionKind
from core.models.registry import ModelRegistry
from core.models.succession import Succession
from core.settings.addresses import RegistrySettings
from core.settings.loading import load


class Settings(KindSettings, RegistrySettings):
    """The address of MongoDB, and of the registry whose aliases follow the decisions."""


@exit_status
def main(argv: list[str] | None = None) -> None:
    """Roll back; 1 with a sentence when there is no previous champion, or a service does not answer."""
    parser = argparse.ArgumentParser("scripts/rollback", description="Goes back to the models before the newest one.")
    parser.add_argument("--why", default="by hand", help="the reason; stored with the decision")
    parser.add_argument("--from", dest="champion", metavar="VERSION", help="only if this version is the newest in use")
    parser.add_argument("--by", default="a person", help=argparse.SUPPRESS)
    define(parser)
    options = parser.parse_args(argv)
    found = choose(load(Settings), options.kind)
    db, settings = found.db, found.settings
    model = settings.callwise_model_name
    # Decided without the aliases: if they cannot follow now, a second try must not roll back once more.
    succession = Succession(db, model, None, by=options.by)
    champion = options.champion or succession.state().newest
    if champion is None:
        raise Conflict("There is no champion yet.", next="Train a model first: scripts/retrain.")
    decision = succession.roll_back(champion, why=options.why)
    if decision.what is DecisionKind.LEFT_OUT:
        print(f"Version {champion}, a refresh, is left out; the champion scores alone. ", end="")
    else:
        print(f"Version {decision.version} is champion again instead of {champion}. ", end="")
    try:
        Succession(db, model, ModelRegistry(settings), by=options.by).sync()
    except Unavailable as error:
        print("Serving follows as soon as the model registry answers; nothing more to do.")
        print(error, file=sys.stderr)
        return
    print("Serving follows in seconds.")


if __name__ == "__main__":
    sys.exit(main())
