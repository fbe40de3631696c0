"""Runs the commands of the appliance and of git; all they print goes to the log of the upgrade."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bootstrap.upgrade.refusals import StepFailed

LAST = 12
"""Lines of what a failed command printed that are repeated in the error."""


@dataclass(frozen=True)
class Commands:
    """Runs commands in the folder `root`, with these variables beside those of the caller."""

    root: Path
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def run(
        self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, fails: Sequence[int] = ()
    ) -> str:
        """What the command printed, errors among it. Raises StepFailed unless it ends with 0 or one of `fails`."""
        status, text = self.ask(*words, cwd=cwd, env=env)
        if status not in (0, *fails):
            last = "\n".join(text.strip().splitlines()[-LAST:])
            raise StepFailed(f"'{' '.join(words[:6])}' ended with status {status}:\n{last}")
        return text

    def ask(self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> tuple[int, str]:
        """The status of the command and what it printed; 127 if there is no such program."""
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Written to the log while it runs: a person may follow a build that takes minutes.
        with open(self.log, "a+", encoding="utf-8", errors="replace") as log:
            log.write(f"$ {' '.join(words)}\n")
            log.flush()
            begin = log.tell()
            try:
                process = subprocess.Popen(
                    words,
                    cwd=cwd or self.root,
                    env={**os.environ, **self.env, **(env or {})},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    preexec_fn=_ends_with_us,  # noqa: PLW1509  the upgrade has one thread
                    start_new_session=True,  # Ctrl-C reaches us alone, and what the command has started ends with it
                )
            except FileNotFoundError:
                return 127, f"{words[0]}: there is no such program"
            status = _ended(process)
            log.seek(begin)
            return status, log.read()

    def output(self, *words: str, cwd: Path | None = None) -> tuple[int, str]:
        """The status of a short question, and what it answered without its errors; not logged."""
        try:
            done = subprocess.run(
                words,
                cwd=cwd or self.root,
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError:
            return 127, ""
        return done.returncode, done.stdout


def _ended(process: subprocess.Popen[bytes]) -> int:
    """The status of the process, which is asked to end if we are interrupted: it puts back what it moved away."""
    try:
        return process.wait()
    except BaseException:
        with suppress(ProcessLookupError):  # it had ended by then
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise


def _ends_with_us() -> None:
    """Have the kernel end the command when the upgrade is killed: the next run repeats the step."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG, prctl(2)
