"""The commands that the guides tell people to run are there: script, option, service of compose, module, variable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.settings.group import ROOT

GUIDES = ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
PASSES_ON = {"lock"}  # scripts whose options are another program's
SCRIPT = re.compile(r"(?<![\w/.])scripts/(?P<name>[\w-]+)(?P<rest>[^`\n#|]*)")
OPTION = re.compile(r"(?<!\S)--[a-z][a-z-]+")
MODULE = re.compile(r"-m ([a-z_]+(?:\.[a-z_]+)+|[a-z_]+\.[a-z_]+)")
COMPOSE = re.compile(r"docker compose (?P<what>exec|run|logs|up|restart|stop|cp)(?P<rest>[^`\n#|)]*)")
VARIABLE = re.compile(r"`(CALLWISE_[A-Z_]+|DOOR_[A-Z_]+|[A-Z]+_MEMORY)`?")
WITH_VALUE = {"--tail", "--name", "--scale", "--by", "--why"}
KNOWN_ELSEWHERE = ("app", "core", "serving", "trainer", "monitor", "bootstrap", "deploy", "scripts", "replay", "tests")


def text_of(guide: str) -> str:
    return (ROOT / guide).read_text(encoding="utf-8")


def sources(script: Path) -> str:
    """The text of a script and of the packages whose modules it runs: an option is read in one of them."""
    text = script.read_text(encoding="utf-8")
    modules = set(
        re.findall(r"(?<![\w.])((?:app|bench|bootstrap|core|monitor|replay|trainer)(?:\.\w+)+|bench|replay)", text)
    )
    folders = {ROOT.joinpath(*name.split(".")) for name in modules}
    files = {path if path.is_dir() else path.parent for path in folders}
    return text + "".join(
        file.read_text(encoding="utf-8") for path in files if path != ROOT for file in path.rglob("*.py")
    )


def wrong_scripts(text: str, root: Path = ROOT) -> Iterator[str]:
    """Scripts that are not there, and options that theirs does not read."""
    for found in SCRIPT.finditer(text):
        script = root / "scripts" / found["name"]
        if not script.is_file():
            yield f"scripts/{found['name']}"
            continue
        if found["name"] in PASSES_ON:
            continue
        known = sources(script)
        yield from (f"{found['name']} {option}" for option in OPTION.findall(found["rest"]) if option not in known)


def services() -> set[str]:
    files = [ROOT / "compose.yaml", ROOT / "compose.dask.yaml"]
    return {name for file in files for name in yaml.safe_load(file.read_text())["services"]}


def named_services(what: str, rest: str) -> list[str]:
    """The services in the words after `docker compose WHAT`."""
    words: list[str] = []
    skip = False
    for word in rest.split():
        if skip or word.startswith("-"):
            skip = not skip and word in WITH_VALUE
            continue
        words.append(word)
    if what == "cp":
        return [words[0].partition(":")[0]] if words else []
    return words[:1] if what in ("exec", "run") else words


@pytest.mark.parametrize("guide", GUIDES)
def test_each_script_and_its_options_are_there(guide: str) -> None:
    assert list(wrong_scripts(text_of(guide))) == []


@pytest.mark.parametrize("guide", GUIDES)
def test_each_service_of_a_command_is_there(guide: str) -> None:
    known: set[Any] = services() | {"SERVICE"}
    named = [
        name for found in COMPOSE.finditer(text_of(guide)) for name in named_services(found["what"], found["rest"])
    ]
    assert [name for name in named if name not in known] == []


@pytest.mark.parametrize("guide", GUIDES)
def test_each_module_of_a_command_is_there(guide: str) -> None:
    assert [name for name in MODULE.findall(text_of(guide)) if find_spec(name) is None] == []


@pytest.mark.parametrize("guide", GUIDES)
def test_each_variable_is_one_that_something_reads(guide: str) -> None:
    read = (ROOT / ".env.example").read_text() + (ROOT / "compose.yaml").read_text()
    code = "".join(
        path.read_text(encoding="utf-8", errors="ignore").lower()
        for top in KNOWN_ELSEWHERE
        for path in (ROOT / top).rglob("*")
        if path.is_file() and path.suffix in ("", ".py", ".sh", ".yaml")
    )
    assert [name for name in VARIABLE.findall(text_of(guide)) if name not in read and name.lower() not in code] == []


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "fly").write_text("case $1 in --far) ;; esac")
    text = "`scripts/fly --far`, `scripts/fly --high NAME`, `scripts/swim`"
    assert list(wrong_scripts(text, tmp_path)) == ["fly --high", "scripts/swim"]
    assert named_services("logs", " -f --tail 100 monitor") == ["monitor"]
    assert named_services("run", " --rm --no-deps bootstrap python -m x") == ["bootstrap"]
    assert named_services("cp", " backup:/var/lib/x/. FOLDER") == ["backup"]
    assert "nowhere" not in services()
