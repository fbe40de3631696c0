"""The tests that import MLServer run in MLServer's environment, all others in the common one, and none in neither."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from bootstrap.embedded.environment import programs
from bootstrap.embedded.services import BY_NAME
from core.settings.group import ROOT
from tests.conftest import IMPORTS_MLSERVER, pytest_ignore_collect

TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
MLSERVERS = [path for path in TESTS if IMPORTS_MLSERVER.search(path.read_text(encoding="utf-8"))]


def test_the_common_environment_has_no_mlserver_and_collects_all_that_imports_none() -> None:
    assert find_spec("mlserver") is None
    assert MLSERVERS
    assert [path for path in TESTS if pytest_ignore_collect(path)] == MLSERVERS


def test_scripts_test_runs_the_rest_in_mlservers_environment() -> None:
    script = (ROOT / "scripts" / "test").read_text(encoding="utf-8")
    assert f"serving_python={BY_NAME['mlserver'].venv}/bin/python" in script
    # It looks through the unit tests, so what imports MLServer must be one.
    assert re.search(r"^in_mlserver\(\) \{ \$serving_python -m pytest ", script, re.MULTILINE)
    assert "if asked unit; then of_serving=tests/unit;" in script
    assert [path for path in MLSERVERS if not path.is_relative_to(ROOT / "tests" / "unit")] == []


@pytest.mark.parametrize("package", ["mlflow", "numpy", "pandas", "scikit-learn", "skops"])
def test_both_environments_have_the_same_libraries_installed(package: str) -> None:
    asked = f"import importlib.metadata; print(importlib.metadata.version({package!r}))"
    pythons = (Path(sys.executable), programs(BY_NAME["mlserver"]) / "python")
    found = [subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True) for python in pythons]
    assert found[0].stdout == found[1].stdout
