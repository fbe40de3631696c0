"""Goes through the steps of an upgrade, forward or back, and keeps how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from bootstrap.upgrade.progress import BACK, FORWARD, NO_WAY_BACK, Progress
from bootstrap.upgrade.refusals import Refused, StepFailed, refuse
from bootstrap.upgrade.way import Way

UPGRADED, TAKEN_BACK, REFUSED, UNFINISHED = 0, 1, 2, 3
"""Exit statuses. UNFINISHED: the way back failed, the door did not open, or it was cut off; one goes on with it."""

FORWARD_STEPS = ("prefetch", "close", "backup", "stop", "switch", "migrate", "start", "open")
BACK_STEPS = ("switch_back", "restore", "start_again")
DURABLE = "migrate"
"""The first step that changes data: from its begin on, the way back needs the backup."""


class Engine:
    """One upgrade: `way` does the steps, `folder` keeps how far it is, `say` tells each step with its time."""

    def __init__(self, way: Way, folder: Path, say: Callable[[str, str, float], None]) -> None:
        self._way, self._folder, self._say = way, folder, say

    def run(self, progress: Progress) -> int:
        """Begin, or go on where a process was killed; returns the exit status.

        Raises Refused and StepFailed while nothing was stopped.
        """
        self._way.progress = progress
        if progress.direction == FORWARD:
            try:
                self._forward(progress)
            except Refused:
                self._ended(progress, REFUSED)
                raise
            except StepFailed as error:
                if "prefetch" not in progress.done:
                    self._ended(progress, REFUSED)
                    raise
                if NO_WAY_BACK in progress.kept:
                    self._tell(f"the new release is in place, and did not open: {error}")
                    return UNFINISHED
                self._turn_back(progress, str(error))
            else:
                return self._ended(progress, UPGRADED)
        try:
            self._back(progress)
        except StepFailed as error:
            self._tell(f"the way back failed: {error}")
            self._tell("scripts/upgrade goes on with it; what it printed is in .state/upgrade/log")
            return UNFINISHED
        return self._ended(progress, TAKEN_BACK)

    def look_again(self, progress: Progress) -> None:
        """Call it before an upgrade that was cut off goes on: somebody may have opened the appliance since.

        What people write must be in the backup to which the way back leads, or there is no way back. Raises Refused
        where the way back would replace what they write, StepFailed if nobody knows whether it is open.
        """
        self._way.progress = progress
        forward = progress.direction == FORWARD
        closed = "close" in progress.done if forward else progress.touched and "restore" not in progress.done
        if not closed or NO_WAY_BACK in progress.kept or not self._way.opened():
            return
        if not forward:
            what = "somebody has opened the appliance before its backup is restored, which sets aside what people write"
            raise refuse("under way", what, f"{self._way.to_close}; then scripts/upgrade restores it")
        stays = ["prefetch"]
        if self._way.switching:
            progress.kept[NO_WAY_BACK] = True
            self._tell("somebody has opened the new release: it is stopped once more, and nothing is taken back")
            stays += ["close", "backup", "switch"]
        else:
            self._tell("somebody has opened the appliance: it is closed and backed up once more")
        progress.done = [step for step in progress.done if step in stays]
        progress.write(self._folder)

    def turn_back(self, progress: Progress, why: str) -> bool:
        """Have an upgrade that is under way taken back; whether that is still possible."""
        if NO_WAY_BACK in progress.kept:
            return False
        if progress.direction == FORWARD:
            self._turn_back(progress, why)
        return True

    def _forward(self, progress: Progress) -> None:
        for step in FORWARD_STEPS:
            if step == DURABLE:
                progress.touched = True
            if step == NO_WAY_BACK:
                progress.kept[NO_WAY_BACK] = True
            self._do(step, progress)

    def _turn_back(self, progress: Progress, why: str) -> None:
        progress.direction, progress.why_back, progress.done = BACK, why, []
        progress.write(self._folder)
        self._tell(f"back, because {why}")

    def _back(self, progress: Progress) -> None:
        for step in BACK_STEPS:
            if step == "restore" and not progress.touched:
                continue
            self._do(step, progress)

    def _do(self, step: str, progress: Progress) -> None:
        if step in progress.done:
            return
        progress.write(self._folder)
        began = time.monotonic()
        told: list[str] = []
        self._way.say = told.append
        try:
            getattr(self._way, step)()
        except OSError as error:
            raise StepFailed(f"{step.replace('_', ' ')}: {error}") from error
        progress.done.append(step)
        progress.write(self._folder)
        self._say(step, "; ".join(told) or "done", time.monotonic() - began)

    def _ended(self, progress: Progress, status: int) -> int:
        self._way.clear()
        progress.remove(self._folder)
        return status

    def _tell(self, sentence: str) -> None:
        self._say("", sentence, 0.0)
