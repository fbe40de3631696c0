"""`scripts/rollback`: back to the previous champion in one step, recording who did it and why."""

from __future__ import annotations

import argparse
import sys

from core.errors import CallwiseError, Conflict, Unavailable
from core.models.registry import ModelRegistry
from core.models.succession import Succession
from core.settings.addresses import MongoSettings, RegistrySettings
from core.settings.loading import load
from core.stores.mongo import connect


class Settings(MongoSettings, RegistrySettings):
    """Where decisions are kept, and where the aliases are that follow them."""


def main(argv: list[str] | None = None) -> int:
    """Roll back and say so; 1 with a sentence when there is nothing to go back to, or a service does not answer."""
    parser = argparse.ArgumentParser("scripts/rollback", description="Goes back to the champion before this one.")
    parser.add_argument("--why", default="by hand", help="the reason; kept with the decision")
    parser.add_argument("--from", dest="champion", metavar="VERSION", help="only if this version is the champion")
    parser.add_argument("--by", default="a person", help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    try:
        here = load(Settings)
        db, model = connect(here), here.callwise_model_name
        # Decided without the aliases: if they cannot follow now, asking again must not go back once more.
        succession = Succession(db, model, None, by=asked.by)
        champion = asked.champion or succession.state().champion
        if champion is None:
            raise Conflict("There is no champion yet.", next="Train a model first: scripts/retrain.")
        decision = succession.roll_back(champion, why=asked.why)
    except CallwiseError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Version {decision.version} is champion again instead of {champion}. ", end="")
    try:
        Succession(db, model, ModelRegistry(here), by=asked.by).follow()
    except Unavailable as error:
        print("Serving follows as soon as the model registry answers; there is nothing to do again.")
        print(error, file=sys.stderr)
        return 0
    print("Serving follows in seconds.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
