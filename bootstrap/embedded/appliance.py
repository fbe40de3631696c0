"""The embedded appliance: all services as processes of one machine, on loopback, under supervisord.

    with Appliance(Path(".state/demo")) as appliance:
        Watch(appliance).wait_healthy(report)
        ... appliance.env["MLFLOW_TRACKING_URI"] ...

Start and stop it from the main thread: the kernel ends supervisord together with the *thread* that started it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from bootstrap.embedded import environment, ports, supervisor_config
from bootstrap.embedded.processes import MARK_SERVICE, end_processes, find_processes
from bootstrap.embedded.services import PORT_NAMES, select, tier
from bootstrap.embedded.state import StateFolder
from core.errors import Unavailable

STOP_TIMEOUT = 90.0
"""Seconds until supervisord is killed; each service has its own, much shorter limit."""


class Appliance:
    """One appliance in one state folder. `services` limits it to these services and the ones that they need."""

    launcher = supervisor_config.LAUNCHER
    """The module that becomes a service. That of a test may give it more than its settings."""

    def __init__(
        self,
        state: Path,
        *,
        port_base: int | None = None,
        services: Iterable[str] | None = None,
        inherited: Mapping[str, str] | None = None,
    ) -> None:
        self.state = StateFolder(state)
        self.services = select(services)
        self.moved = False  # whether a port of the last start was taken, so that the addresses are new
        self._port_base = port_base
        self._inherited = dict(os.environ if inherited is None else inherited)
        self._claim: ports.Claim | None = None
        self._supervisor: subprocess.Popen[bytes] | None = None

    @property
    def ports(self) -> dict[str, int]:
        """Port numbers by name. Raises Unavailable before the start."""
        if self._claim is None:
            raise Unavailable("The appliance is not started.")
        return self._claim.ports

    @property
    def env(self) -> dict[str, str]:
        """Addresses and secrets, by the names that `core.settings.loading` reads."""
        return environment.settings(self.state, self.ports)

    @property
    def values(self) -> dict[str, str]:
        """The values for the templates of services and probes: `env`, ports and paths."""
        return environment.values(self.state)

    def environment(self, command: str) -> dict[str, str]:
        """The environment for a command that uses the appliance: every setting, and our marker."""
        return {**environment.base(self.state, self._inherited), **self.env, MARK_SERVICE: command}

    def pages(self) -> dict[str, str]:
        """The pages that people open in a browser: label and address."""
        values = self.values
        return {
            "Call list": f"http://{ports.HOST}:{values['app']}",
            "MLflow": values["MLFLOW_TRACKING_URI"],
            "Prefect": values["PREFECT_API_URL"].removesuffix("/api"),
            "Evidently": values["EVIDENTLY_URL"],
        }

    def log(self, service: str) -> Path:
        """The log file of `service`."""
        return self.state.path / "log" / f"{service}.log"

    @property
    def running(self) -> bool:
        """Whether the appliance was started and not stopped."""
        return self._supervisor is not None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def start(self, *, reset: bool = False) -> None:
        """Start everything and return without waiting. `reset` deletes the state first.

        Raises Conflict if the folder or the requested ports are in use, SettingsError if the folder is not ours.
        """
        self.state.lock()
        try:
            self.end_leftovers()
            if reset:
                self.state.reset()
            self.state.prepare()
            remembered = self.state.read_json("appliance.json").get("base")
            self._claim = ports.claim(PORT_NAMES, base=self._port_base, remembered=remembered)
            self.moved = remembered not in (None, self._claim.base)
            start = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}"
            ports_chosen = {"base": self._claim.base, "ports": self._claim.ports}
            self.state.write("appliance.json", {**ports_chosen, "start": start})
            environment.write_tool_files(self.state, self._claim.ports)
            self._supervise()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything and wait for the end. Safe to repeat, and after a failed start."""
        try:
            if self._supervisor is not None:
                self._end_supervisor(self._supervisor)
                self._supervisor = None
                for service in self.services:
                    environment.remove_litter(service, self.values)
        finally:
            if self._claim is not None:
                self._claim.release()
                self._claim = None
            self.state.unlock()

    def _end_supervisor(self, supervisor: subprocess.Popen[bytes]) -> None:
        if supervisor.poll() is None:
            supervisor.terminate()
        try:
            supervisor.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            supervisor.kill()
            supervisor.wait()
        # The worker's flow runs have process groups of their own, and a killed supervisor leaves its services behind.
        self.end_leftovers()

    def end_leftovers(self) -> int:
        """End every process with this state folder's marker; returns their number."""
        return end_processes(lambda: find_processes(self.state.path))

    def supervised(self) -> bool:
        """Whether supervisord was still running; if not, this starts a new one, and that all services."""
        if self._supervisor is None:
            raise Unavailable("The appliance is not started.")
        if self._supervisor.poll() is None:
            return True
        self.end_leftovers()
        self._supervise()
        return False

    def _supervise(self) -> None:
        tiers = {service.name: tier(service) for service in self.services}
        path = self.state.path / "run" / "supervisord.conf"
        path.write_text(supervisor_config.configuration(self.services, tiers, self.values, self.launcher))
        (self.state.sockets / "supervisor.sock").unlink(missing_ok=True)
        shared = {**environment.base(self.state, self._inherited), MARK_SERVICE: "supervisord"}
        with open(self.log("supervisord.out"), "ab") as out:
            # In its own session, so that Ctrl-C reaches only the runner, which then stops everything in order.
            program = [str(environment.BIN / "supervisord"), "-c", str(path)]
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "bootstrap.embedded.tether", *program],
                env=shared,
                cwd=self.state.path,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
