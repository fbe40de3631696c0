"""The door as it is shipped, on a real Caddy: `deploy/Caddyfile` with ports and addresses of this machine.

Caddy is the program that CADDY names, or `caddy` on the path. The servers behind the door only write down what reached
them.
"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp

from core.settings.group import ROOT

NAME = "callwise.localhost"
BEHIND = (
    *("mlserver:8080", "mlserver:8082", "mlflow:5000", "prefect:4200", "evidently:8000"),
    *("monitor:8090", "app:9100", "prefect-worker:4201", "api:8092"),
)
PORTS = (8443, 8444, 8445, 8446)
WAIT_SECONDS = 60


def program() -> str:
    """The path of Caddy; skips the test with the reason if there is none."""
    found = os.environ.get("CADDY") or shutil.which("caddy")
    if not found:
        pytest.skip("there is no Caddy here: install it, or name the program in CADDY")
    return found


def free_port() -> int:
    """A port that nobody has at the moment."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@dataclass
class Seen:
    """One request that reached a server behind the door."""

    server: str
    method: str
    path: str
    headers: Mapping[str, str]


@dataclass
class Door:
    """A running door. `ports`: by those of the Caddyfile. `seen`: what reached the servers behind it."""

    ports: dict[int, int]
    process: subprocess.Popen[bytes]
    seen: list[Seen] = field(default_factory=list)
    folder: Path = Path()

    def origin(self, port: int) -> str:
        """The origin of what the Caddyfile has at `port`."""
        return f"https://{NAME}:{self.ports[port]}"

    def ask(self, method: str, port: int, path: str, **headers: str) -> httpx.Response:
        """One request, as a client sends it that follows no redirect."""
        with httpx.Client(verify=False, trust_env=False, timeout=30) as client:
            address = f"https://127.0.0.1:{self.ports[port]}{path}"
            sent = {"host": f"{NAME}:{self.ports[port]}", **{k.replace("_", "-"): v for k, v in headers.items()}}
            request = client.build_request(method, address, headers=sent, extensions={"sni_hostname": NAME})
            return client.send(request)

    def certificate(self, port: int) -> bytes:
        """The certificate that the door shows, as DER."""
        with self._wire(port) as wire:
            return wire.getpeercert(binary_form=True) or b""

    def raw(self, port: int, text: str) -> str:
        """The first line of the answer to a request that is sent as it is."""
        with self._wire(port) as wire:
            wire.sendall(text.replace("\n", "\r\n").encode())
            return wire.recv(4096).decode(errors="replace").split("\r\n")[0]

    @contextmanager
    def _wire(self, port: int) -> Iterator[ssl.SSLSocket]:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", self.ports[port]), 30) as plain,
            context.wrap_socket(plain, server_hostname=NAME) as wire,
        ):
            yield wire


@contextmanager
def running(app: ASGIApp, folder: Path, **environment: str) -> Iterator[Door]:
    """The door before `app`, with its data in `folder`. `environment`: what compose.yaml gives it beside its names."""
    caddy = program()
    ports, seen = {port: free_port() for port in PORTS}, list[Seen]()
    app_port, closing = free_port(), list[ThreadingHTTPServer]()
    text = (ROOT / "deploy/Caddyfile").read_text()
    for port, own in ports.items():
        text = text.replace(f":{port} {{", f":{own} {{").replace(f"https_port {port}", f"https_port {own}")
    text = text.replace("app:8501", f"127.0.0.1:{app_port}")
    for address in BEHIND:
        server = _recorder(address.partition(":")[0], seen)
        closing.append(server)
        text = text.replace(address, f"127.0.0.1:{server.server_address[1]}")
        text = text.replace(f"dynamic a {address.replace(':', ' ')}", f"dynamic a localhost {server.server_address[1]}")
    text = text.replace("admin {", "default_bind 127.0.0.1\n\tadmin {", 1)
    (folder / "Caddyfile").write_text(text)
    web = uvicorn.Server(uvicorn.Config(app, port=app_port, log_level="warning", forwarded_allow_ips="*"))
    thread = threading.Thread(target=web.run, daemon=True)
    thread.start()
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin/caddy").unlink(missing_ok=True)
    (folder / "bin/caddy").symlink_to(caddy)
    given = {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "data"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "DOOR_FILE": str(folder / "Caddyfile"),
        "DOOR_ADMIN": f"unix/{folder / 'admin.sock'}",
        "DOOR_HOST": NAME,
        "DOOR_TLS": "internal",
        "DOOR_SCORING_USER": "scoring",
        "DOOR_SCORING_PASSWORD": "of the scoring login",
        "DOOR_METRICS_USER": "metrics",
        "DOOR_METRICS_PASSWORD": "of the metrics login",
        "PREFECT_API_AUTH_STRING": "callwise:of Prefect",
        **environment,
    }
    with open(folder / "log", "ab") as log:
        process = subprocess.Popen([ROOT / "deploy/open-door"], env=given, stdout=log, stderr=log, cwd=folder)
    try:
        door = Door(ports, process, seen, folder)
        _wait(door, web)
        door.seen.clear()
        yield door
    finally:
        process.terminate()
        process.wait(WAIT_SECONDS)
        web.should_exit = True
        thread.join(WAIT_SECONDS)
        for server in closing:
            server.shutdown()
            server.server_close()


def _wait(door: Door, web: uvicorn.Server) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline and door.process.poll() is None:
        try:
            if web.started and all(door.ask("GET", port, "/door-is-there") for port in PORTS):
                return
        except (httpx.HTTPError, OSError):
            pass
        time.sleep(0.1)
    raise AssertionError(f"Caddy did not start: {(door.folder / 'log').read_text()[-2000:]}")


def _recorder(name: str, seen: list[Seen]) -> ThreadingHTTPServer:
    class Recorder(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            seen.append(Seen(name, self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
            body = name.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
