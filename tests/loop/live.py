"""A live embedded appliance, those who use it, and those whom it tells: all from outside, by its own interfaces."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pandas as pd

from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.watch import Watch
from core.calls.claims import claim
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.errors import CallwiseError
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, import_campaign
from core.kinds.kind import Kind, settings_of
from core.models.decisions import Decision, SuccessionState, decisions, state_of
from core.schema import Schema
from core.scoring.client import ScoringClient
from core.scoring.protocol import Score
from core.settings.addresses import MongoSettings, PrefectSettings, RegistrySettings, ScoringSettings
from core.settings.group import ROOT
from core.settings.loading import load
from core.stores.mongo import Db, Document, connect, count
from monitor.flows.prefect_runs import FLOW, PrefectRuns
from tests.loop import worlds

T = TypeVar("T")
PATIENCE = 600.0
AGENTS = 4
FACE = "Incident (?P<incident>.+), open since"


class Settings(MongoSettings, PrefectSettings, RegistrySettings, ScoringSettings):
    """Where the appliance is."""


class Receiver:
    """A webhook on loopback: who the appliance tells. `told` are the messages as they came."""

    def __init__(self) -> None:
        self.told: list[dict[str, str]] = []
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: the messages are what matters."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"json://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of(self, incident: str) -> list[str]:
        """The titles of what was told about `incident`, in the order in which it came."""
        found = ((message["title"], re.search(FACE, message["message"])) for message in list(self.told))
        return [title for title, named in found if named and named["incident"] == incident]


@dataclass
class Asker:
    """A program that asks for scores, without a pause, from first to last: no request of its may fail."""

    scoring: ScoringClient
    rows: Sequence[dict[str, Any]]
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Asker:
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._ended.wait(0.1):
            place = self.answered % len(self.rows)
            try:
                self.scoring.score([self.rows[place]], [f"asker:{place}"])
                self.answered += 1
            except CallwiseError as error:
                self.failed.append(str(error))


class Live:
    """The appliance in `state`, running, and what was said of its way; lines come as things happen."""

    def __init__(
        self, appliance: Appliance, receiver: Receiver, schema: Schema, files: Path, kind: Kind | None = None
    ) -> None:
        """`kind`: the campaign kind that is looked at; by default the shipped one, whose schema is `schema`."""
        self.appliance, self.receiver, self.schema, self._files = appliance, receiver, schema, files
        self.kind = kind or Kind(schema.name, schema, shipped=True)
        settings = settings_of(load(Settings, appliance.env), self.kind)
        self.model = settings.callwise_model_name
        self.db: Db = self.kind.database(connect(settings))
        self.scoring = ScoringClient(settings, schema)
        self.flows = PrefectRuns(settings.prefect_api_url, kind=self.kind.key)
        self._mlflow, self._prefect = settings.mlflow_tracking_uri, settings.prefect_api_url
        self._monitor = f"http://127.0.0.1:{appliance.ports['monitor']}/health"
        self._began = time.monotonic()
        self._said: set[str] = set()
        self.truth: dict[str, bool] = {}

    def of_kind(self, kind: Kind) -> Live:
        """The same appliance, seen as that of another kind."""
        return Live(self.appliance, self.receiver, kind.schema, self._files, kind)

    def command(self, *words: str) -> str:
        """What a command in scripts/ prints on this appliance; it must end well."""
        env = {**os.environ, "CALLWISE_STATE": str(self.appliance.state.path)}
        command = [str(ROOT / "scripts" / words[0]), *words[1:]]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        self.say(f"scripts/{' '.join(words)}: {done.stdout.strip().splitlines()[-1]}")
        return done.stdout

    def say(self, text: str) -> None:
        """One line of progress."""
        print(f"[{time.monotonic() - self._began:6.1f} s] {text}", flush=True)  # noqa: T201

    def until(self, what: str, look: Callable[[], T | None], patience: float = PATIENCE) -> T:
        """Wait until `look` gives something and return it; the appliance's own news are said meanwhile."""
        deadline = time.monotonic() + patience
        while True:
            found = look()
            self._news()
            if found:
                self.say(what)
                return found
            assert time.monotonic() < deadline, f"waited {patience:.0f} s for this: {what}. {self._state()}"
            time.sleep(0.25)

    # --- those who use it -------------------------------------------------------------------------------------------

    def load(self, campaign: str, people: pd.DataFrame, *, known: int = 0, leave_out_indicators: bool = False) -> None:
        """Import `people` as a campaign, of whom the first `known` have been called already."""
        path = self._files / f"{campaign}.csv"
        worlds.write(self.schema, people, path, leave_out_indicators=leave_out_indicators)
        rejects = self._files / f"{campaign}-rejects.csv"
        file = CampaignFile.open(path)
        request = ImportRequest(file, campaign, outcomes_until=known)
        report = import_campaign(self.db, self.schema, request, rejects=rejects)
        assert (report.inserted, report.outcomes, report.rejected) == (len(people), known, 0), report
        said = enumerate(people["positive"].tolist(), 1)
        self.truth |= {f"{campaign}:{row:07d}": positive for row, positive in said if row > known}

    def ranked(self, campaign: str) -> list[Document]:
        """Wait until every open prospect of `campaign` has a score; the prospects."""
        waiting = {"campaign": campaign, "status": "open", "score": None}
        number = count(self.db.prospects, {"campaign": campaign, "status": "open"})
        self.until(f"'{campaign}' is ranked: {number} to call", lambda: not count(self.db.prospects, waiting))
        return list(self.db.prospects.find({"campaign": campaign, "status": "open"}))

    def call(self, campaign: str) -> int:
        """Agents call everybody in `campaign`, the best first, and record what they say; how many there were."""

        def agent(name: str) -> int:
            called = 0
            while (prospect := claim(self.db, campaign, name)) is not None:
                sold = self.truth[prospect["_id"]]
                record(self.db, prospect["_id"], name, CallReport(Result.SOLD if sold else Result.REFUSED))
                called += 1
            return called

        with ThreadPoolExecutor(AGENTS) as agents:
            called = sum(agents.map(agent, [f"agent {number}" for number in range(AGENTS)]))
        self.say(f"'{campaign}': {called} people were called")
        return called

    def scores(self, people: pd.DataFrame, names: Sequence[str]) -> list[Score]:
        """What a V2 call says of `people`."""
        rows = people[self.schema.feature_names].to_dict("records")
        return self.scoring.score(rows, names, request_id=uuid.uuid4().hex)  # type: ignore[arg-type]

    # --- what is to be seen of it -----------------------------------------------------------------------------------

    def decisions(self) -> list[Decision]:
        return decisions(self.db, self.model)

    def lineup(self) -> SuccessionState:
        return state_of(self.decisions())

    def in_service(self) -> tuple[str, str]:
        """Champion and canary, as the scoring service has them."""
        found = self.scoring.state()
        return str(found["champion"]), str(found["canary"])

    def alias(self, name: str) -> str | None:
        """The version that an alias names in MLflow's registry, asked over its API."""
        address = f"{self._mlflow}/api/2.0/mlflow/registered-models/alias"
        reply = httpx.get(address, params={"name": self.model, "alias": name}, timeout=60, trust_env=False)
        return str(reply.json()["model_version"]["version"]) if reply.is_success else None

    def incidents(self, cause: str | None = None) -> list[Document]:
        found = sorted(self.db.incidents.find(), key=lambda one: one["opened"]["at"])
        return [one for one in found if cause in (None, one["cause"])]

    def active(self) -> list[Document]:
        return [one for one in self.incidents() if one["status"] != "resolved"]

    def runs(self) -> list[dict[str, Any]]:
        """Every training there was, as Prefect has it."""
        asked = {"flows": {"name": {"any_": [FLOW]}}}
        reply = httpx.post(f"{self._prefect}/flow_runs/filter", json=asked, timeout=60, trust_env=False)
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

    def _news(self) -> None:
        """Say every step of an incident, every decision and every report once."""
        for one in self.incidents():
            for entry in one["history"]:
                self._once(f"    incident {one['cause']}: {entry['status']}: {entry['why']}")
        for taken in self.decisions():
            self._once(f"    version {taken.version} {taken.what} by {taken.by} (decision {taken.place}): {taken.why}")
        for report in self.db.reports.find({"kind": {"$in": ["drift", "performance"]}}):
            verdict = report["verdict"]
            bad = bool(verdict.get("drift", verdict.get("degraded")))
            self._once(f"    report {report['kind']} on version {verdict['version']}: {'bad' if bad else 'well'}")

    def _once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.say(text)

    def _state(self) -> str:
        log = self.appliance.log("monitor").read_text(errors="replace").splitlines()[-25:]
        going = {one["_id"]: one["status"] for one in self.incidents()}
        return "\n".join([f"incidents: {going}", f"in service: {self.in_service()}", "the monitor's log:", *log])


@contextmanager
def running(folder: Path, schema: Schema, settings: dict[str, str]) -> Iterator[Live]:
    """An appliance of its own in `folder`, all of it well, with `settings` and a webhook; ended afterwards."""
    receiver = Receiver()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CALLWISE_")}
    told = {"CALLWISE_NOTIFY_URLS": receiver.address, **settings}
    began = time.monotonic()
    try:
        with Appliance(folder / "state", inherited={**inherited, **told}) as appliance:
            Watch(appliance).wait_healthy(lambda _status: None)
            live = Live(appliance, receiver, schema, folder)
            live.say(
                f"all {len(appliance.services)} services are well, {time.monotonic() - began:.0f} s after the start"
            )
            yield live
    finally:
        receiver.close()
