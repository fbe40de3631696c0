"""supervisord's configuration. supervisord restarts and stops the services, and rotates their logs."""

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
LAUNCHER = "bootstrap.embedded.launch"


def configuration(
    services: Iterable[Service], tiers: Mapping[str, int], values: Mapping[str, str], launcher: str = LAUNCHER
) -> str:
    """supervisord's configuration for `services`, each started by the module `launcher`.

    Each tier is a group, because supervisord stops groups one after another, the highest priority number first, and
    the members of a group together: so users of storage stop before storage. All programs start together and wait for
    their own needs (`bootstrap.embedded.launch`), because supervisord knows an order but no health.

    Paths are relative to the state folder, in which supervisord starts. It expands percent signs twice in paths and
    once in other values, so an absolute path with a percent sign cannot be written for both.
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
    sections += [_program(service, launcher) for service in services]
    for number in sorted({tiers[service.name] for service in services}):
        members = ",".join(service.name for service in services if tiers[service.name] == number)
        sections.append(_section(f"group:tier{number}", programs=members, priority=number + 1))
    return "\n".join(sections)


def _program(service: Service, launcher: str) -> str:
    return _section(
        f"program:{service.name}",
        command=shlex.join([sys.executable, "-m", launcher, service.name]),
        environment=f'CALLWISE_SERVICE="{service.name}"',
        autostart="true",
        # A failed one-shot is tried again, a successful one is done; the other services never end on their own.
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
    # supervisord expands %(...)s in values, so our percent signs are doubled.
    lines = [f"{key}={str(value).replace('%', '%%')}" for key, value in options.items()]
    return "\n".join([f"[{name}]", *lines, ""])
