"""The demo's story, told line by line while the appliance runs (`replay.story` plays it, in a process of its own).

The story begins on an appliance that the demo itself has filled, and the file `story.json` in the state folder says so.
An appliance without that file is left as it is, and has the settings of any other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from bootstrap.demo.child_commands import ChildCommand, child_command
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.state import StateFolder

MODULE, DIARY = "replay.story", "story.json"

SETTINGS: Mapping[str, str] = {
    "CALLWISE_LIST_HOURS": "0",  # else a refresh waits for the list of the next day
    "CALLWISE_REVIEW_SECONDS": "20",
    "CALLWISE_RETRAIN_SECONDS": "10",
    "CALLWISE_DRIFT_WINDOW": "300",
    "CALLWISE_TRAINING_WINDOW": "1000",
    "CALLWISE_SEARCH_TRIALS": "4",
    # One refresh before the newcomers, and none until their model's trial is over.
    "CALLWISE_REFRESH_OUTCOMES": "900",
    "CALLWISE_RETRAIN_OUTCOMES": "100000",  # what trains here is incidents
    # An incident trains again once most of a training's window is about the newcomers.
    "CALLWISE_INCIDENT_OUTCOMES": "700",
    "CALLWISE_INCIDENT_ATTEMPTS": "6",
}
"""What an appliance with a story has instead of the defaults: a few hundred calls decide what thousands would."""


def has_story(state: Path, *, reset: bool) -> bool:
    """Whether the appliance in `state` has a story, or is a new one and gets it."""
    return reset or not (state / "appliance.json").exists() or (state / DIARY).exists()


def begin(state: StateFolder) -> None:
    """Note that the appliance in the state folder has a story, if it does not say so yet."""
    if not (state.path / DIARY).exists():
        state.write(DIARY, {})


def differing(env: Mapping[str, str]) -> str:
    """The settings of a story that `env` leaves as they are, for people."""
    return " ".join(f"{name}={value}" for name, value in SETTINGS.items() if name not in env)


class Storyteller:
    """Use as a context manager: plays the story beside the appliance, and gives `say` its lines."""

    def __init__(self, appliance: Appliance, say: Callable[[str], None], speed: float | None) -> None:
        self._appliance, self._say = appliance, say
        diary = ("--diary", str(appliance.state.path / DIARY))
        self._arguments = diary if speed is None else (*diary, "--speed", str(speed))
        self._story: ChildCommand | None = None
        self._ended = threading.Event()
        # The kernel ends the story's process together with this thread.
        self._thread = threading.Thread(target=self._tell, name="story", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._ended.set()
        if self._story is not None:
            self._story.end()
        self._thread.join(15)

    def _tell(self) -> None:
        if self._ended.is_set():
            return
        with child_command(self._appliance, MODULE, *self._arguments) as self._story:
            for line in self._story:
                if not self._ended.is_set():
                    self._say(line)
            if self._story.status and not self._ended.is_set():
                self._say("The story ended early (see above). The appliance runs; the next start goes on with it.")
