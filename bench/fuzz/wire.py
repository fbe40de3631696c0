"""Sends requests as they are over one connection, and reads what comes back."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from bench.fuzz.totals import CLOSED, SILENT

HOST = "127.0.0.1"
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked", re.IGNORECASE)
CLOSE = re.compile(rb"\r\nconnection:[^\r]*close", re.IGNORECASE)
NO_BODY = frozenset({204, 304})
PIECE = 1 << 16


@dataclass(frozen=True)
class Raw:
    """A request as bytes. `whole`: a server can tell where it ends, so the connection may be used again.

    `odd`: it breaks the grammar of HTTP. A server may refuse it, and close, before it answers those in front of it.
    """

    data: bytes
    whole: bool = True
    head: bool = False
    odd: bool = False


class Wire:
    """A connection to `port` on loopback, opened as needed; with a `name` it is TLS for that name."""

    def __init__(self, port: int, name: str | None = None, patience: float = 20.0) -> None:
        self._port, self._name, self._patience = port, name, patience
        self._socket: socket.socket | None = None
        self._read = b""
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE

    def close(self) -> None:
        """Close the connection."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.close()
        self._socket, self._read = None, b""

    def ask(self, requests: Sequence[Raw]) -> list[int]:
        """The status of each of the `requests`, which are sent at once; CLOSED or SILENT where none came.

        Only the last may be one that is not whole. Raises OSError if nobody listens.
        """
        found: list[int] = []
        while len(found) < len(requests):
            left = requests[len(found) :]
            # Whoever closes after a refusal leaves the rest unanswered: it is sent again over another connection.
            answered, why = self._round(left)
            if not answered:
                # The server may have closed the connection before, and a reset takes answers with it that were sent.
                answered, why = self._round(left[:1])
            found += answered or [why]
        return found

    def _round(self, requests: Sequence[Raw]) -> tuple[list[int], int]:
        """The statuses of the first of the requests, and why there are no more."""
        wire, why = self._open(), CLOSED
        statuses: list[int] = []
        try:
            wire.settimeout(self._patience)
            wire.sendall(b"".join(request.data for request in requests))
            for request in requests:
                if not request.whole:
                    wire.settimeout(0.05)  # the server may wait for more, and rightly
                status, more = self._answer(request.head)
                statuses.append(status)
                if not more or not request.whole:
                    self.close()
                    break
        except (OSError, EOFError) as error:
            self.close()
            why = SILENT if isinstance(error, TimeoutError) else CLOSED
        return statuses, why

    def _open(self) -> socket.socket:
        if self._socket is None:
            plain = socket.create_connection((HOST, self._port), self._patience)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket = self._tls.wrap_socket(plain, server_hostname=self._name) if self._name else plain
        return self._socket

    def _answer(self, head: bool) -> tuple[int, bool]:
        """The status of the next answer, and whether the connection stays open. Raises EOFError, OSError.

        What is no answer of HTTP/1.1 counts as the end of the connection.
        """
        while True:
            start = self._until(b"\r\n\r\n")
            match = STATUS.match(start)
            if match is None:
                raise EOFError
            status = int(match[1])
            if status >= 200:
                break
        if head or status in NO_BODY:
            pass
        elif CHUNKED.search(start):
            while (size := _size(self._until(b"\r\n"))) > 0:
                self._take(size + 2)
            self._until(b"\r\n")
        elif length := LENGTH.search(start):
            self._take(int(length[1]))
        else:
            return status, False
        return status, not CLOSE.search(start)

    def _until(self, end: bytes) -> bytes:
        while (place := self._read.find(end)) < 0:
            self._more()
        place += len(end)
        found, self._read = self._read[:place], self._read[place:]
        return found

    def _take(self, size: int) -> None:
        while len(self._read) < size:
            self._more()
        self._read = self._read[size:]

    def _more(self) -> None:
        data = self._open().recv(PIECE)
        if not data:
            raise EOFError
        self._read += data


def _size(line: bytes) -> int:
    """The size that begins a chunk. Raises EOFError."""
    try:
        return int(line.split(b";")[0], 16)
    except ValueError as error:
        raise EOFError from error
