"""Watches an embedded appliance: until all is well, and from then on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.services import BY_NAME, Service
from bootstrap.embedded.supervisor import processes
from core.errors import Unavailable

START_TIMEOUT = 900.0
"""Seconds to wait for all services. Two appliances that start side by side on two cores need about four minutes."""
GIVE_UP_AFTER = 5
"""Ends of a service, before it was ever well, after which the watch gives up."""
LOG_LINES = 15


@dataclass(frozen=True)
class Status:
    """One service's `state`: waiting, starting, healthy or ended; `detail` says for what, or how often."""

    service: Service
    state: str
    detail: str = ""


Report = Callable[[Status], None]


class Watch:
    """Observes the states of the services of `appliance`, and counts the ends of each."""

    def __init__(self, appliance: Appliance) -> None:
        self._appliance = appliance
        self._services = appliance.services
        self._starts: dict[str, int] = {}  # unix time of each process's last start
        self._ends: dict[str, int] = {}

    def wait_healthy(self, report: Report, timeout: float = START_TIMEOUT, pause: float = 0.3) -> None:
        """Return when every service is well; `report` each change until then.

        Raises Unavailable with a service's name and the end of its log, if it keeps ending or after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        healthy: set[str] = set()
        reported: dict[str, Status] = {}
        while len(healthy) < len(self._services):
            self._notice_ends()
            for service in self._services:
                if service.name in healthy:
                    continue
                status = self._look(service, healthy)
                if status.state == "healthy":
                    healthy.add(service.name)
                elif self._ends.get(service.name, 0) >= GIVE_UP_AFTER:
                    self._fail(service, f"ended {GIVE_UP_AFTER} times without getting well")
                elif time.monotonic() > deadline:
                    self._fail(service, f"was not well after {timeout:.0f} s")
                if reported.get(service.name) != status:
                    reported[service.name] = status
                    report(status)
            time.sleep(pause)

    def forever(self, report: Report, pause: float = 2.0) -> NoReturn:
        """Report each service that ends or is well again, until interrupted."""
        hurt: set[str] = set()
        while True:
            for name in sorted(ended := self._notice_ends()):
                report(Status(BY_NAME[name], "ended", "and is started again"))
            hurt |= ended
            for name in sorted(hurt):
                status = self._look(BY_NAME[name], {service.name for service in self._services})
                if status.state == "healthy":
                    hurt.discard(name)
                    report(status)
            time.sleep(pause)

    def _look(self, service: Service, healthy: set[str]) -> Status:
        missing = [need for need in service.needs if need not in healthy]
        if missing:
            return Status(service, "waiting", "for " + ", ".join(missing))
        try:
            service.health(self._appliance.values)
        except Unavailable:
            times = self._ends.get(service.name, 0)
            return Status(service, "starting", f"again, ended {times} time(s)" if times else "")
        return Status(service, "healthy")

    def _notice_ends(self) -> set[str]:
        """Names of the services that ended and were started again since the last call."""
        if not self._appliance.supervised():
            self._starts.clear()
            return {service.name for service in self._services}
        try:
            infos = processes(self._appliance.values["supervisor"])
        except Unavailable:
            return set()  # it has only just started; if it died, `supervised` reports so next time
        ended = set()
        for service in self._services:
            started, before = infos[service.name]["start"], self._starts.get(service.name, 0)
            if before and started != before:
                ended.add(service.name)
                self._ends[service.name] = self._ends.get(service.name, 0) + 1
            self._starts[service.name] = started
        return ended

    def _fail(self, service: Service, what: str) -> NoReturn:
        log = self._appliance.log(service.name)
        lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:] if log.exists() else []
        raise Unavailable(
            f"{service.label} ({service.name}) {what}.",
            kept="The state folder stays.",
            next="\n".join([f"Its log is {log} and ends with:", *(f"  {line}" for line in lines)]),
        )
