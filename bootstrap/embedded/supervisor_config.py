"""Supervisor: the configuration it is given, and what it says about the processes it keeps.

supervisord itself restarts, stops and rotates logs; it is spoken to over its own XML-RPC interface on a unix socket.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bootstrap.embedded.services import Service

LOG_BYTES = "10MB"
LOG_BACKUPS = 2


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
