"""The order of the acts, and what a start that comes later still plays."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from core.errors import InputError, Unavailable
from replay.story.acts import Story, play
from replay.story.diary import Diary
from replay.story.pace import ACT_SECONDS, CALL_SECONDS, Pace


class View:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


@dataclass
class Fake:
    """Two acts; the second raises what it is given, once."""

    diary: Diary
    refuses: Exception | None = None
    view: View = field(default_factory=View)
    played: list[str] = field(default_factory=list)

    @property
    def acts(self) -> dict[str, tuple[str, Any]]:
        return {"first": ("One begins.", self._first), "second": ("Two begins.", self._second)}

    def _first(self) -> str:
        self.played.append("first")
        return "One ends."

    def _second(self) -> str:
        self.played.append("second")
        if self.refuses:
            raise self.refuses
        return "Two ends."


def played(story: Fake) -> list[str]:
    pauses: list[int] = []
    play(cast(Story, story), lambda: pauses.append(1))
    assert len(pauses) == len(story.played)
    return story.played


def test_each_act_is_told_when_it_begins_and_when_it_ends(tmp_path: Path) -> None:
    story = Fake(Diary.open(tmp_path / "story.json"))
    assert played(story) == ["first", "second"]
    assert story.view.lines == ["[1/2] One begins.", "[1/2] One ends.", "[2/2] Two begins.", "[2/2] Two ends."]


def test_an_act_that_is_over_is_not_played_again(tmp_path: Path) -> None:
    played(Fake(Diary.open(tmp_path / "story.json")))
    assert played(Fake(Diary.open(tmp_path / "story.json"))) == []


def test_an_act_that_was_interrupted_begins_again(tmp_path: Path) -> None:
    story = Fake(Diary.open(tmp_path / "story.json"), Unavailable("MongoDB did not answer."))
    with pytest.raises(Unavailable):
        played(story)
    assert played(Fake(Diary.open(tmp_path / "story.json"))) == ["second"]


def test_an_act_that_cannot_end_yet_waits_for_the_next_start(tmp_path: Path) -> None:
    story = Fake(Diary.open(tmp_path / "story.json"), InputError("The week 2026-W48 is not over yet"))
    assert played(story) == ["first", "second"]
    assert story.view.lines[-1].startswith("[2/2] Not yet: The week 2026-W48 is not over yet")
    assert story.view.lines[-1].endswith("The next start of the demo tries again.")
    assert played(Fake(Diary.open(tmp_path / "story.json"))) == ["second"]


def test_the_story_began_when_it_was_first_opened_and_acted(tmp_path: Path) -> None:
    began = Diary.open(tmp_path / "story.json").with_done("first").began
    assert Diary.open(tmp_path / "story.json").began == began


def test_a_file_that_only_says_that_there_is_a_story_is_a_new_diary(tmp_path: Path) -> None:
    (tmp_path / "story.json").write_text("{}")
    assert Diary.open(tmp_path / "story.json").done == ()


@pytest.mark.parametrize(("speed", "slept"), [(None, []), (1.0, [1.0]), (4.0, [0.25])])
def test_speed_divides_every_pause_and_without_speed_there_is_none(speed: float | None, slept: list[float]) -> None:
    found: list[float] = []
    pace = Pace(speed, found.append)
    pace.after_call()
    pace.before_act()
    assert found == [part for share in slept for part in (share * CALL_SECONDS, share * ACT_SECONDS)]
