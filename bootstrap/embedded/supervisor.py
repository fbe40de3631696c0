"""Asks the supervisor of the embedded appliance for its processes."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xmlrpc.client import Fault, ProtocolError, ServerProxy, Transport

from core.errors import Unavailable


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=10)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class UnixTransport(Transport):
    """Reaches supervisord by its socket at `path`."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> _UnixConnection:
        """The connection to the socket, whatever the `host`."""
        # `Transport.close` closes the connection that this attribute holds.
        connection = _UnixConnection(self._path)
        self._connection = host, connection
        return connection


def processes(socket_path: str) -> dict[str, dict[str, Any]]:
    """What supervisord reports of each process, by service name: `statename`, `pid`, `exitstatus`, `start`, ...

    Raises Unavailable if supervisord does not answer.
    """
    try:
        with ServerProxy("http://localhost/RPC2", transport=UnixTransport(socket_path)) as server:
            infos: Any = server.supervisor.getAllProcessInfo()
    except (OSError, Fault, ProtocolError, http.client.HTTPException) as error:
        raise Unavailable(f"the supervisor does not answer: {error}") from error
    return {info["name"]: info for info in infos}


@dataclass(frozen=True)
class Finished:
    """A one-shot service is well when it has ended with status 0 since the supervisor started."""

    service: str

    def __call__(self, values: Mapping[str, str]) -> None:
        """Raise Unavailable unless it is well."""
        info = processes(values["supervisor"])[self.service]
        if info["statename"] != "EXITED" or info["exitstatus"] != 0:
            raise Unavailable(f"{self.service} has not finished ({info['statename'].lower()})")
