"""Hostile inputs at every door of an embedded appliance: `scripts/bench fuzz`.

    scripts/bench fuzz [--inputs N] [--seed N] [--json OUT]

The doors: the shipped Caddyfile on Caddy, from outside, with requests that are malformed or ask for what they may not;
scoring over HTTP and gRPC; the screens' own addresses; the pages with figures; and the import, with the damaged files
of `scripts/bench files`. schemathesis makes requests from MLServer's OpenAPI document and from one of the screens'
addresses.

A server error is an answer from 500 on, without 503, which a service gives that cannot do something at the moment, and
501 and 505, which refuse what HTTP does not have; and no answer, to a request whose end a server can tell. A crash is a
process that ended, a traceback in a log, a log that was rotated away unseen, or a door that no longer answers a good
request. The status is 1 if there was any of these.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from bench.damaged_files import Writer
from bench.files import Totals as FileTotals
from bench.files import check
from bench.fuzz import place as places
from bench.fuzz.children import by_schema, make_environment, over_grpc
from bench.fuzz.good import look, requests
from bench.fuzz.senders import send, shares, targets
from bench.fuzz.totals import Totals

INPUTS = 1_000_000
FILES, OVER_GRPC, BY_SCHEMA = 0.02, 0.01, 0.003
"""Shares of all inputs; the rest is HTTP. By schema there may be fewer: some addresses can be asked in one way only."""


def files(many: int, seed: int, totals: Totals) -> None:
    """Read `many` damaged files as an import does."""
    found = FileTotals()
    with tempfile.TemporaryDirectory(prefix="callwise-fuzz-") as folder:
        path = Path(folder) / "people.csv"
        for number in range(seed, seed + many):
            made = Writer(Random(number)).file()  # noqa: S311  made-up files
            path.write_bytes(made.content)
            before = found.crashes
            wrong = check(made, path, found)
            totals.add("import", 200)
            if found.crashes > before:
                totals.crash(f"the import of file {number}: {wrong[0][-600:]}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; 1 after a server error or a crash."""
    parser = argparse.ArgumentParser(
        "scripts/bench fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=INPUTS, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="OUT")
    asked = parser.parse_args(arguments)
    totals, many = Totals(), asked.inputs

    def told(door: str, began: float) -> None:
        print(f"  {door}: {totals.many:,} tried so far, {time.monotonic() - began:.0f} s", flush=True)

    make_environment()
    with places.running() as place:
        began = time.monotonic()
        good = list(requests(place))
        look(good, totals, "nothing")

        def ended(door: str) -> None:
            look(good, totals, door)
            place.notice(totals)
            told(door, began)

        by_schema(place, int(many * BY_SCHEMA), asked.seed, totals)
        ended("by schema")
        over_grpc(place, int(many * OVER_GRPC), asked.seed, totals)
        ended("over gRPC")
        of_files = max(1, int(many * FILES))
        doors = targets(place)
        for target, share in zip(doors, shares(many - of_files - totals.many, doors), strict=True):
            send(target, share, totals, seed=asked.seed)
            ended(target.door)
    files(of_files, asked.seed, totals)
    told("import", began)
    if totals.many != many:
        raise RuntimeError(f"{totals.many} of {many} inputs were tried.")
    document = totals.document()
    print(json.dumps(document, indent=1), flush=True)
    if asked.json:
        asked.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return int(bool(totals.errors or totals.crashes))


if __name__ == "__main__":
    sys.exit(main())
