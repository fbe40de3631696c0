"""Looks through the rooms: how many modules each holds, how long these are, and what it says of itself."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("core", "api", "app", "serving", "trainer", "monitor", "bootstrap", "replay", "bench")
MODULES, TESTS_MODULES = 15, 25
"""How many modules a folder may hold; more are two rooms. `__init__` and `conftest` are not counted."""
LINES, TESTS_LINES = 300, 600
"""How long a module may be; a longer one is two modules. A module of tests is a list of cases and is read by case."""
UNCOUNTED = {"__init__.py", "conftest.py"}
BY_PACKAGE = ("unit", "contract", "e2e", "faults")
"""Suites whose tests lie in a folder for each package, so that `scripts/test PACKAGE` finds them."""


def faults(root: Path) -> Iterator[str]:
    """What is wrong with the rooms below `root`, one sentence each, naming the folder or module."""
    for package in PACKAGES:
        yield from _too_full(root, package, MODULES)
        yield from _too_long(root, package, LINES)
        yield from _unnamed(root, package)
    yield from _too_full(root, "tests", TESTS_MODULES)
    yield from _too_long(root, "tests", TESTS_LINES)
    yield from _of_no_package(root)


def _modules(root: Path, package: str) -> list[Path]:
    return sorted((root / package).rglob("*.py"))


def _too_full(root: Path, package: str, most: int) -> Iterator[str]:
    held = Counter(path.parent for path in _modules(root, package) if path.name not in UNCOUNTED)
    for folder, count in sorted(held.items()):
        if count > most:
            yield f"{folder.relative_to(root)} holds {count} modules, more than {most}: part it into rooms by feature"


def _too_long(root: Path, package: str, most: int) -> Iterator[str]:
    for path in _modules(root, package):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > most:
            yield f"{path.relative_to(root)} has {lines} lines, more than {most}: part it by what it does"


def _unnamed(root: Path, package: str) -> Iterator[str]:
    for folder in sorted({path.parent for path in _modules(root, package)}):
        front = folder / "__init__.py"
        if not front.is_file() or not ast.get_docstring(ast.parse(front.read_text(encoding="utf-8"))):
            yield f"{front.relative_to(root)} has no docstring that says what the room is for"


def _of_no_package(root: Path) -> Iterator[str]:
    for suite in BY_PACKAGE:
        for path in sorted((root / "tests" / suite).rglob("test_*.py")):
            if path.relative_to(root / "tests" / suite).parts[0] not in PACKAGES:
                yield f"{path.relative_to(root)} is in no package's folder, so scripts/test PACKAGE never runs it"
