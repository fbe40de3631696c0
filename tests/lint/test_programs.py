"""Programs that tests send into a container are text, which no type checker reads: what they import is there."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings.group import ROOT

FOLDER = ROOT / "tests" / "compose"
FILLED_IN = {"ROLE": "'agent'", "{ids}": "[]"}


def programs(path: Path) -> Iterator[tuple[str, str]]:
    """The module's constants that are programs, by name."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            text = node.value.value.lstrip()
            if text.startswith(("import ", "from ")) and isinstance(node.targets[0], ast.Name):
                yield node.targets[0].id, text


def missing(program: str) -> list[str]:
    """What `program` imports and is not there."""
    for place, value in FILLED_IN.items():
        program = program.replace(place, value)
    found = []
    for node in ast.walk(ast.parse(program)):
        for name in [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else ():
            module = importlib.import_module(node.module or "" if isinstance(node, ast.ImportFrom) else name)
            if isinstance(node, ast.ImportFrom) and not hasattr(module, name):
                found.append(f"{node.module}.{name}")
    return found


ALL = [
    pytest.param(program, id=f"{path.stem}.{name}")
    for path in sorted(FOLDER.glob("*.py"))
    for name, program in programs(path)
]


@pytest.mark.parametrize("program", ALL)
def test_what_a_program_imports_is_there(program: str) -> None:
    assert missing(program) == []


def test_a_name_that_is_not_there_is_found() -> None:
    assert len(ALL) > 5
    assert missing("from core.errors import Unavailable, Nowhere") == ["core.errors.Nowhere"]
