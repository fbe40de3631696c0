"""The way through an appliance, as its people use it: load a campaign, train, rank, call.

The demo runs it to have something to show, and the check inspects each hop from outside afterwards. `python -m
bootstrap.check.journey` runs it on the appliance that the environment names, and leaves existing data unchanged.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun

from bootstrap.setup.orchestration import DEPLOYMENT, FLOW
from bootstrap.setup.steps import Settings as SetupSettings
from core.calls.claims import claim
from core.calls.contact_keys import keys_of
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.calls.script import write_script
from core.errors import GateRefused, Unavailable, exit_status
from core.files.campaign_file import CampaignFile
from core.imports.column_mapping import ColumnMapping
from core.imports.import_report import Report
from core.imports.importer import ImportRequest, import_campaign
from core.kinds.chosen import choose
from core.lists import import_log
from core.models.decisions import CHAMPION
from core.models.registry import ModelRegistry
from core.schema import Schema
from core.scoring.client import ScoringClient
from core.settings.addresses import ScoringSettings
from core.settings.group import ROOT
from core.settings.loading import load
from core.settings.people import ContactSettings, ErasureSettings
from core.stores.mongo import count, reachable
from core.stores.object_store import ObjectStore

Say = Callable[[str], None]
SAMPLE = ROOT / "data" / "sample-campaign.zip"
SAMPLE_CAMPAIGN = "sample"
KNOWN = 20_000
"""Rows of a history that count as past calls; the rest of the file is the campaign to call."""
SAMPLE_SCRIPT = """\
Good day, this is … from Harbour Savings. Is this a good moment?

We have a term deposit at a fixed rate: the money is safe for a year, and you know today what it will pay. It costs \
nothing to open.

You are speaking to: {job}, {age}. Credit in default: {default}.

