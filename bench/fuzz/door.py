"""The door as it is shipped (`deploy/Caddyfile`), in front of an embedded appliance."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.fuzz.wire import HOST, Raw, Wire
from core.errors import Unavailable
from core.settings.group import ROOT

NAME = "callwise.localhost"
PORTS = (8443, 8444, 8445, 8446)
SCORING, METRICS = ("scoring", "of the scoring login"), ("metrics", "of the metrics login")
WAIT_SECONDS = 60
BEHIND = {
    "app:8501": "app",
    "app:9100": "app_metrics",
    "mlserver:8080": "mlserver",
    "mlserver:8082": "mlserver_metrics",
    "mlflow:5000": "mlflow",
    "prefect:4200": "prefect",
    "evidently:8000": "evidently",
    "monitor:8090": "monitor",
    "api:8092": "api",
    "prefect-worker:4201": "monitor",  # the embedded worker has no figures of its own
}
"""Addresses in the Caddyfile, and the ports of the embedded appliance by name."""


@dataclass(frozen=True)
class Door:
    """A running door: its ports by those of the Caddyfile, its process, and its log."""

    ports: Mapping[int, int]
    process: subprocess.Popen[bytes]
    log: Path


@contextmanager
def running(appliance_ports: Mapping[str, int], folder: Path, prefect_secret: str) -> Iterator[Door]:
    """The door, with its data in `folder`. Raises Unavailable without Caddy, or if it does not start."""
    caddy = os.environ.get("CADDY") or shutil.which("caddy")
    if not caddy:
        raise Unavailable("There is no Caddy here.", next="Install it, or name the program in CADDY.")
    ports = {port: _free_port() for port in PORTS}
    text = (ROOT / "deploy/Caddyfile").read_text(encoding="utf-8")
    for port, own in ports.items():
        text = text.replace(f":{port} {{", f":{own} {{").replace(f"https_port {port}", f"https_port {own}")
    for address, name in BEHIND.items():
        number = appliance_ports[name]
        text = text.replace(f"dynamic a {address.replace(':', ' ')}", f"dynamic a localhost {number}")
        text = text.replace(address, f"{HOST}:{number}")
    text = text.replace("admin {", "default_bind 127.0.0.1\n\tadmin {", 1)
    (folder / "Caddyfile").write_text(text, encoding="utf-8")
    programs = folder / "bin"
    programs.mkdir()
    (programs / "caddy").symlink_to(caddy)
    given = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "DOOR_FILE": str(folder / "Caddyfile"),
        "DOOR_ADMIN": f"unix/{folder / 'admin.sock'}",
        "DOOR_HOST": NAME,
        "DOOR_TLS": "internal",
        **{f"DOOR_SCORING_{name}": value for name, value in zip(("USER", "PASSWORD"), SCORING, strict=True)},
        **{f"DOOR_METRICS_{name}": value for name, value in zip(("USER", "PASSWORD"), METRICS, strict=True)},
        "PREFECT_API_AUTH_STRING": prefect_secret,
    }
    log = folder / "door.log"
    with log.open("ab") as out:
        process = subprocess.Popen([ROOT / "deploy/open-door"], env=given, stdout=out, stderr=out, cwd=folder)
    try:
        door = Door(ports, process, log)
        _wait(door)
        yield door
    finally:
        process.terminate()
        process.wait(WAIT_SECONDS)


def _wait(door: Door) -> None:
    hello = Raw(f"GET /door-is-there HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
    deadline = time.monotonic() + WAIT_SECONDS
    for port in door.ports.values():
        wire = Wire(port, NAME)
        while True:
            try:
                if wire.ask([hello]) != [0]:
                    break
            except OSError:
                pass
            if time.monotonic() > deadline or door.process.poll() is not None:
                raise Unavailable(f"The door did not start: {door.log.read_text(errors='replace')[-2_000:]}")
            time.sleep(0.2)
        wire.close()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])
