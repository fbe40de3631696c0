"""Loopback ports in a row for one appliance: free now, and claimed against other appliances.

Two appliances that start together must not choose the same ports, and no port can be reserved for a server that binds
it later. So an appliance claims a port by binding an abstract unix socket named after it (unix(7)). Like ports, such
names are unique per network namespace; they have no file, and the kernel frees them with the process.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from core.errors import Conflict

HOST = "127.0.0.1"
FIRST, LAST = 18500, 32000
"""Range of the ports: above the usual ones of most servers, below those that Linux uses for outgoing connections
(`net.ipv4.ip_local_port_range`, 32768 and up)."""
STEP = 25
"""Distance between the possible starts of a row, so that the first port of an appliance is a round number."""


@dataclass
class Claim:
    """Ports by name, from `base` on, claimed until `release` or the end of this process."""

    base: int
    ports: dict[str, int]
    _held: ExitStack

    def release(self) -> None:
        """Release the ports for other appliances."""
        self._held.close()


def free(port: int) -> bool:
    """Whether a server can bind `port` on loopback now. An earlier server's connection in TIME_WAIT does not count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return _binds(probe, (HOST, port))


def claim(names: Sequence[str], *, base: int | None = None, remembered: int | None = None) -> Claim:
    """Claim a row of free ports, one for each of `names`.

    With `base`, the row must start there; else it is the `remembered` one if free, or the first free one. Raises
    Conflict, naming the taken port, or if no row is free.
    """
    if base is not None:
        found, taken = _try(names, base)
        if found is None:
            raise Conflict(
                f"With --port-base {base}, port {taken} is taken.",
                kept="Nothing was started.",
                next="Choose another --port-base, or leave it out to use free ports.",
            )
        return found
    for start in [*([] if remembered is None else [remembered]), *range(FIRST, LAST, STEP)]:
        found, _ = _try(names, start)
        if found is not None:
            return found
    raise Conflict(
        f"There are no {len(names)} free ports in a row between {FIRST} and {LAST}.",
        kept="Nothing was started.",
        next="Name a free range with --port-base.",
    )


def _try(names: Sequence[str], base: int) -> tuple[Claim | None, str]:
    """The claim, or None and the first port that is taken, as words."""
    ports = {name: base + offset for offset, name in enumerate(names)}
    with ExitStack() as held:
        for name, port in ports.items():
            lock = held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            if not _binds(lock, f"\0callwise-port-{port}") or not free(port):
                return None, f"{port} ({name})"
        return Claim(base, ports, held.pop_all()), ""


def _binds(endpoint: socket.socket, address: tuple[str, int] | str) -> bool:
    try:
        endpoint.bind(address)
    except OSError as error:
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            return False
        raise
    return True
