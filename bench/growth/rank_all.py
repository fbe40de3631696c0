"""Ranks everybody, run after run, as the monitor does; the process that `scripts/bench ranking` measures and kills."""

from __future__ import annotations

import json
import resource
import sys
import time

from core.schema import read_schema
from core.scoring.client import ScoringClient
from core.settings.addresses import MongoSettings, SchemaSettings, ScoringSettings
from core.settings.loading import load
from core.stores.mongo import connect
from monitor.ranking.rank import rank


def main() -> int:
    """Print how many were ranked, in how many seconds, and the most memory, in MiB, as JSON."""
    schema, db = read_schema(load(SchemaSettings).callwise_schema), connect(load(MongoSettings))
    scoring, ranked, began = ScoringClient(load(ScoringSettings), schema), 0, time.monotonic()
    while (run := rank(db, scoring, schema)) is not None and run.ranked:
        ranked += run.ranked
    mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"ranked": ranked, "seconds": time.monotonic() - began, "mib": round(mib, 1)}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
