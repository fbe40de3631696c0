"""Checks every hop of the loop from outside, through its real interface: `python -m bootstrap.check.hops`.

Each hop prints one line with what was seen. A failed hop stops the others only if they need its result. Where the wire
can answer, the check does not ask Callwise's own code whether Callwise works.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bootstrap.check import outside
from bootstrap.check.browser import find_chromium, read_call_list
from bootstrap.check.journey import SAMPLE, Journey, Settings
from bootstrap.setup.accounts import temporary_account
from core.accounts.account import Role
from core.errors import CallwiseError
from core.settings.group import ROOT
from core.settings.loading import load
from core.settings.loop import TrainerSettings
from core.stores.mongo import Document, count

CAMPAIGN = "check"
CALLS, QUALITY_WINDOW, DRIFT_WINDOW = 220, 200, 1_000
"""Outcomes to record, outcomes in the quality report, and predictions in the drift report: enough for a report, few
enough to be quick. A short list has fewer people; then the reports are on all of them."""


@dataclass(frozen=True)
class Hop:
    """One hop of the loop: whether it works, and what was seen."""

    name: str
    ok: bool
    saw: str
    seconds: float = 0.0


class Skipped(Exception):
    """This machine cannot check the hop, and why; not a failure."""


class Check:
    """The hops in their order, over one journey."""

    def __init__(self, journey: Journey, campaign: Path, app_url: str) -> None:
        self.journey, self.file, self.app_url = journey, campaign, app_url
        self.look = outside.Outside(journey.settings, journey.schema, journey.db)
        self.run_id = ""
        self.ranked = self.called = 0

    def hops(self) -> Iterator[Hop]:
        """Walk the loop once; yields each hop when it is done."""
        for hop, vital in (
            (self.importing, True),
            (self.importing_again, False),
            (self.training, True),
            (self.lineage, False),
            (self.dataset, False),
            (self.storage, False),
            (self.serving, True),
            (self.refusing, False),
            (self.ranking, True),
            (self.same_number, False),
            (self.calling, True),
            (self.drift, False),
            (self.quality, False),
            (self.events, False),
        ):
            started = time.monotonic()
            name = hop.__name__.replace("_", " ")
            try:
                ok, saw = True, hop()
            except Skipped as reason:
                saw = f"skipped: {reason}"
            except (CallwiseError, AssertionError) as error:
                ok, saw = False, str(error) or repr(error)
            yield Hop(name, ok, saw, round(time.monotonic() - started, 1))
            if vital and not ok:
                return

    def importing(self) -> str:
        """The campaign file is in MongoDB, row for row."""
        report = self.journey.load(self.file, CAMPAIGN)
        seen = count(self.journey.db.prospects, {"campaign": CAMPAIGN})
        outside.expect(seen == report.rows - report.rejected, f"{report.rows} rows were read, {seen} are in MongoDB")
        outside.expect(report.rejected == 0, f"{report.rejected} rows were rejected: {dict(report.rules)}")
        return f"{seen:,} rows in MongoDB, {report.outcomes:,} outcomes known, none rejected"

    def importing_again(self) -> str:
        """A second import of the same file changes nothing."""
        report = self.journey.load(self.file, CAMPAIGN)
        outside.expect(report.inserted == report.outcomes == report.rejected == 0, f"it changed something: {report}")
        return f"{report.unchanged:,} rows unchanged, none added"

    def training(self) -> str:
        """Prefect ran the pipeline to its end."""
        started = time.monotonic()
        self.run_id = self.journey.train("check")
        return f"flow run {self.run_id[:8]} completed in Prefect after {time.monotonic() - started:.0f} s"

    def lineage(self) -> str:
        """MLflow's alias names a model that carries its lineage."""
        return self.look.lineage()

    def dataset(self) -> str:
        """A clone of the data registry and S3 are enough to restore the dataset, by its hash."""
        outcomes, window = count(self.journey.db.outcomes, {}), load(TrainerSettings).callwise_training_window
        return self.look.dataset(min(outcomes, window) if window else outcomes)

    def storage(self) -> str:
        """The object store holds datasets and models."""
        return self.look.storage()

    def serving(self) -> str:
        """MLServer answers a V2 call, and the same number is in the log."""
        self.journey.wait_serving()
        return self.look.scored(self._open_one())

    def refusing(self) -> str:
        """Bad input is a 4xx that names column and rule."""
        return self.look.refused(self._open_one())

    def ranking(self) -> str:
        """Every open prospect has a score."""
        self.ranked = self.journey.wait_ranked(CAMPAIGN)
        return f"{self.ranked:,} open prospects, all scored"

    def same_number(self) -> str:
        """The app, a V2 call and the log give the same score of the same person."""
        chromium = find_chromium()
        if chromium is None:
            raise Skipped("no Chromium on this machine; install one to check the app")
        with temporary_account(self.journey.db, "check", Role.AGENT) as login:
            shown = read_call_list(self.app_url, CAMPAIGN, login, chromium)
        return self.look.same_number(CAMPAIGN, shown)

    def calling(self) -> str:
        """Prospects are claimed and called, their outcomes recorded, and they leave the list."""
        before = count(self.journey.db.prospects, {"campaign": CAMPAIGN, "status": "open"})
        called, sold = self.journey.call(self.file, CAMPAIGN, CALLS, agent="check")
        after = count(self.journey.db.prospects, {"campaign": CAMPAIGN, "status": "open"})
        outcomes = count(self.journey.db.outcomes, {"campaign": CAMPAIGN, "agent": "check"})
        outside.expect(
            before - after == called == outcomes, f"{called} calls, {outcomes} outcomes, {before - after} gone"
        )
        self.called = called
        return f"{called} outcomes recorded, {sold} sold, {after:,} left in the list"

    def drift(self) -> str:
        """The drift of the newest predictions is a report in the Evidently UI."""
        return self._report("drift")

    def quality(self) -> str:
        """The quality on the known outcomes is a report in the Evidently UI."""
        return self._report("performance")

    def events(self) -> str:
        """The event log is whole."""
        return self.look.events()

    def _open_one(self) -> Document:
        found = self.journey.db.prospects.find_one({"campaign": CAMPAIGN, "status": "open"})
        return outside.present(found, "there is no open prospect")

    def _report(self, job: str) -> str:
        before = self.look.snapshots()
        line = _by_hand(job, min(self.called, QUALITY_WINDOW), min(self.ranked, DRIFT_WINDOW))
        # If the scheduler was first, the snapshot exists already and the job repeats its line.
        snapshots = before | self.look.snapshots()
        outside.expect(bool(snapshots), f"no snapshot in the Evidently UI; the job printed: {line}")
        return f"{len(snapshots)} snapshots in the Evidently UI; {line}"


