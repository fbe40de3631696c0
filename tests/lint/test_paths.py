"""Every path that the guides name is there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings.group import ROOT

GUIDES = ("CONTRIBUTING.md", "README.md", "docs/architecture.md")
TOP = "app bench bootstrap core data deploy docs monitor replay requirements scripts serving tests trainer .github"
CODE = re.compile(rf"`((?:{'|'.join(map(re.escape, TOP.split()))})/[^`\s]*)")
COMMAND = re.compile(r"(?<![\w/.])(scripts/[\w-]+)")
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def missing(guide: Path, root: Path) -> Iterator[str]:
    """Paths in `guide` that are not below `root`: in backquotes, as a command of scripts/, or as a link.

    A path may have `*`, and after `:` the name of something in it; a part in capitals or brackets stands for any name.
    """
    text = guide.read_text(encoding="utf-8")
    named = {(found.split(":")[0].rstrip("/,."), root) for found in (*CODE.findall(text), *COMMAND.findall(text))}
    named |= {(found, guide.parent) for found in LINK.findall(text)}
    for path, base in sorted(named):
        pattern = re.sub(r"\{\w+\}|(?<![\w.])[A-Z]+(?![\w.])", "*", path)
        if not any(base.glob(pattern)) if "*" in pattern else not (base / path).exists():
            yield f"{guide.name}: {path}"


@pytest.mark.parametrize("guide", GUIDES)
def test_every_path_in_a_guide_exists(guide: str) -> None:
    assert list(missing(ROOT / guide, ROOT)) == []


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "core" / "calls").mkdir(parents=True)
    (tmp_path / "core" / "calls" / "undo.py").touch()
    guide = tmp_path / "guide.md"
    guide.write_text(
        "`core/calls/undo.py`, `core/calls/undo.py:take_back`, `core/*/undo.py`, `core/X/undo.py`, `core/calls/`\n"
        "`core/calls/redo.py`, `scripts/fly`, scripts/swim --far, [there](core/calls/undo.py#top), [gone](docs/x.md)"
    )
    assert list(missing(guide, tmp_path)) == [
        "guide.md: core/calls/redo.py",
        "guide.md: docs/x.md",
        "guide.md: scripts/fly",
        "guide.md: scripts/swim",
    ]
