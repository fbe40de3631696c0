"""Figures in a page for people: each bench writes its own between two marks, and nothing else."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

END = "<!-- end of figures -->"


def begin(command: str) -> str:
    """The mark before the figures that `scripts/bench COMMAND --page` writes."""
    return f"<!-- figures: scripts/bench {command} --page -->"


def put(page: Path, command: str, text: str) -> None:
    """Put `text` between the marks of `command` in `page`. Raises ValueError, and changes nothing, without marks."""
    before, first, rest = page.read_text(encoding="utf-8").partition(begin(command))
    _, last, after = rest.partition(END)
    if not (first and last):
        raise ValueError(f"{page} has no place for the figures: {begin(command)} … {END}")
    page.write_text(f"{before}{first}\n{text}\n{last}{after}", encoding="utf-8")


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(map(str, cells))} |" for cells in (heads, ["---"] * len(heads), *rows))


def machine(*packages: str) -> dict[str, Any]:
    """The machine, and the versions of `packages`, for a file of figures."""
    versions = {name: version(name) for name in packages}
    return {"machine": {"processors": psutil.cpu_count(), "kind": platform.machine()}, "versions": versions}


def machine_line(figures: Mapping[str, Any]) -> str:
    """The machine and the versions of `figures`, as a line of a list."""
    where, versions = figures["machine"], figures["versions"]
    named = ", ".join(f"{name} {number}" for name, number in versions.items())
    return f"- {where['processors']} processors ({where['kind']}); {named}."
