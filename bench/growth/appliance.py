"""What the benches of growth share: a history to learn from, people to call, a monitor of one's own, and waiting."""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from zipfile import ZipFile

import psutil

from bench import crowd
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.processes import MARK_SERVICE, find_processes
from bootstrap.sample.simulator import DEFAULT_PATH
from core.calls.rank_key import rank_again
from core.clock import now
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, import_campaign
from core.schema import Schema
from core.stores.mongo import Db

PUBLISHED = "BANK_MARKETING_ZIP"
LEARNT = 5_000
"""Outcomes that a training learns from, and some."""
AT_ONCE = 1_000
"""Documents that are inserted at once: the embedded server answers nobody meanwhile, and a monitor is at work."""
PATIENCE_SECONDS, POLL_SECONDS = 300.0, 0.1


def parser(name: str, text: str | None, *, page: bool = True) -> argparse.ArgumentParser:
    """The command line of `scripts/bench NAME`, with the options that all have."""
    made = argparse.ArgumentParser(
        f"scripts/bench {name}", description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("--json", type=Path, metavar="OUT", help="also write the figures to this file")
    if page:
        made.add_argument("--page", type=Path, help="also put them into this page")
    return made


def load_history(db: Db, schema: Schema, folder: Path, *, times: int) -> str:
    """Import the published file where the environment names it, else the sample, `times` over; which one, in words."""
    named = os.environ.get(PUBLISHED)
    for number in range(1, 1 + (1 if named else times)):
        _load(db, schema, Path(named) if named else DEFAULT_PATH, f"history-{number}", folder)
    return "the published file" if named else "the sample"


def load_sample(db: Db, schema: Schema, folder: Path, rows: int = LEARNT) -> None:
    """Import the newest `rows` of the sample: enough to train a champion on."""
    with ZipFile(DEFAULT_PATH) as packed:
        header, *lines = packed.read(packed.namelist()[0]).decode().splitlines(keepends=True)
    path = folder / "history.csv"
    path.write_text("".join([header, *lines[-rows:]]), encoding="utf-8")
    _load(db, schema, path, "history", folder)


def _load(db: Db, schema: Schema, path: Path, campaign: str, folder: Path) -> None:
    request = ImportRequest(CampaignFile.open(path), campaign)
    import_campaign(db, schema, request, rejects=folder / "rejects.csv")


def add_people(db: Db, schema: Schema, campaign: str, size: int) -> None:
    """Put `size` people whom nothing has ranked into `campaign`, as an import leaves them."""
    chance = random.Random(1)  # noqa: S311  made-up people
    db.campaigns.insert_one({"_id": campaign, "created_at": now(), "title": campaign, "schema": schema.hash})
    kinds = crowd.features(schema, crowd.KINDS, chance)
    everybody = (
        {
            "_id": f"{campaign}:{number:07d}",
            "campaign": campaign,
            "ref": f"{number:07d}",
            "row": number,
            "features": chance.choice(kinds),
            "status": "open",
            "score": None,
            "claim": None,
            **rank_again(campaign),
        }
        for number in range(1, size + 1)
    )
    while batch := list(islice(everybody, AT_ONCE)):
        db.prospects.insert_many(batch, ordered=False)


def wait_until(holds: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> float:
    """The seconds until `holds` says so. Raises TimeoutError, with `what`, after `seconds`."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            raise TimeoutError(f"{what} within {seconds:g} s")
        time.sleep(POLL_SECONDS)
    return time.monotonic() - began


@contextmanager
def monitoring(appliance: Appliance, env: Mapping[str, str]) -> Iterator[None]:
    """A monitor beside the `appliance`, with the settings of `env`; ended after it."""
    with (appliance.state.path / "bench-monitor.log").open("w", encoding="utf-8") as log:
        told = {**env, MARK_SERVICE: "bench monitor"}
        monitor = subprocess.Popen([sys.executable, "-m", "monitor"], env=told, stdout=log, stderr=log)
        try:
            yield
        finally:
            monitor.terminate()
            monitor.wait()


def processor_seconds(appliance: Appliance) -> dict[str, float]:
    """The seconds of a processor that the processes of the `appliance` have taken, by service."""
    seconds: dict[str, float] = {}
    for process in find_processes(appliance.state.path):
        try:
            service, times = process.environ().get(MARK_SERVICE, ""), process.cpu_times()
        except psutil.Error:
            continue  # it has ended meanwhile
        seconds[service] = seconds.get(service, 0.0) + times.user + times.system
    return seconds
