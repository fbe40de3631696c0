"""No service opens a connection outside the compose networks: not at its start, not at its work.

Most could not, by their networks (`test_closed`). None tries: the host's side of the bridges is listened to while they
start and while they work. To know that the listener hears, one of them is made to call out.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.settings.group import ROOT
from tests.compose.appliance import LASTING, Appliance, run

SNIFFER = (Path(__file__).with_name("sniffer.py")).read_text(encoding="utf-8")
ELSEWHERE = "192.0.2.1"
"""An address of documentation (RFC 5737): nobody is there."""


CONTAINERS = {*LASTING, "accounts", "bootstrap"}


def bridges(appliance: Appliance) -> list[str]:
    """Bridge and subnet of each network of the project."""
    names = {
        name for one in appliance.containers().values() for name in one["NetworkSettings"]["Networks"] if name != "none"
    }
    found = json.loads(run("docker", "network", "inspect", *sorted(names)))
    return [f"br-{network['Id'][:12]}={network['IPAM']['Config'][0]['Subnet']}" for network in found]


@contextmanager
def listening(appliance: Appliance) -> Iterator[list[str]]:
    """Pairs `source destination` of what left, complete when the block is left."""
    image = appliance.containers()["caddy"]["Config"]["Image"]
    process = subprocess.Popen(
        ["docker", "run", "--rm", "--interactive", "--network=host", "--user=0", "--cap-drop=ALL", "--cap-add=NET_RAW",
         "--entrypoint=python3", image, "-c", SNIFFER, *bridges(appliance)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    if process.stdout.readline() != "ready\n":
        raise AssertionError(f"the listener did not start: {process.communicate()[1][-500:]}")
    heard: list[str] = []
    try:
        yield heard
    finally:
        output, errors = process.communicate()
        heard += output.splitlines()
        assert process.returncode == 0, errors


CALL = f"""
import socket
wire = socket.socket()
wire.settimeout(2)
try:
    wire.connect(("{ELSEWHERE}", 443))
except OSError:
    pass
"""


def test_the_listener_hears_who_calls_out(appliance: Appliance) -> None:
    with listening(appliance) as heard:
        appliance.inside("monitor", "python3", "-", given=CALL)
    assert [pair.split()[1] for pair in heard] == [ELSEWHERE]


def test_nothing_leaves_at_the_start_and_at_work(appliance: Appliance) -> None:
    with listening(appliance) as heard:
        appliance.compose("restart", *LASTING[2:], timeout=300)
        appliance.wait_healthy()
        with appliance.person() as client:
            assert client.get(appliance.url() + "/").status_code == 200
            for page in ("mlflow", "prefect", "evidently"):
                assert client.get(appliance.url(page) + "/").status_code == 200
        for job in ("rank", "indicators", "drift", "performance"):
            appliance.inside("monitor", "with-account", "python", "-m", "monitor", job)
    # While a service restarts, the engine does not know its name and asks the machine's name server for it.
    assert [line for line in heard if line.split()[2:3] == [] or line.split()[2] not in CONTAINERS] == []
