"""Commands that are run with the settings of an embedded appliance."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bootstrap.demo import run_inside
from bootstrap.embedded.ports import HOST
from bootstrap.embedded.services import PORT_NAMES
from core.errors import NotFound
from core.settings.group import ROOT


def test_it_has_the_addresses_of_the_appliance_and_little_of_the_caller(tmp_path: Path) -> None:
    ports = {name: 4000 + place for place, name in enumerate(PORT_NAMES)}
    (tmp_path / "appliance.json").write_text(json.dumps({"ports": ports, "start": "x"}))
    env = run_inside.settings(tmp_path, {"PREFECT_API_URL": "http://elsewhere/api", "AWS_PROFILE": "mine"})
    assert env["PREFECT_API_URL"] == f"http://{HOST}:{ports['prefect']}/api"
    assert env["MONGODB_URI"] == f"mongodb://{HOST}:{ports['mongo']}"
    assert "AWS_PROFILE" not in env


def test_without_an_appliance_it_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no appliance in"):
        run_inside.settings(tmp_path, {})
    env = {"CALLWISE_STATE": str(tmp_path), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-P", "-m", "bootstrap.demo.run_inside", "monitor.flows.retrain"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "scripts/demo" in done.stderr
    assert "Traceback" not in done.stderr
