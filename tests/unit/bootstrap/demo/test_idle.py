"""The hop of `scripts/demo --check --idle`: well while no service logs an error, else every line is said."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from bootstrap.demo import command_line as demo
from bootstrap.embedded.appliance import Appliance

LOCKED = "16:10:34.748 | ERROR   | docket.dependencies - mark_deployments_ready"


def idle(state: Path, monkeypatch: pytest.MonkeyPatch, logged: str) -> tuple[dict[str, object], str]:
    appliance = Appliance(state)
    log = appliance.log("prefect")
    log.parent.mkdir(parents=True)
    log.write_text("16:10:30.000 | ERROR   | before it was idle\n")
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        log.write_text(log.read_text() + logged)

    monkeypatch.setattr(demo, "time", SimpleNamespace(sleep=sleep))  # threads of other tests keep the real one
    said = io.StringIO()
    hop = demo._idle(appliance, 900, Console(file=said, soft_wrap=True))
    assert waited == [900]
    return hop, said.getvalue()


def test_it_is_well_when_nothing_is_logged_that_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hop, said = idle(tmp_path, monkeypatch, "16:20:00.000 | INFO    | prefect.server - a poll\n")
    assert (hop["name"], hop["ok"]) == ("idle", True)
    assert "ok  idle: 0 errors" in said


def test_each_error_is_named_with_its_service_and_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hop, said = idle(tmp_path, monkeypatch, f"{LOCKED}\nTraceback (most recent call last):\n")
    assert hop["ok"] is False
    assert f"prefect.log, line 2: {LOCKED}" in said
    assert "prefect.log, line 3: Traceback" in said


def test_it_is_part_of_the_check_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        demo.arguments(["--idle", "3"])
    assert ended.value.code == 2
    assert "go with --check" in capsys.readouterr().err
    assert demo.arguments(["--check", "--idle", "3"]).idle == 3
