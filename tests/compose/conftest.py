"""The appliance under test: the compose project of this checkout, started where it does not run.

Skipped, saying why, where there is no engine or no image; nothing here makes them.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from core.settings.group import ROOT
from tests.compose.appliance import Appliance


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A start, a training, a restart of everything: each takes as long as the machine takes."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(2400))


def missing() -> str:
    """Why there is nothing to test, or nothing."""
    if shutil.which("docker") is None:
        return "there is no docker on this machine"
    for words, why in (
        (("info",), "no Docker Engine answers"),
        (("compose", "version"), "this docker has no Compose v2"),
    ):
        if subprocess.run(["docker", *words], capture_output=True, check=False).returncode:
            return why
    images = subprocess.run(
        ["docker", "compose", "config", "--images"], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout.split()
    for image in sorted(set(images)):
        if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode:
            return f"there is no image {image}: run docker compose build (and pull)"
    return ""


@pytest.fixture(scope="session")
def appliance(request: pytest.FixtureRequest) -> Appliance:
    # These tests kill containers and take the appliance down: never because somebody ran all tests on a server.
    if not any("compose" in argument for argument in request.config.args):
        pytest.skip("runs only when it is named: scripts/test compose")
    if why := missing():
        pytest.skip(why)
    found = Appliance()
    found.up()
    return found
