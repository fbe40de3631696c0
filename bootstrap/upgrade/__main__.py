"""The command line of the upgrade; `scripts/upgrade` calls it, from a copy once an upgrade is under way."""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from bootstrap.upgrade.commands import Commands
from bootstrap.upgrade.compose_way import ComposeWay
from bootstrap.upgrade.embedded_way import EmbeddedWay
from bootstrap.upgrade.engine import REFUSED, TAKEN_BACK, UNFINISHED, UPGRADED, Engine
from bootstrap.upgrade.progress import FILE, FORWARD, Progress
from bootstrap.upgrade.refusals import Refused, StepFailed, refuse
from bootstrap.upgrade.way import Way

RUNNER = "runner"
"""The copy of this package in the upgrade's folder."""


def arguments(argv: list[str] | None) -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser("scripts/upgrade", description="Upgrades the appliance to another version.")
    parser.add_argument("version", nargs="?", help="a tag, a branch or a commit; without it, the newest tag")
    parser.add_argument("--check", action="store_true", help="say what speaks against it, and change nothing")
    parser.add_argument("--back", action="store_true", help="take the upgrade that is under way back")
    parser.add_argument("--seconds", type=float, default=900.0, help="time in which all services must be well (900)")
    parser.add_argument("--only", default="", help=argparse.SUPPRESS)  # services to check, for tests
    return parser.parse_args(argv)


