"""deploy/healthy, the health check inside every image of ours: well only at the answer that is asked for."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from core.settings.group import ROOT


class Answers(BaseHTTPRequestHandler):
    """Answers the status that is the path."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/").split("?")[0]))
        self.end_headers()
        self.wfile.write(self.headers["Host"].encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def healthy(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "deploy/healthy", *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("path", "wanted", "status"),
    [("/200", (), 0), ("/200?max_results=1", (), 0), ("/401", ("401",), 0), ("/503", (), 1), ("/401", (), 1)],
)
def test_the_status_decides(url: str, path: str, wanted: tuple[str, ...], status: int) -> None:
    done = healthy(url + path, *wanted)
    assert done.returncode == status
    assert (f"answered {path[1:4]}" in done.stderr) == bool(status)


def test_the_host_is_the_address_so_that_servers_that_check_it_let_it_pass(url: str) -> None:
    assert url.removeprefix("http://") in healthy(f"{url}/500").stderr


def test_nobody_there_is_not_well(url: str) -> None:
    done = healthy("http://127.0.0.1:9/200")
    assert done.returncode == 1
    assert "does not answer" in done.stderr