def _by_hand(job: str, outcomes: int, predictions: int) -> str:
    """Run a job of the monitor by hand with windows of these sizes; returns the last line that it printed."""
    env = {**os.environ, "CALLWISE_QUALITY_WINDOW": str(outcomes), "CALLWISE_DRIFT_WINDOW": str(predictions)}
    command = [sys.executable, "-m", "monitor", job]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False, env=env)
    outside.expect(run.returncode == 0, f"python -m monitor {job} ended with {run.returncode}: {run.stderr[-500:]}")
    lines = run.stdout.strip().splitlines()
    outside.expect(bool(lines), f"python -m monitor {job} printed nothing")
    return lines[-1]


def main(
    arguments: list[str] | None = None, *, out: Callable[[str], None] = lambda line: print(line, flush=True)
) -> int:
    """Walk the loop on the appliance that the environment names; JSON lines with `--lines`, else one line a hop."""
    parser = argparse.ArgumentParser(prog="python -m bootstrap.check.hops", description=__doc__)
    parser.add_argument("--campaign", type=Path, default=SAMPLE, help="campaign file (default: the sample)")
    parser.add_argument("--app-url", required=True, help="address of the app")
    parser.add_argument("--lines", action="store_true", help="print progress and hops as JSON, one object a line")
    options = parser.parse_args(arguments)

    def say(text: str) -> None:
        out(json.dumps({"progress": text}) if options.lines else f"  {text}")

    ok = True
    check = Check(Journey(load(Settings), say), options.campaign, options.app_url)
    for hop in check.hops():
        ok &= hop.ok
        line = f"{'ok ' if hop.ok else 'BAD'} {hop.name}: {hop.saw}"
        out(json.dumps({"hop": asdict(hop)}) if options.lines else line)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
