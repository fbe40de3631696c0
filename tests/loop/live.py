"""A live embedded appliance, those who use it, and those whom it tells: all from outside, by its own interfaces."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pandas as pd

from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.watch import Watch
from core.calls.claims import claim
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.errors import CallwiseError
from core.kinds.kind import Kind
from core.schema import Schema
from core.scoring.client import ScoringClient
from core.scoring.protocol import Score
from core.settings.group import ROOT
from core.settings.loading import load
from replay.story.view import Settings, View
from tests.loop import worlds

AGENTS = 4
FACE = "Incident (?P<incident>.+), open since"


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


class Live(View):
    """The appliance in `state`, running, and what was said of its way; lines come as things happen."""

    def __init__(
        self, appliance: Appliance, receiver: Receiver, schema: Schema, files: Path, kind: Kind | None = None
    ) -> None:
        """`kind`: the campaign kind that is looked at; by default the shipped one, whose schema is `schema`."""
        self.appliance, self.receiver, self._files = appliance, receiver, files
        self._began = time.monotonic()
        settings = load(Settings, appliance.env)
        super().__init__(settings, kind or Kind(schema.name, schema, shipped=True), self._print)
        self._mlflow = settings.mlflow_tracking_uri
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

    def _print(self, text: str) -> None:
        print(f"[{time.monotonic() - self._began:6.1f} s] {text}", flush=True)  # noqa: T201

    # --- those who use it -------------------------------------------------------------------------------------------

    def load(self, campaign: str, people: pd.DataFrame, *, known: int = 0, leave_out_indicators: bool = False) -> None:
        """Import `people` as a campaign, of whom the first `known` have been called already."""
        path = self._files / f"{campaign}.csv"
        worlds.write(self.schema, people, path, leave_out_indicators=leave_out_indicators)
        report = self.bring(path, campaign, known=known)
        assert (report.inserted, report.outcomes, report.rejected) == (len(people), known, 0), report
        said = enumerate(people["positive"].tolist(), 1)
        self.truth |= {f"{campaign}:{row:07d}": positive for row, positive in said if row > known}

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

    def alias(self, name: str) -> str | None:
        """The version that an alias names in MLflow's registry, asked over its API."""
        address = f"{self._mlflow}/api/2.0/mlflow/registered-models/alias"
        reply = httpx.get(address, params={"name": self.model, "alias": name}, timeout=60, trust_env=False)
        return str(reply.json()["model_version"]["version"]) if reply.is_success else None

    def now(self) -> str:
        log = self.appliance.log("monitor").read_text(errors="replace").splitlines()[-25:]
        return "\n".join([super().now(), "the monitor's log:", *log])


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
