"""The embedded appliance under test, with lines between its services, and what is done to its processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import psutil

from bootstrap import WORK_POOL
from bootstrap.embedded import supervisor
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.environment import ROOT
from bootstrap.embedded.ports import HOST
from bootstrap.embedded.processes import find_processes
from bootstrap.embedded.watch import Watch
from core.errors import Unavailable
from core.schema import Schema, read_schema
from core.settings.addresses import MongoSettings
from core.settings.loading import load
from core.stores.mongo import Db, connect
from tests.faults.laboratory import launch
from tests.faults.laboratory.line import Exchange, Line, State

LINED = ("mongo", "s3", "mlflow", "prefect", "mlserver", "evidently")
PATIENCE = 420.0
REFERENCE = "customer"


class Wired(Appliance):
    """An appliance whose services start over the lines of a `Site`."""

    launcher = launch.__name__

    def __init__(self, state: Path, wire: Callable[[Mapping[str, int]], None], **how: Any) -> None:
        super().__init__(state, **how)
        self._wire = wire

    def _supervise(self) -> None:
        self._wire(self.ports)
        super()._supervise()


class Site:
    """The appliance in `folder`, with `settings` beside the defaults. `services`: only these, and what they need.

    What is written down outside of it belongs beside `disk`, the folder that it has for itself.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str], services: Sequence[str] | None = None) -> None:
        self.folder, self.disk = folder, folder / "disk"
        self.disk.mkdir(exist_ok=True)
        self.has_own_disk = False
        shipped = (ROOT / "data/schema.yaml").read_text(encoding="utf-8")
        schema = folder / "kind.yaml"
        schema.write_text(shipped.replace("\nreference:\n", f"\nreference: {REFERENCE}\n"), encoding="utf-8")
        self.schema: Schema = read_schema(schema)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CALLWISE_")}
        self._inherited = {**inherited, "CALLWISE_SCHEMA": str(schema), **settings}
        self._services = services
        self._exchange = Exchange()
        self.lines: dict[str, Line] = {}
        self.extra: dict[str, dict[str, Any]] = {}
        self.killed: dict[str, int] = {}  # the process that a service had when it was killed
        self.appliance = self._made()

    def _made(self) -> Wired:
        return Wired(self.disk / "state", self._wire, services=self._services, inherited=self._inherited)

    def _wire(self, ports: Mapping[str, int]) -> None:
        for name in LINED:
            if name in self.lines:
                self.lines[name].target = ports[name]
            else:
                self.lines[name] = Line(self._exchange, ports[name])
        self.write_wiring(ports)

    def write_wiring(self, ports: Mapping[str, int] | None = None) -> None:
        """Write what a service gets at its next start, with all that is in `extra`."""
        ports = ports or self.appliance.ports
        lines = {f"{HOST}:{ports[name]}": f"{HOST}:{line.port}" for name, line in self.lines.items()}
        text = json.dumps({"lines": lines, "services": self.extra})
        made = self.disk / f".{launch.FILE}"
        made.write_text(text, encoding="utf-8")
        made.replace(self.disk / launch.FILE)

    # --- its life ---------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it, and wait until each service was well."""
        self.appliance.start()
        Watch(self.appliance).wait_healthy(lambda _status: None)

    def stop(self) -> None:
        """Stop all of it."""
        self.appliance.stop()

    def again(self) -> None:
        """Start what was stopped; its folder may be another by now."""
        self.killed.clear()
        self.appliance = self._made()
        self.start()

    def close(self) -> None:
        """Stop it for good."""
        self.appliance.stop()
        self._exchange.close()

    def use_own_disk(self, size_mib: int) -> None:
        """Give it a file system of its own of that size. Raises OSError or CalledProcessError where that is refused."""
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(self.disk)],
            check=True,
            capture_output=True,
        )
        self.has_own_disk = True

    def give_disk_back(self) -> None:
        """Take the file system away, with all that is in it."""
        if self.has_own_disk:
            subprocess.run(["umount", "--lazy", str(self.disk)], check=False)

    # --- its addresses ----------------------------------------------------------------------------------------------

    def env(self, *, over_lines: bool) -> dict[str, str]:
        """Its settings: with the lines as its services have them, or past them."""
        env = self.appliance.environment("laboratory")
        if not over_lines:
            return env
        return launch.wired(env, {f"{HOST}:{line.target}": f"{HOST}:{line.port}" for line in self.lines.values()})

    def database(self, *, over_lines: bool = False) -> Db:
        """The appliance's database."""
        return connect(load(MongoSettings, self.env(over_lines=over_lines)))

    @property
    def state(self) -> Path:
        """Its state folder."""
        return self.appliance.state.path

    def run(self, module: str, *words: str, **more: str) -> subprocess.Popen[str]:
        """A command of the product, begun, with its output in a pipe."""
        return self.child(["-P", "-m", module, *words], **more)

    def child(self, arguments: Sequence[str], **more: str) -> subprocess.Popen[str]:
        """A Python process with the settings of the appliance."""
        return self.child_of(self.env(over_lines=False), arguments, **more)

    @staticmethod
    def child_of(env: Mapping[str, str], arguments: Sequence[str], **more: str) -> subprocess.Popen[str]:
        """A Python process with the settings `env`: those of an appliance that does not run."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            env={**env, **more},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    # --- its processes ----------------------------------------------------------------------------------------------

    def processes(self, service: str, having: str = "") -> list[psutil.Process]:
        """The running processes of `service`, or those with a word in their command."""
        found = []
        for process in find_processes(self.state, service):
            with suppress(psutil.Error):
                if having in " ".join(process.cmdline()):
                    found.append(process)
        return found

    def send(self, number: signal.Signals, *services: str) -> None:
        """Send a signal to all processes of `services` at once. Raises AssertionError if one of them has none."""
        found = {service: self.processes(service) for service in services}
        assert all(found.values()), f"nothing runs of {[service for service, running in found.items() if not running]}"
        for process in chain.from_iterable(found.values()):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def kill(self, *services: str) -> None:
        """kill -9; from now on a service is well only as another process. Raises AssertionError if one does not run."""
        states = self.states()
        self.send(signal.SIGKILL, *services)
        self.killed |= {name: states[name]["pid"] for name in services}

    def states(self) -> dict[str, dict[str, Any]]:
        """What supervisord reports of each service. Raises Unavailable if it does not answer."""
        return supervisor.processes(self.appliance.values["supervisor"])

    def supervisor(self) -> psutil.Process:
        """The supervisor's process. Raises AssertionError if there is none."""
        own = str(self.state / "run" / "supervisord.conf")
        found = [process for process in psutil.Process().children() if own in process.cmdline()]
        assert len(found) == 1, f"{len(found)} supervisors of {own}"
        return found[0]

    def kill_supervisor(self) -> None:
        """kill -9 of what keeps the services; from now on each of them is well only as another process."""
        self.killed |= {name: state["pid"] for name, state in self.states().items() if state["pid"]}
        self.supervisor().kill()

    @contextmanager
    def gone(self, service: str) -> Iterator[None]:
        """It keeps its connections and answers nothing meanwhile."""
        stopped = self.processes(service)
        assert stopped, f"nothing runs of {service}"
        for process in stopped:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in stopped:
                with suppress(psutil.NoSuchProcess):
                    process.send_signal(signal.SIGCONT)

    @contextmanager
    def line(self, name: str, state: State) -> Iterator[None]:
        """The line to a service is in this state meanwhile."""
        self.lines[name].become(state)
        try:
            yield
        finally:
            self.lines[name].become(State.OPEN)

    def unwell(self) -> list[str]:
        """Why services are not well, at this moment.

        The supervisor has to run each of them, as another process than the one that was killed: a worker stays online
        for Prefect until its heartbeat is overdue.
        """
        self.appliance.supervised()
        wrong = []
        for service in self.appliance.services:
            try:
                service.health(self.appliance.values)
                state = self.states()[service.name]
            except Unavailable as error:
                wrong.append(f"{service.name}: {error}"[:200])
                continue
            if not service.one_shot and state["statename"] != "RUNNING":
                wrong.append(f"{service.name}: {state['statename'].lower()}")
            elif state["pid"] and state["pid"] == self.killed.get(service.name):
                wrong.append(f"{service.name}: its process is the one that was killed")
        return wrong

    def has(self, service: str) -> bool:
        """Whether the appliance has this service."""
        return any(one.name == service for one in self.appliance.services)

    def worker_beat(self) -> float:
        """When the worker told Prefect last that it lives, in seconds since 1970; 0 if Prefect does not say."""
        env = self.env(over_lines=False)
        login = httpx.BasicAuth(*env["PREFECT_API_AUTH_STRING"].split(":", 1))
        url = f"{env['PREFECT_API_URL'].rstrip('/')}/work_pools/{WORK_POOL}/workers/filter"
        try:
            found = httpx.post(url, json={}, auth=login, timeout=5, trust_env=False).json()
            return max(datetime.fromisoformat(worker["last_heartbeat_time"]).timestamp() for worker in found)
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return 0.0

    def jobs(self) -> dict[str, dict[str, Any]]:
        """The monitor's jobs, by name; empty while it does not answer."""
        try:
            page = httpx.get(f"http://{HOST}:{self.appliance.ports['monitor']}/health", timeout=5, trust_env=False)
            return dict(page.json()["jobs"])
        except (httpx.HTTPError, ValueError, KeyError):
            return {}


def wait(what: str, look: Callable[[], Any], seconds: float = PATIENCE, pause: float = 0.5) -> Any:
    """What `look` gives, once it gives something. Raises AssertionError, naming `what`, after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come within {seconds:g} s")
        time.sleep(pause)
    return found


def free_bytes(folder: Path) -> int:
    """Bytes that are free on the disk of `folder`."""
    return shutil.disk_usage(folder).free
