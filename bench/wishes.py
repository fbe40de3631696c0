"""What a public register costs: how long 5,000,000 numbers take to come in, and what a claim pays for it afterwards.

`scripts/bench wishes` writes a file of numbers in the spellings that people use, takes it in as the app's process does,
in a process of its own whose memory is measured, and then claims people: each round once beside the register and once
beside none, in random order, so that a slow moment of the machine falls on both. The figure is the ratio of the 95th
percentiles.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.watch import Watch
from core.calls import claims
from core.clock import now
from core.files.campaign_file import CampaignFile
from core.imports.number_file import NumberJob, number_column, take_in
from core.settings.addresses import MongoSettings
from core.settings.group import ROOT
from core.settings.loading import load
from core.stores.mongo import Db, connect, ensure_indexes
from core.wishes import registers
from core.wishes.lookup import wish_of
from core.wishes.number_keys import NumberKeys

NUMBERS, ROUNDS, WARM_UP, PEOPLE = 5_000_000, 1_000, 50, 10_000
REGISTER = "bench"
KEY = "a key of the bench"


def write_register(path: Path, many: int, seed: int = 1) -> None:
    """Write `many` numbers in five spellings, and a line without a number in a thousand."""
    chance = random.Random(seed)  # noqa: S311  not for secrets
    with path.open("w", encoding="utf-8") as file:
        file.write("number\n")
        for place in range(many):
            number = f"{chance.choice(('30', '89', '151', '171'))}{chance.randrange(10**7, 10**8)}"
            match place % 5:
                case 0:
                    file.write(f"+49{number}\n")
                case 1:
                    file.write(f"0049{number}\n")
                case 2:
                    file.write(f"0{number}\n")
                case 3:
                    file.write(f"+49 {number[:3]} {number[3:]}\n")
                case _:
                    file.write(f"0{number[:3]}/{number[3:]}\n" if place % 50 == 4 else f"0{number[:3]}-{number[3:]}\n")
            if place % 1_000 == 0:
                file.write("see page 2\n")


def taken_in(path: Path) -> dict[str, float]:
    """Take the register in, here and now: seconds, the peak of this process's memory, and what came of the lines."""
    db, began = connect(load(MongoSettings)), time.monotonic()
    file = CampaignFile.open(path)
    job = NumberJob(file, number_column(file, "DE"), "bench", "bench", "DE", REGISTER)
    report = take_in(db, NumberKeys(KEY), job).document["report"]
    return {
        "seconds": time.monotonic() - began,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows": report["rows"],
        "numbers": report["new"],
        "unreadable": report["unreadable"],
    }


def people(db: Db, many: int) -> None:
    """A campaign of people with two phone numbers each, of whom none is in the register."""
    keys = NumberKeys(KEY)
    db.campaigns.insert_one({"_id": "spring", "title": "spring", "created_at": now()})
    for start in range(0, many, 1_000):
        each = range(start, min(start + 1_000, many))
        db.prospects.insert_many(
            {
                "_id": f"spring:{place:07d}",
                "campaign": "spring",
                "ref": f"{place:07d}",
                "status": "open",
                "score": place / many,
                "claim": None,
            }
            for place in each
        )
        db.contacts.insert_many(
            {
                "_id": f"spring:{place:07d}",
                "campaign": "spring",
                "ref": f"{place:07d}",
                "numbers": keys.hashes([f"+4912345{place:07d}", f"+4912346{place:07d}"]),
            }
            for place in each
        )


def claim_seconds(db: Db, agent: str, version: str) -> float:
    """One claim beside this version of the register, "" for none; what is around the claim is not measured."""
    mark = db.register_buckets.find_one({"_id": registers.IN_FORCE}) or {}
    stored = {**mark["registers"], REGISTER: {**mark["registers"][REGISTER], "version": version}}
    db.register_buckets.update_one({"_id": registers.IN_FORCE}, {"$set": {"registers": stored}})
    wish_of(db, {"_id": "spring:0000000", "ref": "0000000", "campaign": "spring"})  # as any earlier claim has seen it
    began = time.perf_counter()
    held = claims.claim(db, "spring", agent, all_of_them=True)
    took = time.perf_counter() - began
    if held is None:
        raise RuntimeError("nobody was free")
    claims.release(db, held["_id"], agent)
    return took


def compare(db: Db, rounds: int) -> dict[str, float]:
    """The 95th percentiles of claims with and without the register, in turn, and their ratio."""
    [register] = registers.of(db)
    took: dict[str, list[float]] = {register["version"]: [], "": []}
    for place in range(rounds + WARM_UP):
        for version in random.sample(list(took), 2):
            seconds = claim_seconds(db, f"agent {place % 50}", version)
            if place >= WARM_UP:
                took[version].append(seconds)
    beside, alone = took.values()
    with_register, without = (float(np.percentile(each, 95)) * 1000 for each in (beside, alone))
    medians = [float(np.median(each)) * 1000 for each in (beside, alone)]
    return {
        "p95_ms": with_register,
        "p95_ms_without": without,
        "ratio": with_register / without,
        "median_ms": medians[0],
        "median_ms_without": medians[1],
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser("scripts/bench wishes", description="What a register of numbers costs.")
    parser.add_argument("--numbers", type=int, default=NUMBERS, metavar="N", help=f"default: {NUMBERS:,}")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"claims of each sort ({ROUNDS:,})")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file")
    parser.add_argument("--take-in", type=Path, help=argparse.SUPPRESS)  # the process whose memory is measured
    options = parser.parse_args(argv)
    if options.take_in:
        print(json.dumps(taken_in(options.take_in)))
        return 0
    with tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder:
        path = Path(folder) / "register.csv"
        write_register(path, options.numbers)
        state = Path(folder) / "state"
        with Appliance(state, services=("mongo",)) as appliance:
            Watch(appliance).wait_healthy(lambda _status: None)
            os.environ.update(appliance.environment("bench"))
            db = connect(load(MongoSettings))
            ensure_indexes(db)
            people(db, PEOPLE)
            command = [sys.executable, "-m", "bench.wishes", "--take-in", str(path)]
            said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
            figures: dict[str, object] = {"register": json.loads(said.stdout)}
            figures["buckets"] = int(db.register_buckets.estimated_document_count())
            figures["prefix_digits"] = registers.PREFIX
            figures["claim"] = compare(db, options.rounds)
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
