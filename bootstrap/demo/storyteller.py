"""Tells the demo's story line by line while the appliance runs; `replay.story` plays it, in a process of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from bootstrap.demo.child_commands import ChildCommand, child_command
from bootstrap.demo.story_settings import DIARY
from bootstrap.embedded.appliance import Appliance

MODULE = "replay.story"


class Storyteller:
    """Use as a context manager: plays the story beside the appliance, and gives `say` its lines."""

    def __init__(self, appliance: Appliance, say: Callable[[str], None], speed: float | None) -> None:
        self._appliance, self._say = appliance, say
        self._arguments = ["--diary", str(appliance.state.path / DIARY)]
        if speed is not None:
            self._arguments += ["--speed", str(speed)]
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
