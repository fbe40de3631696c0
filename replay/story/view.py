"""A running appliance, seen from outside by its own interfaces: decisions, incidents, reports, jobs, flow runs.

The story of the demo waits for what it sees here, and so do the tests of a live appliance.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

from core.errors import Unavailable
from core.files.campaign_file import CampaignFile
from core.imports.import_report import Report
from core.imports.importer import ImportRequest, import_campaign
from core.kinds.kind import Kind, settings_of
from core.models.decisions import Decision, DecisionKind, SuccessionState, decisions, state_of
from core.models.registry import ModelRegistry
from core.scoring.client import ScoringClient
from core.settings.addresses import MongoSettings, PrefectSettings, RegistrySettings, ScoringSettings
from core.settings.loop import MonitorSettings
from core.stores.mongo import Db, Document, connect, count, reachable
from monitor.flows.prefect_runs import FLOW, PrefectRuns

T = TypeVar("T")
PATIENCE = 600.0
LOOK_SECONDS = 0.25


class Settings(MongoSettings, PrefectSettings, RegistrySettings, ScoringSettings, MonitorSettings):
    """Where the appliance is."""


class View:
    """The campaign kind `kind` on the appliance at the addresses in `settings`; `say` gets one line at a time."""

    def __init__(
        self, settings: Settings, kind: Kind, say: Callable[[str], None], *, with_reasons: bool = True
    ) -> None:
        """Without `with_reasons` the news are short: no reason of an incident's step, and one weight of a refresh."""
        own = settings_of(settings, kind)
        self.kind, self.schema, self.say, self._with_reasons = kind, kind.schema, say, with_reasons
        self.model = own.callwise_model_name
        self.db: Db = kind.database(connect(own))
        self.scoring = ScoringClient(own, kind.schema)
        self.flows = PrefectRuns(own, kind=kind.key)
        self.registry = ModelRegistry(own)
        self._prefect, self._secret = own.prefect_api_url, own.prefect_secret
        self._monitor = f"http://{own.callwise_monitor_host}:{own.callwise_monitor_port}/health"
        self._said: set[str] = set()

    def wait(self, look: Callable[[], T | None], patience: float = PATIENCE) -> T | None:
        """What `look` gives, once it gives something; None after `patience` seconds. The news are said meanwhile."""
        deadline = time.monotonic() + patience
        while True:
            found = look()
            self.tell_news()
            if found or time.monotonic() > deadline:
                return found or None
            time.sleep(LOOK_SECONDS)

    def until(self, what: str, look: Callable[[], T | None], patience: float = PATIENCE) -> T:
        """As `wait`, and say `what` came. Raises Unavailable if it did not come."""
        found = self.wait(look, patience)
        if found is None:
            raise Unavailable(f"waited {patience:.0f} s for this: {what}. {self.now()}")
        self.say(what)
        return found

    # --- files and lists --------------------------------------------------------------------------------------------

    def bring(self, path: Path, campaign: str, *, title: str = "", known: int = 0, key: str | None = None) -> Report:
        """Import the file at `path` as `campaign`, whose first `known` people have been called already.

        `key` recognises people who were erased. Importing the file again changes nothing.
        """
        request = ImportRequest(
            CampaignFile.open(path), campaign, title=title, outcomes_until=known, erasure_key=key, by="import"
        )
        return import_campaign(self.db, self.schema, request, rejects=path.with_name(f"{path.stem}-rejects.csv"))

    def ranked(self, campaign: str) -> list[Document]:
        """Wait until every open prospect of `campaign` has a score; the prospects. Raises Unavailable."""
        waiting = {"campaign": campaign, "status": "open", "score": None}
        number = count(self.db.prospects, {"campaign": campaign, "status": "open"})
        self.until(f"'{campaign}' is ranked: {number} to call", lambda: not count(self.db.prospects, waiting))
        return list(self.db.prospects.find({"campaign": campaign, "status": "open"}))

    # --- what is to be seen of it -----------------------------------------------------------------------------------

    def decisions(self) -> list[Decision]:
        """Every decision about the model, the oldest first."""
        return decisions(self.db, self.model)

    def lineup(self) -> SuccessionState:
        """The state that the decisions add up to."""
        return state_of(self.decisions())

    def in_service(self) -> tuple[str, str]:
        """Champion and canary, as the scoring service has them."""
        found = self.scoring.state()
        return str(found["champion"]), str(found["canary"])

    def code_of(self, version: str) -> str:
        """The version of the code that made the model's `version`, as the registry has it."""
        return self.registry.version(version).tags.get("code_version", "")

    def incidents(self, cause: str | None = None) -> list[Document]:
        """Every incident, or those with this `cause`, the oldest first."""
        with reachable():
            found = sorted(self.db.incidents.find(), key=lambda one: one["opened"]["at"])
        return [one for one in found if cause in (None, one["cause"])]

    def active(self) -> list[Document]:
        """The incidents that are not resolved."""
        return [one for one in self.incidents() if one["status"] != "resolved"]

    def runs(self) -> list[dict[str, Any]]:
        """Every training there was, as Prefect has it."""
        asked = {"flows": {"name": {"any_": [FLOW]}}}
        auth = httpx.BasicAuth(*self._secret.split(":", 1)) if self._secret else None
        reply = httpx.post(f"{self._prefect}/flow_runs/filter", json=asked, timeout=60, trust_env=False, auth=auth)
        return list(reply.raise_for_status().json())

    def jobs(self) -> dict[str, int]:
        """How often each job of the monitor has run."""
        reply = httpx.get(self._monitor, timeout=60, trust_env=False).json()
        return {name: job["runs"] for name, job in reply["jobs"].items()}

    def looked(self, *jobs: str, times: int = 2) -> None:
        """Wait until each of `jobs` has run `times` more: at least one of these runs began after now."""
        before = self.jobs()
        self.until(
            f"looked {times} times more: {', '.join(jobs)}",
            lambda: all(self.jobs().get(job, 0) >= before.get(job, 0) + times for job in jobs),
        )

    def now(self) -> str:
        """The present state, for somebody who waited for another one."""
        going = {one["_id"]: one["status"] for one in self.incidents()}
        return f"incidents: {going}; in service: {self.in_service()}"

    def tell_news(self) -> None:
        """Say every step of an incident, every decision and every report once."""
        for one in self.incidents():
            for entry in one["history"]:
                why = f": {entry['why']}" if self._with_reasons else f" since {entry['at']:%H:%M:%S} UTC"
                self._once(f"    incident {one['cause']}: {entry['status']}{why}")
        weighed = ""
        for taken in self.decisions():
            again = taken.what is DecisionKind.MIXED and taken.version == weighed
            weighed = taken.version if taken.what is DecisionKind.MIXED else weighed
            if again and not self._with_reasons:
                continue  # another weight of the same refresh
            self._once(f"    version {taken.version} {taken.what} by {taken.by} (decision {taken.place}): {taken.why}")
        with reachable():
            reports = list(self.db.reports.find({"kind": {"$in": ["drift", "performance"]}}))
        for report in reports:
            verdict = report["verdict"]
            bad = bool(verdict.get("drift", verdict.get("degraded")))
            self._once(f"    report {report['kind']} on version {verdict['version']}: {'bad' if bad else 'well'}")

    def _once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.say(text)
