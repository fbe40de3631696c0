"""The embedded appliance: all services as processes of one machine, on loopback, kept by supervisord.

    with Appliance(Path(".state/demo")) as appliance:
        appliance.wait_healthy(report)
        ... appliance.env["MLFLOW_TRACKING_URI"] ...

Start and stop it from the main thread: the kernel ends supervisord together with the *thread* that started it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from bootstrap import environment, ports, supervision
from bootstrap.processes import MARK_SERVICE, end, marked
from bootstrap.services import BY_NAME, PORT_NAMES, Service, select, tier
from bootstrap.state import StateFolder
from core.errors import Unavailable

START_TIMEOUT = 900.0
"""Seconds until all must be well. Two appliances that start side by side on two cores need about four minutes."""
STOP_TIMEOUT = 90.0
GIVE_UP_AFTER = 5
"""A service that has ended this often before it was ever well will not get well."""


@dataclass(frozen=True)
class Status:
    """How one service is: `state` is waiting, starting, healthy or ended; `detail` says for what, or how often."""

    service: Service
    state: str
    detail: str = ""


Report = Callable[[Status], None]


class Appliance:
    """One appliance in one state folder. `services` names a part of it; what they need comes along."""

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
        self._port_base = port_base
        self._inherited = dict(os.environ if inherited is None else inherited)
        self._claim: ports.Claim | None = None
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._seen: dict[str, int] = {}
        self._ended: dict[str, int] = {}

    # -- what it is -------------------------------------------------------------------------------------------------

    @property
    def ports(self) -> dict[str, int]:
        """Port numbers by name. Raises Unavailable before the start."""
        if self._claim is None:
            raise Unavailable("The appliance is not started.")
        return self._claim.ports

    @property
    def env(self) -> dict[str, str]:
        """Addresses and secrets, by the names `core.settings` reads."""
        return environment.settings(self.state, self.ports)

    @property
    def values(self) -> dict[str, str]:
        """What fills the templates of services and probes: `env`, ports and places."""
        return environment.values(self.state)

    def environment(self, service: str = "setup") -> dict[str, str]:
        """The whole environment that `service` has: what to start a command of the same kind with."""
        return environment.of(BY_NAME[service], environment.base(self.state, self._inherited), self.values)

    def pages(self) -> dict[str, str]:
        """What people open in a browser: label and address."""
        filled = self.values
        return {
            "Call list": f"http://{ports.HOST}:{filled['app']}",
            "MLflow": filled["MLFLOW_TRACKING_URI"],
            "Prefect": filled["PREFECT_API_URL"].removesuffix("/api"),
            "Evidently": filled["EVIDENTLY_URL"],
        }

    def log(self, service: str) -> Path:
        return self.state.path / "log" / f"{service}.log"

    @property
    def running(self) -> bool:
        """Has it been started and not stopped?"""
        return self._supervisor is not None

    # -- start and stop ---------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def start(self, *, reset: bool = False) -> None:
        """Start everything; return without waiting for it. `reset` deletes the state first.

        Raises Conflict if the folder is in use or the wanted ports are taken, SettingsError if it is not ours.
        """
        self.state.lock()
        try:
            self.end_leftovers()
            if reset:
                self.state.reset()
            self.state.prepare()
            remembered = self.state.read("appliance.json").get("base")
            self._claim = ports.claim(PORT_NAMES, base=self._port_base, remembered=remembered)
            start = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}"
            ports_chosen = {"base": self._claim.base, "ports": self._claim.ports}
            self.state.write("appliance.json", {**ports_chosen, "start": start})
            environment.write_tool_files(self.state, self._claim.ports)
            self._supervise()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything and wait for it. May be called again, and after a start that failed."""
        if self._supervisor is not None:
            if self._supervisor.poll() is None:
                self._supervisor.terminate()
            try:
                self._supervisor.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._supervisor.kill()
                self._supervisor.wait()
            self._supervisor = None
            # Flow runs of the worker are in nobody's process group; and whatever outlived a killed supervisor.
            self.end_leftovers()
            for service in self.services:
                environment.remove_litter(service, self.values)
        if self._claim is not None:
            self._claim.release()
            self._claim = None
        self.state.unlock()

    def end_leftovers(self) -> int:
        """End every process that carries this state folder's marker; how many there were."""
        return end(lambda: marked(self.state.path))

    def _supervise(self) -> None:
        tiers = {service.name: tier(service) for service in self.services}
        path = self.state.path / "run" / "supervisord.conf"
        path.write_text(supervision.configuration(self.services, tiers, self.values))
        (self.state.sockets / "supervisor.sock").unlink(missing_ok=True)
        shared = {**environment.base(self.state, self._inherited), MARK_SERVICE: "supervisord"}
        with open(self.log("supervisord.out"), "ab") as out:
            # In a session of its own, so that Ctrl-C reaches the runner alone, which then stops everything in order.
            self._supervisor = subprocess.Popen(
                [sys.executable, "-m", "bootstrap.tether", str(environment.BIN / "supervisord"), "-c", str(path)],
                env=shared,
                cwd=environment.ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    # -- health -----------------------------------------------------------------------------------------------------

    def wait_healthy(self, report: Report, timeout: float = START_TIMEOUT) -> None:
        """Return when every service is well; `report` each change on the way.

        Raises Unavailable naming the service, with the end of its log: if it keeps ending, or at the timeout.
        """
        deadline = time.monotonic() + timeout
        healthy: set[str] = set()
        said: dict[str, Status] = {}
        while len(healthy) < len(self.services):
            self._notice_ends()
            for service in self.services:
                if service.name in healthy:
                    continue
                status = self._look(service, healthy)
                if status.state == "healthy":
                    healthy.add(service.name)
                elif self._ended.get(service.name, 0) >= GIVE_UP_AFTER:
                    raise self._failure(service, f"ended {GIVE_UP_AFTER} times without getting well")
                elif time.monotonic() > deadline:
                    raise self._failure(service, f"was not well after {timeout:.0f} s")
                if said.get(service.name) != status:
                    said[service.name] = status
                    report(status)
            time.sleep(0.3)

    def watch(self, report: Report, pause: float = 2.0) -> None:
        """Until interrupted: report services that end and get well again, and replace a supervisor that died."""
        hurt: set[str] = set()
        while True:
            hurt |= self._notice_ends(report)
            for name in sorted(hurt):
                status = self._look(BY_NAME[name], {service.name for service in self.services})
                if status.state == "healthy":
                    hurt.discard(name)
                    report(status)
            time.sleep(pause)

    def health(self) -> dict[str, str]:
        """The reason why a service is not well, by name; an empty string for one that is."""
        answers = {}
        for service in self.services:
            try:
                service.health(self.values)
                answers[service.name] = ""
            except Unavailable as reason:
                answers[service.name] = str(reason)
        return answers

    def _look(self, service: Service, healthy: set[str]) -> Status:
        missing = [need for need in service.needs if need not in healthy]
        if missing:
            return Status(service, "waiting", "for " + ", ".join(missing))
        try:
            service.health(self.values)
        except Unavailable:
            times = self._ended.get(service.name, 0)
            return Status(service, "starting", f"again, ended {times} time(s)" if times else "")
        return Status(service, "healthy")

    def _notice_ends(self, report: Report | None = None) -> set[str]:
        """Names of services whose process has ended since the last call; a supervisor that died is replaced."""
        if self._supervisor is None:
            raise Unavailable("The appliance is not started.")
        if self._supervisor.poll() is not None:
            self.end_leftovers()
            self._supervise()
            self._seen.clear()
            return {service.name for service in self.services}
        try:
            infos = supervision.processes(self.values["supervisor"])
        except Unavailable:
            return set()  # it has only just been started; if it dies, the line above sees it
        ended = set()
        for service in self.services:
            info = infos[service.name]
            pid, before = info["pid"], self._seen.get(service.name)
            done = service.one_shot and info["statename"] == "EXITED" and info["exitstatus"] == 0
            if before and pid != before and not done:
                ended.add(service.name)
                self._ended[service.name] = self._ended.get(service.name, 0) + 1
                if report is not None:
                    report(Status(service, "ended", "it is started again"))
            # No process (pid 0) is not news by itself: the end was noticed, the next start is not one.
            self._seen[service.name] = 0 if pid != before and before else pid
        return ended

    def _failure(self, service: Service, what: str) -> Unavailable:
        log = self.log(service.name)
        lines = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
        return Unavailable(
            f"{service.label} ({service.name}) {what}.",
            kept="The state folder is kept.",
            next="\n".join([f"Its log is {log}; it ends with:", *(f"  {line}" for line in lines)]),
        )
