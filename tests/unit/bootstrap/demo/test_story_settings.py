"""Which appliances have a story, and with which settings."""

import json
from pathlib import Path

import pytest

from bootstrap.demo import run_inside, story_settings
from bootstrap.demo.command_line import arguments
from bootstrap.embedded.services import PORT_NAMES
from bootstrap.embedded.state import StateFolder
from core.settings.loading import check


def test_its_settings_are_settings() -> None:
    check(story_settings.SETTINGS)


def test_a_new_appliance_gets_one_and_one_that_began_without_stays_without(tmp_path: Path) -> None:
    assert story_settings.has_story(tmp_path, reset=False)
    (tmp_path / "appliance.json").write_text("{}")
    assert not story_settings.has_story(tmp_path, reset=False)
    assert story_settings.has_story(tmp_path, reset=True)


def test_to_begin_again_leaves_what_is_over(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    (tmp_path / "appliance.json").write_text("{}")
    story_settings.begin(state)
    assert story_settings.has_story(tmp_path, reset=False)
    (tmp_path / story_settings.DIARY).write_text('{"done": ["calls"]}')
    story_settings.begin(state)
    assert state.read_json(story_settings.DIARY) == {"done": ["calls"]}


def test_a_command_by_hand_has_the_storys_settings_unless_a_person_sets_others(tmp_path: Path) -> None:
    ports = {name: 4000 + place for place, name in enumerate(PORT_NAMES)}
    (tmp_path / "appliance.json").write_text(json.dumps({"ports": ports, "start": "x"}))
    assert "CALLWISE_DRIFT_WINDOW" not in run_inside.settings(tmp_path, {})
    story_settings.begin(StateFolder(tmp_path))
    assert run_inside.settings(tmp_path, {})["CALLWISE_DRIFT_WINDOW"] == "300"
    assert run_inside.settings(tmp_path, {"CALLWISE_DRIFT_WINDOW": "500"})["CALLWISE_DRIFT_WINDOW"] == "500"


def test_what_a_person_has_set_is_not_named_as_the_storys() -> None:
    assert "CALLWISE_LIST_HOURS=0" in story_settings.differing({})
    assert "CALLWISE_LIST_HOURS" not in story_settings.differing({"CALLWISE_LIST_HOURS": "24"})


@pytest.mark.parametrize(
    "wrong",
    [["--speed", "2"], ["--story", "--speed", "0"], ["--story", "--no-story"], ["--check", "--story"]],
)
def test_options_that_contradict_each_other_are_refused(wrong: list[str]) -> None:
    with pytest.raises(SystemExit):
        arguments(wrong)


def test_the_storys_options_are_read() -> None:
    asked = arguments(["--story", "--speed", "4"])
    assert (asked.story, asked.speed, asked.no_story) == (True, 4.0, False)
