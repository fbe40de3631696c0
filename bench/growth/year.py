"""How large each store is after each month of a year, and where it levels off: `scripts/bench year`.

    scripts/bench year [--people N] [--calls N] [--trainings N] [--months N] [--json OUT] [--page PAGE]

A team of ten works for a year that lies in the past, at a fiftieth of its size (`bench.growth.team`): a list of 400
people a month in place of 20,000, 12 calls a day in place of 600. At the end of each month what is old is cleared, by
the steps of the flow that does it in service, with the clock of that day. Sizes: documents, bytes and rows by
collection, objects and bytes by bucket, and the folders of the embedded services.

Prefect clears its own runs by the clock of the machine, so they are not in it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bson import CodecOptions
from bson.raw_bson import RawBSONDocument
from minio import Minio

from bench import figures_page
from bench.growth import appliance as growth
from bench.growth.team import DAYS, Team
from bootstrap.demo.testbed import print_line
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.watch import Watch
from core.scoring.packed import count_rows
from core.settings.addresses import EvidentlySettings
from core.settings.loading import load
from core.stores.evidently import EvidentlyUI
from core.stores.mongo import Db
from core.stores.object_store import ObjectStore
from monitor.reports.shelf import SNAPSHOTS, ReportStore
from trainer.main import Settings, compose
from trainer.pipeline.training import Trainer
from trainer.retention.flow import parts

MONTHS, PEOPLE, CALLS, TRAININGS, SCALE = 12, 400, 12, 5, 50
COLLECTIONS = ("predictions", "prospects", "calls", "outcomes", "events", "reports", "retention", "models", "imports")
FOLDERS = ("mongo", "mlflow", "evidently", "registry", "log")
SERVICES = ("prefect", "evidently", "setup")
TOLERANCE, LEAST_MONTHS, MIB = 0.1, 3, 2**20


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write the figures."""
    parser = growth.parser("year", __doc__)
    parser.add_argument("--months", type=int, default=MONTHS, help="how many (default: %(default)s)")
    parser.add_argument("--people", type=int, default=PEOPLE, help="on the list of a month (default: %(default)s)")
    parser.add_argument("--calls", type=int, default=CALLS, help="a day (default: %(default)s)")
    parser.add_argument("--trainings", type=int, default=TRAININGS, help="a month (default: %(default)s)")
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="callwise-bench-") as folder,
        Appliance(Path(folder) / "state", services=SERVICES) as appliance,
    ):
        Watch(appliance).wait_healthy(print_line)
        env = {**appliance.environment("bench"), "CALLWISE_SEARCH_TRIALS": "2"}
        months = Year(appliance, env, Path(folder)).run(options)
    figures = summed(months) | {
        "people_a_month": options.people,
        "calls_a_day": options.calls,
        "trainings_a_month": options.trainings,
        **figures_page.machine("pymongo", "nx-27017", "mlflow", "evidently"),
    }
    print(json.dumps(figures, indent=1), flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if options.page:
        figures_page.put(options.page, "year", page(figures))
    return 0


class Year:
    """An appliance with a history, and the team whose year it stores."""

    def __init__(self, appliance: Appliance, env: Mapping[str, str], folder: Path) -> None:
        self.appliance, self.settings, self.folder = appliance, load(Settings, dict(env)), folder
        self.trainer: Trainer = compose(self.settings)
        self.shelf = ReportStore(self.trainer.db, EvidentlyUI(load(EvidentlySettings, dict(env)).evidently_url), "Year")

    def run(self, options: Any) -> list[dict[str, float]]:
        """The sizes at the end of each month, by store."""
        growth.load_sample(self.trainer.db, self.trainer.schema, self.folder)
        begins = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        begins -= timedelta(days=DAYS * options.months)
        team = Team(self.trainer, self.shelf, options.people, options.calls, options.trainings, begins)
        months = []
        for number in range(1, options.months + 1):
            began = time.monotonic()
            team.month(number)
            gone = self._clear(team.trainer)
            months.append(self._sizes())
            said = ", ".join(f"{many:,} {what}" for what, many in gone.items())
            print(f"  month {number}: {time.monotonic() - began:.0f} s, cleared {said}", flush=True)
        return months

    def _clear(self, trainer: Trainer) -> dict[str, int]:
        """Clear what is old on the day of the trainer's clock; how many of each went."""
        store = ObjectStore(self.settings, self.settings.s3_bucket_datasets)
        gone = {}
        for what, step in parts(trainer, store, self.settings.callwise_keep_days).items():
            gone[what] = 0
            while (done := step()) is not None:
                gone[what] += done
        return gone

    def _sizes(self) -> dict[str, float]:
        sizes: dict[str, float] = {}
        for name in COLLECTIONS:
            sizes[f"{name}, documents"], sizes[f"{name}, MiB"] = _collection(self.trainer.db, name)
        sizes["predictions, rows"] = sum(count_rows(one) for one in self.trainer.db.predictions.find({}, {"many": 1}))
        for bucket in (self.settings.s3_bucket_datasets, self.settings.s3_bucket_models):
            sizes[f"S3 {bucket}, MiB"] = self._bucket(bucket)
        for name in FOLDERS:
            sizes[f"folder {name}, MiB"] = _folder(self.appliance.state.path / name)
        return {name: round(size, 3) for name, size in sizes.items()}

    def _bucket(self, bucket: str) -> float:
        at = self.settings
        client = Minio(
            at.s3_endpoint_url.partition("://")[2],
            access_key=at.s3_access_key,
            secret_key=at.s3_secret_key.get_secret_value(),
            secure=at.s3_endpoint_url.startswith("https"),
        )
        return sum(one.size or 0 for one in client.list_objects(bucket, recursive=True)) / MIB


def summed(months: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """The sizes of each store, month by month, and the month from which it stays as it is (None: it grows)."""
    stores = {name: [month[name] for month in months] for name in months[0]}
    return {
        "stores": {
            name: {"by_month": sizes, "levels_off_in_month": levels_off(sizes)} for name, sizes in stores.items()
        }
    }


def levels_off(sizes: Sequence[float]) -> int | None:
    """The first month (from 1) after which no size is more than a tenth larger; None if fewer than three follow it."""
    for place, size in enumerate(sizes[:-LEAST_MONTHS]):
        if max(sizes[place:]) <= size * (1 + TOLERANCE):
            return place + 1
    return None


def page(figures: Mapping[str, Any]) -> str:
    """The figures for people."""
    months = len(next(iter(figures["stores"].values()))["by_month"])
    shown = [month for month in (1, 3, 6, 9, 12) if month <= months]
    rows = []
    for name, found in figures["stores"].items():
        sizes, level = found["by_month"], found["levels_off_in_month"]
        if max(sizes) > 0:
            ends = f"month {level}" if level else "grows"
            rows.append([name, *(f"{sizes[month - 1]:,.4g}" for month in shown), ends])
    lines = [
        f"- A list of {figures['people_a_month']:,} people a month, ranked each day; {figures['calls_a_day']} calls a "
        f"day; {figures['trainings_a_month']} trainings and 2 quality reports a month: a fiftieth of a team of ten, "
        "but for trainings and reports.",
        f"- Evidently keeps the newest {SNAPSHOTS} reports; Prefect clears its own runs, which are not in this table.",
        figures_page.machine_line(figures),
    ]
    heads = ["store", *(f"month {month}" for month in shown), "levels off"]
    return figures_page.table(heads, rows) + "\n\n" + "\n".join(lines)


def _collection(db: Db, name: str) -> tuple[int, float]:
    """The documents of a collection, and their MiB."""
    raw: Any = db.get_collection(name, codec_options=CodecOptions(document_class=RawBSONDocument))
    sizes = [len(document.raw) for document in raw.find()]
    return len(sizes), sum(sizes) / MIB


def _folder(path: Path) -> float:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / MIB


if __name__ == "__main__":
    sys.exit(main())
