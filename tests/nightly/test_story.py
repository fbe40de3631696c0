"""The demo's story, played to its end on an appliance of its own, stopped, and begun again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bootstrap.demo import run_inside
from core.calls.lifecycle import Result
from core.kinds.kind import Kind
from core.models.decisions import DecisionKind
from core.schema import Schema
from core.settings.group import ROOT
from core.settings.loading import load
from replay.story.sabotaged import CODE
from replay.story.view import Settings, View

pytestmark = [pytest.mark.appliance, pytest.mark.timeout(3600)]

END = "The story is told."
ACTS = 8


@contextmanager
def demo(state: Path) -> Iterator[list[str]]:
    """A demo in `state` whose story has ended; the lines until then. Ended afterwards, as by a person."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("CALLWISE_")}
    command = [sys.executable, "-P", "-m", "bootstrap.demo.command_line", "--state", str(state)]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**env, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )
    lines: list[str] = []
    try:
        for line in process.stdout or ():
            print(line, end="", flush=True)  # noqa: T201
            lines.append(line.rstrip())
            if END in line:
                break
        yield lines
    finally:
        process.terminate()
        lines += (process.communicate(timeout=300)[0] or "").splitlines()
        assert process.returncode == 0, lines[-20:]


def facts(state: Path, schema: Schema) -> View:
    """What the appliance in `state` shows of itself."""
    env = run_inside.settings(state, {})
    return View(load(Settings, env), Kind(schema.name, schema, shipped=True), lambda _line: None)


def test_what_the_story_tells_has_happened_and_a_new_start_does_not_repeat_it(tmp_path: Path, schema: Schema) -> None:
    state = tmp_path / "state"
    with demo(state) as lines:
        assert END in lines[-1], lines[-40:]
        ready = next(place for place, line in enumerate(lines) if "Callwise is running" in line)
        acts = [place for place, line in enumerate(lines) if line.startswith("[")]
        assert ready < min(place for place in acts if lines[place].startswith("[1/"))
        view = facts(state, schema)
        taken = view.decisions()
        kinds = [one.what for one in taken]
        tried = [one.version for one in taken if one.what is DecisionKind.ON_TRIAL]
        broken = [version for version in tried if view.code_of(version) == CODE]
        assert DecisionKind.REFRESHED in kinds
        assert DecisionKind.MIXED in kinds
        assert any(one.what is DecisionKind.PROMOTED and one.version in tried for one in taken), lines[-40:]
        assert len(broken) == 1
        assert [one.by for one in taken if one.what is DecisionKind.DROPPED and one.version in broken] == ["monitor"]
        assert view.in_service()[0] not in broken
        assert {one["cause"] for one in view.incidents()} >= {"drift"}
        assert {one["kind"] for one in view.db.reports.find()} >= {"drift", "performance"}
        assert {one["result"] for one in view.db.calls.find()} == {result.value for result in Result}
        assert view.db.erasures.count_documents({}) == 1
        calls = view.db.calls.count_documents({})
    assert any("Stopped. The state stays" in line for line in lines)
    with demo(state) as again:
        assert not any(line.startswith(f"[{act}/{ACTS}]") for line in again for act in range(1, ACTS))
        assert facts(state, schema).db.calls.count_documents({}) == calls
        assert [one.place for one in facts(state, schema).decisions()][: len(taken)] == [one.place for one in taken]
