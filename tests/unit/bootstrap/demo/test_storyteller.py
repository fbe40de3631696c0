"""Which appliances have a story, and with which settings."""

from pathlib import Path

import pytest

from bootstrap.demo import storyteller
from bootstrap.demo.command_line import arguments
from bootstrap.embedded.state import StateFolder
from core.settings.loading import check


def test_its_settings_are_settings() -> None:
    check(storyteller.SETTINGS)


def test_a_new_appliance_gets_one_and_one_that_began_without_stays_without(tmp_path: Path) -> None:
    assert storyteller.has_story(tmp_path, reset=False)
    (tmp_path / "appliance.json").write_text("{}")
    assert not storyteller.has_story(tmp_path, reset=False)
    assert storyteller.has_story(tmp_path, reset=True)


def test_to_begin_again_leaves_what_is_over(tmp_path: Path) -> None:
    state = StateFolder(tmp_path)
    (tmp_path / "appliance.json").write_text("{}")
    storyteller.begin(state)
    assert storyteller.has_story(tmp_path, reset=False)
    (tmp_path / storyteller.DIARY).write_text('{"done": ["calls"]}')
    storyteller.begin(state)
    assert state.read_json(storyteller.DIARY) == {"done": ["calls"]}


def test_what_a_person_has_set_is_not_named_as_the_storys() -> None:
    assert "CALLWISE_LIST_HOURS=0" in storyteller.differing({})
    assert "CALLWISE_LIST_HOURS" not in storyteller.differing({"CALLWISE_LIST_HOURS": "24"})


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
