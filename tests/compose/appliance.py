"""The running compose appliance, as the tests reach it: through the door, or by asking the engine."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from core.settings.group import ROOT

LASTING = (
    *("mongo", "s3", "mlflow", "prefect", "evidently"),
    *("prefect-worker", "mlserver", "monitor", "app", "api", "backup", "caddy"),
)
START_SECONDS = 900.0
ENV = ROOT / ".env"
DEFAULTS = {
    "DOOR_HOST": "localhost",
    "DOOR_LISTEN": "127.0.0.1",
    "DOOR_SCORING_USER": "scoring",
    "DOOR_METRICS_USER": "metrics",
}
"""Those of compose.yaml, where .env does not name another one."""
HEAL_SECONDS = 300.0

EVERY_SECRET = """
import json, pathlib
print(json.dumps({path.name: path.read_text() for path in pathlib.Path("/run/secrets").iterdir()}))
"""
SESSION = """
import json
from app.access.sessions import open_session
from app.shell.appliance import SessionLimits
from core.accounts.account import Role
from core.accounts.directory import add, find
from core.clock import now
from core.settings.addresses import MongoSettings
from core.settings.loading import load
from core.stores.mongo import connect
db, role = connect(load(MongoSettings)), Role(ROLE)
account = find(db, f"door-{role}") or add(db, f"door-{role}", f"Door {role}", role, by="tests")
print(json.dumps(open_session(db, account, now(), SessionLimits())))
"""


class Failed(AssertionError):
    """A command did not end well."""


def run(*command: str, given: str | None = None, timeout: float = 120.0) -> str:
    """What `command` printed. Raises Failed with what it complained of."""
    done = subprocess.run(command, input=given, capture_output=True, text=True, cwd=ROOT, timeout=timeout, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}: {(done.stderr or done.stdout)[-2000:]}")
    return done.stdout


def env_file(path: Path = ENV) -> dict[str, str]:
    """The variables of .env."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@dataclass
class Appliance:
    """One running compose project."""

    _sessions: dict[str, str] = field(default_factory=dict)

    @property
    def env(self) -> dict[str, str]:
        """The variables as they are now: a test may have replaced the secrets, and without .env they are in volumes."""
        written = {**DEFAULTS, **(env_file() if ENV.exists() else {})}
        if "ADMIN_PASSWORD" in written:
            return written
        return {**json.loads(self.inside("backup", "python", "-", given=EVERY_SECRET)), **written}

    def compose(self, *words: str, given: str | None = None, timeout: float = 120.0) -> str:
        """`docker compose …`."""
        return run("docker", "compose", *words, given=given, timeout=timeout)

    def containers(self) -> dict[str, dict[str, Any]]:
        """What the engine knows of each container, by service."""
        ids = self.compose("ps", "--all", "--quiet").split()
        found = json.loads(run("docker", "inspect", *ids)) if ids else []
        labels = [(one["Config"]["Labels"], one) for one in found]
        return {
            label["com.docker.compose.service"]: one
            for label, one in labels
            if label["com.docker.compose.oneoff"] == "False"
        }

    def up(self) -> None:
        """Start whatever does not run, and wait until all is well."""
        if not self.healthy():
            self.compose("up", "--detach", "--wait", timeout=START_SECONDS)

    def healthy(self) -> bool:
        """Whether every lasting service says that it is well."""
        now = self.containers()
        return all(name in now and health(now[name]) == "healthy" for name in LASTING)

    def wait_healthy(self, *names: str) -> None:
        """Wait until `names` (all without) are well. Raises Failed, with the logs of one that is not."""
        deadline = time.monotonic() + HEAL_SECONDS
        while time.monotonic() < deadline:
            now = self.containers()
            if all(health(now[name]) == "healthy" for name in names or LASTING):
                return
            time.sleep(2)
        sick = [name for name in names or LASTING if health(now[name]) != "healthy"]
        logs = self.compose("logs", "--no-log-prefix", "--tail", "30", sick[0])
        raise Failed(f"not well after {HEAL_SECONDS:.0f} s: {', '.join(sick)}; the log of {sick[0]} ends: {logs}")

    def inside(self, service: str, *command: str, given: str | None = None) -> str:
        """What `command` prints inside the running container of `service`."""
        return self.compose("exec", "-T", service, *command, given=given)

    def ask(self, service: str, program: str) -> Any:
        """What the Python `program` prints, as JSON, run in `service` with that service's own accounts."""
        return json.loads(self.inside(service, "with-account", "python", "-", given=program))

    def url(self, page: str = "") -> str:
        """Address of the screens, or of a tool's `page`: mlflow, prefect, evidently."""
        name, default = (
            (f"DOOR_PORT_{page.upper()}", {"mlflow": 8444, "prefect": 8445, "evidently": 8446}[page])
            if (page)
            else ("DOOR_PORT", 8443)
        )
        return f"https://{self.env['DOOR_HOST']}:{self.env.get(name, default)}"

    def person(self, role: str = "engineer") -> httpx.Client:
        """The client of a person who is signed in, as a page of the tool asks; an account is made where it is none."""
        if role not in self._sessions:
            self._sessions[role] = self.ask("app", SESSION.replace("ROLE", repr(role)))
        own = {"sec-fetch-site": "same-origin"}
        return self.client(cookies={"callwise_session": self._sessions[role]}, headers=own)

    @property
    def program(self) -> tuple[str, str]:
        """Login of programs that ask for scores."""
        return self.env["DOOR_SCORING_USER"], self.env["DOOR_SCORING_PASSWORD"]

    @property
    def scraper(self) -> tuple[str, str]:
        """Login of Prometheus."""
        return self.env["DOOR_METRICS_USER"], self.env["DOOR_METRICS_PASSWORD"]

    def client(self, login: tuple[str, str] | None = None, **options: Any) -> httpx.Client:
        """An HTTP client that trusts what the door shows: whose certificate it is, is looked at in its own test."""
        auth = httpx.BasicAuth(*login) if login else None
        return httpx.Client(verify=False, auth=auth, timeout=30, trust_env=False, **options)


def health(container: dict[str, Any]) -> str:
    """`healthy`, `starting`, `unhealthy`, or the state of one that does not run."""
    state = container["State"]
    return str(state.get("Health", {}).get("Status", "")) if state["Running"] else str(state["Status"])
