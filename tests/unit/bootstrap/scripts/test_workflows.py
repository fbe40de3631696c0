"""The workflows: each service that goes out alone is tested alone, labelled, and pushed on its own tag only."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from core.settings.group import ROOT

FOLDER = ROOT / ".github" / "workflows"
ALONE = {"trainer": ("worker", "pipeline"), "monitor": ("monitor", "monitoring")}
alone = pytest.mark.parametrize("name", ALONE)


def read(name: str) -> dict[str, Any]:
    found: dict[str | bool, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text())
    # What YAML 1.1 makes of the word `on`.
    return {"on" if key is True else str(key): value for key, value in found.items()}


def steps(name: str) -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in read(name)["jobs"][name]["steps"] if "name" in step}


@alone
def test_it_runs_on_what_it_is_made_of(name: str) -> None:
    push = read(name)["on"]["push"]
    assert push["tags"] == [f"{name}-v*"]
    target, suite = ALONE[name]
    wanted = {f"{name}/**", "core/**", f"requirements/{name}.txt", f"tests/{suite}/**", "Dockerfile"}
    assert wanted <= set(push["paths"])
    assert read(name)["on"]["pull_request"]["paths"] == push["paths"]
    for path in push["paths"]:
        assert (ROOT / path.removesuffix("/**")).exists(), path
    assert f"AS {target}\n" in (ROOT / "Dockerfile").read_text()


@alone
def test_it_lints_runs_its_suite_and_builds_its_target_with_labels(name: str) -> None:
    target, suite = ALONE[name]
    found = steps(name)
    assert list(found) == [
        "Lint, and its suite", "Version", "Build", "The image names its version and revision", "Push",
    ]  # fmt: skip
    assert found["Lint, and its suite"]["run"] == f"scripts/test lint {suite}"
    assert re.search(rf"^#   {suite} ", (ROOT / "scripts" / "test").read_text(), re.MULTILINE)
    assert f"--target {target} " in found["Build"]["run"]
    assert "--build-arg VERSION" in found["Build"]["run"]
    assert "REVISION=$GITHUB_SHA" in found["Build"]["run"]
    assert read(name)["jobs"][name]["env"]["IMAGE"] == f"callwise-{target}"


@alone
def test_it_is_pushed_on_its_tag_only_to_the_registry_that_a_variable_names(name: str) -> None:
    pushing = [step for step in steps(name).values() if "push" in str(step.get("run", ""))]
    assert [step["name"] for step in pushing] == ["Push"]
    assert pushing[0]["if"] == f"startsWith(github.ref, 'refs/tags/{name}-v')"
    assert pushing[0]["env"]["REGISTRY"] == "${{ vars.IMAGE_REGISTRY }}"
    assert read(name)["permissions"] == {"contents": "read"}


def test_actions_have_the_same_pins_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for path in FOLDER.glob("*.yml"):
        for action, version in re.findall(r"uses: (\S+)@(\S+)", path.read_text()):
            pins.setdefault(action, set()).add(version)
    assert {action: len(versions) for action, versions in pins.items()} == dict.fromkeys(pins, 1)
