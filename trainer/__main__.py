"""`python -m trainer`: one training by hand, without Prefect."""

import argparse
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from core.errors import exit_status
from core.kinds import chosen
from trainer.main import compose
from trainer.pipeline.training import train

P = ParamSpec("P")
T = TypeVar("T")


def print_step(name: str, function: Callable[P, T], /) -> Callable[P, T]:
    """Print the step's name and return the step unchanged."""
    print(f"· {name}", flush=True)
    return function


@exit_status
def main() -> None:
    """Train once; 0 on success, 1 when a gate refused or a service did not answer."""
    parser = argparse.ArgumentParser(prog="python -m trainer", description="Train a model on all outcomes.")
    parser.add_argument("--reason", default="by hand", help="why; recorded in the model's lineage")
    parser.add_argument("--incident", help="the incident that this training answers")
    chosen.define(parser)
    options = parser.parse_args()
    outcome = train(compose(kind=options.kind), reason=options.reason, incident=options.incident, step=print_step)
    print(f"{outcome.result}: version {outcome.version}, dataset {outcome.dataset}: {outcome.why}")


if __name__ == "__main__":
    sys.exit(main())
