"""The steps of an upgrade in their order: forward, back by itself, and on from wherever it was killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from bootstrap.upgrade.commands import Commands
from bootstrap.upgrade.engine import BACK_STEPS, FORWARD_STEPS, TAKEN_BACK, UNFINISHED, UPGRADED, Engine
from bootstrap.upgrade.progress import BACK, FORWARD, Progress
from bootstrap.upgrade.refusals import Refusal, Refused, StepFailed, refuse
from bootstrap.upgrade.way import Way

OLD, NEW = {"name": "v1", "commit": "a" * 40}, {"name": "v2", "commit": "b" * 40}


class Killed(BaseException):
    """The process ends here."""


class FakeWay(Way):
    """Does nothing but note its steps; `breaks` says what a step raises."""

    name = "embedded"
    is_open = False

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, folder, Commands(folder, folder / "log"), lambda _: None)
        self.steps: list[str] = []
        self.breaks: dict[str, BaseException] = {}

    def opened(self) -> bool:
        return self.is_open

    def _step(self, name: str) -> None:
        self.steps.append(name)
        if name == "switch":
            self.progress.kept["switching"] = True
            self.progress.write(self.folder)
        if error := self.breaks.get(name):
            raise error

    def refusals(self) -> list[Refusal]:
        return []

    def keep_settings(self) -> None:
        pass

    def prefetch(self) -> None:
        self._step("prefetch")

    def close(self) -> None:
        self._step("close")

    def backup(self) -> None:
        self._step("backup")

    def stop(self) -> None:
        self._step("stop")

    def switch(self) -> None:
        self._step("switch")

    def migrate(self) -> None:
        self._step("migrate")

    def start(self) -> None:
        self._step("start")

    def open(self) -> None:
        self._step("open")

    def switch_back(self) -> None:
        self._step("switch_back")

    def restore(self) -> None:
        self._step("restore")

    def start_again(self) -> None:
        self._step("start_again")

    def clear(self) -> None:
        self._step("clear")


@pytest.fixture
def way(tmp_path: Path) -> FakeWay:
    return FakeWay(tmp_path)


def new(way: Way) -> Progress:
    return Progress(way.name, OLD, NEW)


def run(way: FakeWay, progress: Progress) -> int:
    said: list[str] = []
    return Engine(way, way.folder, lambda step, sentence, _seconds: said.append(f"{step}: {sentence}")).run(progress)


def test_every_step_in_its_order(way: FakeWay) -> None:
    assert run(way, new(way)) == UPGRADED
    assert way.steps == [*FORWARD_STEPS, "clear"]
    assert Progress.read(way.folder) is None


@pytest.mark.parametrize(
    ("step", "back"),
    [
        ("close", ["switch_back", "start_again"]),
        ("backup", ["switch_back", "start_again"]),
        ("switch", ["switch_back", "start_again"]),
        ("migrate", ["switch_back", "restore", "start_again"]),
        ("start", ["switch_back", "restore", "start_again"]),
    ],
)
def test_a_step_that_fails_takes_it_back_and_restores_where_data_may_have_changed(
    way: FakeWay, step: str, back: list[str]
) -> None:
    way.breaks[step] = StepFailed("no")
    assert run(way, new(way)) == TAKEN_BACK
    forward = list(FORWARD_STEPS[: FORWARD_STEPS.index(step) + 1])
    assert way.steps == [*forward, *back, "clear"]


@pytest.mark.parametrize("error", [StepFailed("no network"), refuse("database", "too new", "another image")])
def test_what_fails_before_anything_stopped_is_refused_and_leaves_nothing(way: FakeWay, error: Exception) -> None:
    way.breaks["prefetch"] = error
    with pytest.raises((StepFailed, Refused)):
        run(way, new(way))
    assert way.steps == ["prefetch", "clear"]
    assert Progress.read(way.folder) is None


@pytest.mark.parametrize("step", FORWARD_STEPS)
def test_a_killed_upgrade_goes_on_with_the_step_that_was_cut_off(way: FakeWay, step: str) -> None:
    way.breaks[step] = Killed()
    with pytest.raises(Killed):
        run(way, new(way))
    progress = Progress.read(way.folder)
    assert progress is not None
    assert (progress.direction, progress.done) == (FORWARD, list(FORWARD_STEPS[: FORWARD_STEPS.index(step)]))
    way.breaks.clear()
    way.steps.clear()
    assert run(way, progress) == UPGRADED
    assert way.steps == [*FORWARD_STEPS[FORWARD_STEPS.index(step) :], "clear"]


@pytest.mark.parametrize("step", BACK_STEPS)
@pytest.mark.parametrize("ends", ["killed", "failed"])
def test_a_way_back_that_is_killed_or_fails_is_gone_on_with(way: FakeWay, ends: str, step: str) -> None:
    way.breaks = {"start": StepFailed("not well")}
    if ends == "killed":
        way.breaks[step] = Killed()
        with pytest.raises(Killed):
            run(way, new(way))
    else:
        way.breaks[step] = StepFailed("the disk is full")
        assert run(way, new(way)) == UNFINISHED
    progress = Progress.read(way.folder)
    assert progress is not None
    assert (progress.direction, progress.touched) == (BACK, True)
    way.breaks.clear()
    way.steps.clear()
    assert run(way, progress) == TAKEN_BACK
    assert way.steps[-2:] == ["start_again", "clear"]
    assert "restore" in way.steps or step == "start_again"


def test_once_people_are_let_in_nothing_is_taken_back(way: FakeWay) -> None:
    way.breaks["open"] = StepFailed("the port is taken")
    progress = new(way)
    assert run(way, progress) == UNFINISHED
    engine = Engine(way, way.folder, lambda *_: None)
    assert not engine.turn_back(progress, "asked")
    way.breaks.clear()
    assert run(way, progress) == UPGRADED


def test_somebody_may_take_back_what_was_killed(way: FakeWay) -> None:
    way.breaks["switch"] = Killed()
    with pytest.raises(Killed):
        run(way, new(way))
    progress = Progress.read(way.folder)
    assert progress is not None
    engine = Engine(way, way.folder, lambda *_: None)
    assert engine.turn_back(progress, "it was asked for")
    assert run(way, progress) == TAKEN_BACK


def test_a_full_disk_is_a_step_that_failed(way: FakeWay) -> None:
    way.breaks["migrate"] = OSError(28, "No space left on device")
    assert run(way, new(way)) == TAKEN_BACK
    assert way.steps[-4:] == [*BACK_STEPS, "clear"]
    way.breaks = {"migrate": StepFailed("no"), "restore": OSError(28, "No space left on device")}
    assert run(way, new(way)) == UNFINISHED


def cut_off(way: FakeWay, step: str, failed: str = "") -> Progress:
    """An upgrade that was killed in `step`, after `failed` had failed; somebody has opened the appliance since."""
    way.breaks = {step: Killed(), **({failed: StepFailed("no")} if failed else {})}
    with pytest.raises(Killed):
        run(way, new(way))
    way.breaks.clear()
    way.steps.clear()
    way.is_open = True
    progress = Progress.read(way.folder)
    assert progress is not None
    return progress


@pytest.mark.parametrize("step", ["backup", "stop"])
def test_what_people_wrote_before_the_switch_is_backed_up_before_it_goes_on(way: FakeWay, step: str) -> None:
    progress = cut_off(way, step)
    Engine(way, way.folder, lambda *_: None).look_again(progress)
    assert run(way, progress) == UPGRADED
    assert way.steps == [*FORWARD_STEPS[1:], "clear"]


@pytest.mark.parametrize("step", ["switch", "migrate", "start"])
def test_what_people_wrote_with_the_new_release_is_never_taken_back(way: FakeWay, step: str) -> None:
    progress = cut_off(way, step)
    engine = Engine(way, way.folder, lambda *_: None)
    engine.look_again(progress)
    assert not engine.turn_back(progress, "asked")
    way.breaks = {"start": StepFailed("not well")}
    assert run(way, progress) == UNFINISHED
    assert way.steps == ["stop", *(["switch"] if step == "switch" else []), "migrate", "start"]


def test_what_people_wrote_is_not_replaced_by_a_restore_that_nobody_asked_for_again(way: FakeWay) -> None:
    progress = cut_off(way, "restore", failed="start")
    engine = Engine(way, way.folder, lambda *_: None)
    with pytest.raises(Refused, match="somebody has opened the appliance before its backup is restored"):
        engine.look_again(progress)
    assert Progress.read(way.folder) == progress
    progress = cut_off(way, "start_again", failed="start")
    engine.look_again(progress)
    assert run(way, progress) == TAKEN_BACK


def test_an_appliance_that_nobody_opened_goes_on_where_it_was(way: FakeWay) -> None:
    progress = cut_off(way, "migrate")
    way.is_open = False
    Engine(way, way.folder, lambda *_: None).look_again(progress)
    assert run(way, progress) == UPGRADED
    assert way.steps == ["migrate", "start", "open", "clear"]
