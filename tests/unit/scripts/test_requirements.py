"""The pins: one resolution, every line hashed, no address of any index."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from core.settings.group import ROOT

FILES = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^\s;]+)( ; .+)? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def pins(path: Path) -> dict[str, str]:
    matches = (PIN.match(line) for line in path.read_text().splitlines())
    return {match["name"]: match["version"] for match in matches if match}


def test_there_is_a_file_for_every_set() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    tools = {"core", "evidently", "prefect", "installer"}
    sets = set(project["optional-dependencies"]) | tools
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


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_shared_pins_agree(path: Path) -> None:
    every = pins(ROOT / "requirements" / "dev.txt")
    differ = {name: version for name, version in pins(path).items() if every.get(name, version) != version}
    assert not differ


@pytest.mark.parametrize("name", sorted({path.stem for path in FILES} - {"dev", "installer"}))
def test_dev_holds_every_other_set(name: str) -> None:
    assert pins(ROOT / "requirements" / f"{name}.txt").items() <= pins(ROOT / "requirements" / "dev.txt").items()


def test_pins_satisfy_the_project_file() -> None:
    # A dependency that was added or bumped without scripts/lock shows here.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = pins(ROOT / "requirements" / "dev.txt")
    wanted = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    requirements = [Requirement(line) for line in wanted]
    missing = [
        str(one)
        for one in requirements
        if one.name != "callwise" and not one.specifier.contains(pinned.get(one.name.lower(), "0"), prereleases=True)
    ]
    assert not missing
