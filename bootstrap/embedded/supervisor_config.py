"""Supervisor: the configuration it is given, and what it says about the processes it keeps.

supervisord itself restarts, stops and rotates logs; it is spoken to over its own XML-RPC interface on a unix socket.
"""

from __future__ import annotations

import http.client
import shlex
import socket
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xmlrpc.client import Fault, ProtocolError, ServerProxy, Transport

from core.errors import Unavailable

if TYPE_CHECKING:
    from bootstrap.embedded.services import Service

LOG_BYTES = "10MB"
LOG_BACKUPS = 2


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _UnixTransport(Transport):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> _UnixConnection:
        # Kept where the transport looks for what it is to close.
        connection = _UnixConnection(self._path)
        self._connection = host, connection
        return connection


def processes(socket_path: str) -> dict[str, dict[str, Any]]:
    """What supervisord says of each process, by service name: `statename`, `pid`, `exitstatus`, `start`, ...

    Raises Unavailable if supervisord does not answer.
    """
    try:
        with ServerProxy("http://localhost/RPC2", transport=_UnixTransport(socket_path)) as server:
            found: Any = server.supervisor.getAllProcessInfo()
    except (OSError, Fault, ProtocolError, http.client.HTTPException) as error:
        raise Unavailable(f"the supervisor does not answer: {error}") from error
    return {info["name"]: info for info in found}


@dataclass(frozen=True)
class Finished:
    """A one-shot service is well when it has ended with status 0 since the supervisor started."""

    service: str

    def __call__(self, values: Mapping[str, str]) -> None:
        """Raise Unavailable unless it has."""
        info = processes(values["supervisor"])[self.service]
        if info["statename"] != "EXITED" or info["exitstatus"] != 0:
            raise Unavailable(f"{self.service} has not finished ({info['statename'].lower()})")


def configuration(services: Iterable[Service], tiers: Mapping[str, int], values: Mapping[str, str]) -> str:
    """supervisord's configuration for `services`.

    A group per tier, because supervisord stops groups one after another, highest priority number first, and the
    members of one all at once: first what uses storage, then storage. Every program starts at once and waits for what
    it needs by itself (`bootstrap.embedded.launch`), since supervisord knows an order but no health.

    Paths are relative to the state folder, where supervisord is to be started: it expands percent signs in paths twice
    and in other values once, so that an absolute path with one cannot be written in a way that holds everywhere.
    """
    state = Path(values["state"])
    services = tuple(services)
    address = Path(values["supervisor"])
    sections = [
        _section(
            "unix_http_server",
            file=address.relative_to(state) if address.is_relative_to(state) else address,
            chmod="0700",
        ),
        _section(
            "supervisord",
            nodaemon="true",
            logfile="log/supervisord.log",
            logfile_maxbytes=LOG_BYTES,
            logfile_backups=LOG_BACKUPS,
            pidfile="run/supervisord.pid",
            childlogdir="log",
        ),
        _section(
            "rpcinterface:supervisor",
            **{"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"},
        ),
    ]
    sections += [_program(service) for service in services]
    for number in sorted({tiers[service.name] for service in services}):
        members = ",".join(service.name for service in services if tiers[service.name] == number)
        sections.append(_section(f"group:tier{number}", programs=members, priority=number + 1))
    return "\n".join(sections)


def _program(service: Service) -> str:
    return _section(
        f"program:{service.name}",
        command=shlex.join([sys.executable, "-m", "bootstrap.embedded.launch", service.name]),
        environment=f'CALLWISE_SERVICE="{service.name}"',
        autostart="true",
        # A one-shot that failed is tried again, one that succeeded is done; the others never end by themselves.
        autorestart="unexpected" if service.one_shot else "true",
        exitcodes="0",
        startsecs=0 if service.one_shot else 1,
        startretries=1000,
        stopsignal="TERM",
        stopwaitsecs=service.stop_seconds,
        stopasgroup="true",
        killasgroup="true",
        redirect_stderr="true",
        stdout_logfile=f"log/{service.name}.log",
        stdout_logfile_maxbytes=LOG_BYTES,
        stdout_logfile_backups=LOG_BACKUPS,
    )


def _section(name: str, **options: object) -> str:
    # %(...)s is expanded in values, so a percent sign of ours is doubled.
    lines = [f"{key}={str(value).replace('%', '%%')}" for key, value in options.items()]
    return "\n".join([f"[{name}]", *lines, ""])