If they hesitate, offer to call back. At the end thank them, and tell them that they may ask not to be called again.
"""


class Settings(SetupSettings, ScoringSettings, ErasureSettings, ContactSettings):
    """The set-up's addresses and the scoring service's, and the keys of erased people and of names and numbers."""


class Journey:
    """One campaign kind, by default the shipped one, of the appliance at the addresses in `settings`.

    `say` gets one line of progress at a time.
    """

    def __init__(self, settings: Settings, say: Say, kind: str | None = None) -> None:
        """Raises NotFound without the kind `kind`, SchemaError, Unavailable."""
        chosen = choose(settings, kind)
        self.settings, self.say, self._kind = chosen.settings, say, chosen.kind
        self.schema, self.db = chosen.schema, chosen.db
        self.objects = ObjectStore(self.settings, self.settings.s3_bucket_datasets)
        self.scoring = ScoringClient(self.settings, self.schema)

    def load(self, path: Path, campaign: str) -> Report:
        """Import `path`, with the first 20,000 rows of a long history, or two thirds of a short one, as past calls."""
        file = CampaignFile.open(path)
        with file.records() as records:
            rows = sum(1 for _ in records)
        known = KNOWN if rows > KNOWN * 3 // 2 else rows * 2 // 3
        with tempfile.TemporaryDirectory() as folder:
            rejects = Path(folder) / "rejects.csv"
            # The file has the kind's own names; capitals may differ, as in an import on the screens.
            mapping = replace(ColumnMapping.by_name(self.schema, file.header), lenient=True)
            request = ImportRequest(
                file,
                campaign,
                mapping,
                outcomes_until=known,
                erasure_key=self.settings.erasure_key,
                contact_keys=keys_of(self.settings),
            )
            progress = self._progress("import", rows, "rows")
            report = import_campaign(self.db, self.schema, request, rejects=rejects, progress=progress)
            if report.rejected:
                key = f"imports/{campaign}/{report.entry.rpartition(':')[2]}-rejects.csv"
                self.objects.put(key, rejects.read_bytes(), "text/csv")
                import_log.note_rejects(self.db, report.entry, key)
        return report

    def train(self, reason: str, timeout: float = 900.0) -> str:
        """Run the pipeline through Prefect and wait for its end; returns the flow run's id.

        Raises GateRefused when a gate stopped it, Unavailable when it failed otherwise or took too long.
        """
        with SyncPrefectClient(self.settings.prefect_api_url, auth_string=self.settings.prefect_secret) as client:
            deployment = client.read_deployment_by_name(f"{FLOW}/{DEPLOYMENT}")
            parameters = {"reason": reason, **({} if self._kind.shipped else {"kind": self._kind.name})}
            run = client.create_flow_run_from_deployment(deployment.id, parameters=parameters)
            deadline, shown = time.monotonic() + timeout, ""
            while time.monotonic() < deadline:
                run = client.read_flow_run(run.id)
                if run.state is not None and run.state.is_final():
                    return self._ended(run)
                tasks = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))
                running = sorted(task.name.rsplit("-", 1)[0] for task in tasks if task.state_name == "Running")
                now = ", ".join(running) or (run.state_name or "").lower()
                if now != shown:
                    self.say(f"training: {now}")
                    shown = now
                time.sleep(0.5)
        raise Unavailable(
            f"The training did not end within {timeout:.0f} s.",
            kept="It continues in Prefect.",
            next=f"Open flow run {run.id} in the Prefect UI.",
        )

    def wait_ranked(self, campaign: str, timeout: float = 600.0) -> int:
        """Wait until every open prospect of `campaign` has a score; returns their number."""
        prospects = {"campaign": campaign, "status": "open"}
        deadline = time.monotonic() + timeout
        tell: Callable[[int], None] | None = None
        while time.monotonic() < deadline:
            with reachable():
                total = count(self.db.prospects, prospects)
                left = count(self.db.prospects, {**prospects, "score": None})
            if not left:
                return total
            tell = tell or self._progress("ranking", total, "prospects")
            tell(total - left)
            time.sleep(1)
        raise Unavailable(
            f"{left:,} prospects of '{campaign}' have no score after {timeout:.0f} s.",
            next="Read the logs of the monitor and of MLServer.",
        )

    def call(self, path: Path, campaign: str, number: int, agent: str = "demo") -> tuple[int, int]:
        """Claim the best `number` prospects one by one and record the file's outcomes; returns calls and sales."""
        truth = answers_of(path, self.schema)
        called = sold = 0
        while called < number:
            prospect = claim(self.db, campaign, agent)
            if prospect is None:
                break
            positive = truth[prospect["row"]]
            record(self.db, prospect["_id"], agent, CallReport(Result.SOLD if positive else Result.REFUSED))
            called, sold = called + 1, sold + positive
            if called % 50 == 0:
                self.say(f"calls: {called} made, {sold} sold")
        return called, sold

    def has_champion(self) -> bool:
        """Whether the appliance has a champion."""
        return ModelRegistry(self.settings).version_by_alias(CHAMPION) is not None

    def wait_serving(self, timeout: float = 300.0) -> None:
        """Wait until the scoring service has the champion."""
        deadline = time.monotonic() + timeout
        while not self.scoring.ready():
            if time.monotonic() > deadline:
                raise Unavailable("The scoring service has no champion.", next="Read the log of MLServer.")
            time.sleep(0.5)

    def _progress(self, what: str, total: int, unit: str) -> Callable[[int], None]:
        """Reports progress after each tenth, and at the end."""
        shown = -1

        def tell(done: int) -> None:
            nonlocal shown
            if (tenth := done * 10 // max(total, 1)) > shown:
                self.say(f"{what}: {done:,} of {total:,} {unit}")
                shown = tenth

        return tell

    def _ended(self, run: FlowRun) -> str:
        state = run.state
        if state is None:
            raise Unavailable(f"Prefect does not know how flow run {run.name} ended.")
        if state.is_completed():
            return str(run.id)
        if state.name == "Refused":
            raise GateRefused("The pipeline", state.message or "", report=f"flow run {run.name} in the Prefect UI")
        raise Unavailable(
            f"The training ended as {state.name}: {state.message}.",
            kept="The champion is unchanged.",
            next=f"Open flow run {run.name} in the Prefect UI.",
        )


def answers_of(path: Path, schema: Schema) -> dict[int, bool]:
    """By its row, whether each person of the finished campaign in `path` bought. Raises InputError.

    A row that cannot be read was rejected, so nobody asks for its outcome.
    """
    outcome, file = schema.outcome, CampaignFile.open(path)
    reader = replace(ColumnMapping.by_name(schema, file.header), lenient=True).reader(schema, file.header)
    with file.records() as records:
        return {
            row: bool(outcome.parse(reader.value(outcome.column, record.get(outcome.column))))
            for row, record in enumerate(records, 1)
            if record.broken is None
        }


def first_run(journey: Journey) -> None:
    """Fill an empty appliance: the sample campaign with a script, a champion, a ranking."""
    with reachable():
        campaigns = journey.db.campaigns.count_documents({})
    if not campaigns:
        report = journey.load(SAMPLE, SAMPLE_CAMPAIGN)
        journey.say(f"import: {report.inserted:,} prospects, {report.outcomes:,} of them already called")
        write_script(journey.db, journey.schema, SAMPLE_CAMPAIGN, SAMPLE_SCRIPT, by="demo", seen=None)
    if not journey.has_champion():
        journey.train("first model")
    journey.wait_serving()
    if not campaigns:
        journey.say(f"ranking: {journey.wait_ranked(SAMPLE_CAMPAIGN):,} prospects in the list")


@exit_status
def main() -> None:
    """Run `first_run`; 1 after an error, which is printed."""
    first_run(Journey(load(Settings), lambda text: print(text, flush=True)))


if __name__ == "__main__":
    sys.exit(main())
