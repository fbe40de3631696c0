"""scripts/test: which tests a word runs. Python and the installer are stand-ins that write down their words."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from core.settings.group import ROOT

PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["root_packages"]
CALLED = '#!/bin/sh\necho "$@" >> called\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with this scripts/test and the folders of these tests, where nothing is run."""
    for script in ("scripts/install", ".venv/bin/python", ".venv-serving/bin/python"):
        (tmp_path / script).parent.mkdir(parents=True)
        (tmp_path / script).write_text(CALLED)
        (tmp_path / script).chmod(0o755)
    shutil.copy(ROOT / "scripts/test", tmp_path / "scripts/test")
    for folder in (ROOT / "tests").glob("*/*/"):
        (tmp_path / folder.relative_to(ROOT)).mkdir(parents=True)
    return tmp_path


def run(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([checkout / "scripts/test", *words], capture_output=True, text=True, check=False)


def asked(checkout: Path, *words: str) -> set[str]:
    """The folders of tests that `scripts/test` gives to pytest."""
    result = run(checkout, *words)
    assert result.returncode == 0, result.stderr
    assert f"all of it holds: {' '.join(words)}" in result.stdout
    return {word for word in (checkout / "called").read_text().split() if word.startswith("tests/")}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_runs_its_own_tests(checkout: Path, package: str) -> None:
    own = {str(folder.relative_to(ROOT)) for folder in (ROOT / "tests").glob(f"*/{package}/")}
    assert own
    suites = {"app": {"tests/browser"}, "trainer": {"tests/pipeline"}, "monitor": {"tests/monitoring"}}
    assert asked(checkout, package) == own | suites.get(package, set())


def test_a_suite_runs_whole(checkout: Path) -> None:
    assert asked(checkout, "contract") == {"tests/contract"}


def test_suites_and_packages_may_be_mixed(checkout: Path) -> None:
    assert asked(checkout, "faults", "replay") == {"tests/faults", "tests/unit/replay", "tests/contract/replay"}


LINTERS = ("ruff", "mypy", "lint-imports", "python")


@pytest.mark.parametrize("failing", ["", "ruff check .", "ruff format", "mypy", "lint-imports", "python"])
def test_each_check_of_lint_counts_and_all_of_them_run(checkout: Path, failing: str) -> None:
    """Kind: a command whose failure is swallowed, because somebody further up asks for the status."""
    for name in LINTERS:
        tool = checkout / ".venv/bin" / name
        fails = f'case "{name} $*" in "{failing}"*) exit 1 ;; esac\n' if failing else ""
        tool.write_text(f'#!/bin/sh\necho "{name} $@" >> called\n{fails}')
        tool.chmod(0o755)
    result = run(checkout, "lint")
    assert (result.returncode != 0) == bool(failing), result.stdout + result.stderr
    assert ("all of it holds" in result.stdout) == (not failing)
    called = (checkout / "called").read_text()
    assert all(f"{name} " in called for name in LINTERS)


def test_an_unknown_word_runs_nothing_and_is_named(checkout: Path) -> None:
    result = run(checkout, "core", "everythign")
    assert result.returncode == 2
    assert "'everythign' is no suite and no package" in result.stderr
    assert not (checkout / "called").exists()


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_prints_what_the_top_of_the_file_says(checkout: Path, word: str) -> None:
    result = run(checkout, word)
    assert result.returncode == 0
    for name in (*PACKAGES, "lint", "unit", "contract", "pipeline", "monitoring", "e2e", "faults", "browser", "loop"):
        assert name in re.findall(r"[\w-]+", result.stdout)
    assert "set -euo" not in result.stdout
    assert not (checkout / "called").exists()