class Terminal:
    """Prints each step with its time."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, step: str, sentence: str, seconds: float) -> None:
        """Print one line; a sentence without a step is about the whole."""
        what = f"{step.replace('_', ' ')}: {sentence}" if step else sentence
        took = f", in {seconds:.1f} s" if step else ""
        print(f"[{time.monotonic() - self._began:6.1f} s] {what}{took}", flush=True)


def main(argv: list[str] | None = None) -> int:
    """Upgrade, go on, or take back; returns the exit status."""
    asked, root, terminal = arguments(argv), Path(os.environ["UPGRADE_ROOT"]), Terminal()
    folder = root / ".state" / "upgrade"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    signal.signal(signal.SIGTERM, _end)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup sets it
        signal.signal(signal.SIGHUP, _end)
    with open(folder / "lock", "a", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("upgrade: another upgrade is at work here -> wait until it has ended", file=sys.stderr)
            return REFUSED
        return _reported(asked, root, folder, terminal)


def _reported(asked: argparse.Namespace, root: Path, folder: Path, terminal: Terminal) -> int:
    """Upgrade; an error is said with how far the upgrade is, and gives its exit status."""
    try:
        return _upgrade(asked, root, folder, terminal)
    except Refused as refused:
        for one in refused.refusals:
            print(f"refused: {one}", file=sys.stderr)
        _say_what_stands(folder)
        return REFUSED
    except StepFailed as error:
        what = f"upgrade: {error}"
        if not _under_way(folder):
            what = f"refused: prefetch: {error}\n-> put that right, and run it again"
    except KeyboardInterrupt:
        what = "\nInterrupted."
    except Exception as error:  # noqa: BLE001  whatever it is, a person is told how far the upgrade is
        traceback.print_exc()
        what = f"upgrade: {type(error).__name__}: {error}"
    print(what, file=sys.stderr)
    return _say_what_stands(folder)


def _upgrade(asked: argparse.Namespace, root: Path, folder: Path, terminal: Terminal) -> int:
    commands = Commands(root, folder / "log", {"GIT_TERMINAL_PROMPT": "0"})
    progress = Progress.read(folder)
    if progress is None:
        if asked.back:
            raise refuse("back", "no upgrade is under way here", "to go to an older version, restore a backup of it")
        way = _way(root, folder, commands, _appliance(root, commands, asked))
        progress = _begin(asked, way, root, folder)
        if progress is None:
            return UPGRADED
        terminal.say("preflight", f"from {_words(progress.before)} to {_words(progress.wanted)}, {way.name}", 0.0)
    else:
        if asked.check:
            what = f"the upgrade to {_words(progress.wanted)}, {progress.direction}"
            raise refuse("under way", what, "it is gone on with or taken back before another one begins")
        way = _way(root, folder, commands, progress.kept["appliance"])
        if asked.version and asked.version not in (progress.wanted["name"], progress.wanted["commit"]):
            raise refuse("under way", f"the upgrade to {_words(progress.wanted)}", "end that one first")
        terminal.say("", f"going on with the upgrade to {_words(progress.wanted)}, {progress.direction}", 0.0)
    engine = Engine(way, folder, terminal.say)
    engine.look_again(progress)
    if asked.back and not engine.turn_back(progress, "it was asked for"):
        raise refuse(
            "back", "people write with the new release already", "restore a backup: docs/operations.md, Restore"
        )
    status = engine.run(progress)
    if status == UPGRADED:
        terminal.say("", f"Upgraded to {_words(progress.wanted)}.", 0.0)
    elif status == TAKEN_BACK:
        terminal.say("", f"Taken back to {_words(progress.before)}.", 0.0)
    if status != UNFINISHED:
        shutil.rmtree(folder / RUNNER, ignore_errors=True)
    return status


def _begin(asked: argparse.Namespace, way: Way, root: Path, folder: Path) -> Progress | None:
    """A new upgrade, which nothing speaks against; None if that was all that was asked. Raises Refused."""
    checkout, by_hand = way.checkout, "docs/operations.md, Upgrade, By hand"
    if not checkout.exists:
        raise refuse("checkout", f"{root} is no git checkout", by_hand)
    if asked.version and Path(asked.version).is_file():
        raise refuse("version", f"{asked.version} is a file: a bundle has no history to go back to", by_hand)
    present, wanted = checkout.present(), checkout.wanted(asked.version)
    way.progress = progress = Progress(way.name, vars(present).copy(), vars(wanted).copy(), FORWARD)
    try:
        found = [*checkout.refusals(present, wanted), *way.refusals()]
    except StepFailed as error:
        raise refuse("checkout", str(error), "git status says more") from error
    if found:
        raise Refused(found)
    if asked.check:
        print(f"Nothing speaks against an upgrade from {present.name} to {wanted.name} ({wanted.commit[:12]}).")
        return None
    progress.kept["appliance"] = way.described()
    _keep_runner(folder)
    progress.write(folder)
    return progress


def _appliance(root: Path, commands: Commands, asked: argparse.Namespace) -> dict[str, Any]:
    """Which appliance is meant, as `deploy/in_appliance.sh` finds it."""
    state = os.environ.get("CALLWISE_STATE")
    if not state:
        _, running = commands.output("docker", "compose", "ps", "--quiet", "--status", "running", "backup")
        if running.strip():
            return {"way": ComposeWay.name, "seconds": asked.seconds}
    folder = Path(state) if state else root / ".state" / "demo"
    return {"way": EmbeddedWay.name, "state": str(folder.resolve()), "only": asked.only, "seconds": asked.seconds}


def _way(root: Path, folder: Path, commands: Commands, appliance: dict[str, Any]) -> Way:
    def silent(_sentence: str) -> None:
        """The engine says it with the step."""

    if appliance["way"] == ComposeWay.name:
        return ComposeWay(root, folder, commands, silent, seconds=appliance["seconds"])
    own = {name: appliance[name] for name in ("only", "seconds")}
    return EmbeddedWay(root, folder, commands, silent, state=Path(appliance["state"]), **own)


def _keep_runner(folder: Path) -> None:
    """Copy this package: a killed upgrade goes on with the code that began it."""
    here, there = Path(__file__).resolve().parent, folder / RUNNER / "bootstrap"
    shutil.rmtree(folder / RUNNER, ignore_errors=True)
    there.mkdir(parents=True, mode=0o700)
    shutil.copy(here.parent / "__init__.py", there)
    shutil.copytree(here, there / "upgrade", ignore=shutil.ignore_patterns("__pycache__"))


def _under_way(folder: Path) -> bool:
    return (folder / FILE).exists()


def _say_what_stands(folder: Path) -> int:
    """Say that nothing was changed, or how an upgrade that is under way goes on; returns the exit status of that."""
    if not _under_way(folder):
        print("Nothing was stopped and nothing was changed.", file=sys.stderr)
        return REFUSED
    print("scripts/upgrade goes on with it, --back takes it back while it can; see .state/upgrade/log", file=sys.stderr)
    return UNFINISHED


def _words(version: dict[str, str]) -> str:
    return f"{version['name']} ({version['commit'][:12]})"


def _end(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
