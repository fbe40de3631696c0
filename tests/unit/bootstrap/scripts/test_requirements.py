"""The pins: scoring apart and all else one resolution, every line hashed, no address of any index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from core.settings.group import ROOT

FILES = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^\s;]+)( ; .+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")

APART = {"serving", "serving-dev"}
ALONE = {"engine", "fuzz"}  # programs in environments of their own, which nothing of ours imports
# What rows and models pass through on their way from one service to another.
SHARED = {
    "joblib",
    "mlflow",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "pydantic-core",
    "scikit-learn",
    "scipy",
    "skops",
}


def pins(path: Path) -> dict[str, str]:
    matches = (PIN.match(line) for line in path.read_text().splitlines())
    return {match["name"]: match["version"] for match in matches if match}


def locked(name: str) -> dict[str, str]:
    return pins(ROOT / "requirements" / f"{name}.txt")


def held_back() -> set[str]:
    """The packages that scripts/lock lets MLServer hold back."""
    found = re.search(r'^held_back="(.+)"$', (ROOT / "scripts" / "lock").read_text(), re.MULTILINE)
    assert found
    return set(found[1].split())


def test_there_is_a_file_for_every_set() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    tools = {"core", "evidently", "prefect", "installer"}
    sets = set(project["project"]["optional-dependencies"]) | set(project["dependency-groups"]) | tools
    assert {path.stem for path in FILES} == sets


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_line_is_a_pin_with_hashes_or_one_of_its_hashes(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert all(PIN.match(line) or HASH.match(line) for line in lines)
    for number, line in enumerate(lines):
        if PIN.match(line):
            assert HASH.match(lines[number + 1]), f"{line} has no hash"
        else:
            ends = number + 1 == len(lines) or bool(PIN.match(lines[number + 1]))
            assert line.endswith("\\") != ends, f"line {number + 1}: the pin is continued where it ends, or the reverse"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_address_of_an_index(path: Path) -> None:
    assert not re.search(r"://|--index|--extra-index|--find-links|--trusted-host", path.read_text())


@pytest.mark.parametrize("path", [path for path in FILES if path.stem not in ALONE], ids=lambda path: path.name)
def test_shared_pins_agree(path: Path) -> None:
    # Training, scoring and monitoring read each other's models and rows: the same versions everywhere.
    every, own = locked("dev"), pins(path)
    differ = {name for name, version in own.items() if every.get(name, version) != version}
    assert differ == (held_back() if path.stem in APART else set())
    assert not {name for name in SHARED & own.keys() if name not in every or own[name] != every[name]}


@pytest.mark.parametrize("name", ["model", "trainer", "monitor", "bootstrap", "embedded", "dev", *sorted(APART)])
def test_what_handles_models_has_all_that_is_shared(name: str) -> None:
    assert locked(name).keys() >= SHARED


@pytest.mark.parametrize("name", sorted({path.stem for path in FILES} - {"dev", "installer", *APART, *ALONE}))
def test_dev_holds_every_other_set(name: str) -> None:
    assert locked(name).items() <= locked("dev").items()


def test_scorings_own_tests_run_on_what_scoring_runs_on() -> None:
    assert locked("serving").items() <= locked("serving-dev").items()


def test_only_what_must_be_held_back_is() -> None:
    # The list in scripts/lock is no longer than MLServer makes it: all of it is behind, and nothing of it elsewhere.
    behind = {name for name in held_back() if Version(locked("serving")[name]) < Version(locked("dev")[name])}
    assert behind == held_back()


@pytest.mark.parametrize("name", sorted({path.stem for path in FILES} - APART))
def test_what_people_reach_has_starlettes_mends(name: str) -> None:
    # CVE-2025-54121 is mended in 0.47.2, CVE-2025-62727 in 0.49.1.
    if version := locked(name).get("starlette"):
        assert Version(version) >= Version("0.49.1")
    assert "mlserver" not in locked(name)


def test_every_server_that_people_reach_is_looked_at() -> None:
    # Evidently answers with Litestar and needs no Starlette; if it ever does, the test above looks at it.
    for name in ("app", "prefect", "model", "monitor", "trainer", "bootstrap", "embedded"):
        assert "starlette" in locked(name), name


@pytest.mark.parametrize(
    "extra", tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
)
def test_pins_satisfy_the_project_file(extra: str) -> None:
    # A dependency that was added or bumped without scripts/lock shows here.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = locked(extra)
    requirements = [Requirement(line) for line in (*project["dependencies"], *project["optional-dependencies"][extra])]
    missing = [
        str(one)
        for one in requirements
        if one.name != "callwise" and not one.specifier.contains(pinned.get(one.name.lower(), "0"), prereleases=True)
    ]
    assert not missing
