"""The course of the laboratory forgets no finding, and its command refuses words that choose nothing."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.laboratory import __main__ as command
from tests.faults.laboratory import course as courses
from tests.faults.laboratory.course import Course
from tests.faults.laboratory.fault import Bench, Fault
from tests.faults.laboratory.verify import Findings


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A course without an appliance, which heals at once."""
    course = Course(tmp_path, gone_seconds=0, short=True, out=tmp_path / "figures.json")
    for name in ("_begin", "_mend"):
        monkeypatch.setattr(course, name, lambda: None)
    monkeypatch.setattr(course.load, "reconnect", lambda: None)
    monkeypatch.setattr(course.site, "database", lambda: None)
    monkeypatch.setattr(courses, "heal", lambda *_: 1.0)
    monkeypatch.setattr(courses, "spooled", lambda _: 0)
    return course


def finds(monkeypatch: pytest.MonkeyPatch, *found: Findings) -> None:
    """What the comparisons with the appliance find, one after the other."""
    left = iter(found)
    monkeypatch.setattr(courses, "examine", lambda *_: next(left))


def meets(course: Course, what: str, then: Callable[[], Any] = lambda: None) -> Fault:
    """A fault under which the load meets something wrong."""

    def inject(_: Bench) -> None:
        course.load._wrong.append(what)
        then()

    return Fault(what, inject)


def raises() -> None:
    raise AssertionError("not healed")


def test_what_one_fault_showed_is_kept_after_the_next(made: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    finds(monkeypatch, Findings(lost=["a call"]), Findings(), Findings(doubled=["a score"]))
    figures = made.run([meets(made, "first"), meets(made, "second", raises), meets(made, "third")])
    assert (figures["lost"], figures["doubled"], figures["wrong"], figures["not_healed"]) == (1, 1, 3, 1)
    assert figures["findings"] == [
        *("lost: a call", "doubled: a score", "first", "second", "third"),
        "second: AssertionError: not healed",
    ]
    assert json.loads((made.site.folder / "figures.json").read_text()) == figures


def test_what_is_wrong_at_the_end_is_kept(made: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    finds(monkeypatch, Findings())
    monkeypatch.setattr(made.load, "stop", lambda: made.load._wrong.append("a call of the last second"))
    assert made.run([])["wrong"] == 1


def test_a_load_that_cannot_end_is_a_finding(made: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    finds(monkeypatch, Findings())
    monkeypatch.setattr(made.load, "stop", raises)
    assert made.run([])["not_healed"] == 1


@pytest.mark.parametrize("figure", courses.BAD)
def test_the_status_says_whether_anything_was_found(
    figure: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    figures = {**dict.fromkeys(courses.BAD, 0), "faults": [], "findings": []}
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(Course, "run", lambda self, _: self.site.close() or figures)
    assert command.main(["--short"]) == 0
    figures[figure] = 1
    assert command.main(["--short"]) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--only", "tpyo"],
        ["--only", "mongo", "tpyo"],
        ["--from", "tpyo"],
        ["--only", "mongo killed", "--from", "a reboot"],
        ["--short", "--only", "backups killed"],
    ],
)
def test_words_that_choose_nothing_are_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main([*words, "--list"])
    assert ended.value.code == 2
    assert "scripts/test faults: error: " in capsys.readouterr().err


def test_the_faults_from_one_on_are_chosen(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        command.main(["--only", "mongo killed", "lost, and", "--from", "the volume s3 lost, and restored", "--list"])
        == 0
    )
    chosen = [f"the volume {name} lost, and restored" for name in ("s3", "mlflow", "registry")]
    assert capsys.readouterr().out.splitlines() == chosen
