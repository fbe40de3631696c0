"""The command line of the embedded appliance; `scripts/demo` installs what it needs and calls it."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from bootstrap.demo import story_settings
from bootstrap.demo.child_commands import child_command
from bootstrap.demo.progress import Progress
from bootstrap.demo.storyteller import Storyteller
from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.environment import ROOT
from bootstrap.embedded.log_errors import LogWatch
from bootstrap.embedded.processes import find_processes
from bootstrap.embedded.watch import Watch
from bootstrap.setup import preflight
from bootstrap.setup.accounts import waits_for_first
from core.errors import CallwiseError, Conflict
from core.settings.addresses import MongoSettings
from core.settings.loading import load
from core.stores.mongo import connect

DEFAULT_STATE = ROOT / ".state" / "demo"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """A request to end: Ctrl-C, SIGTERM, or a closed terminal."""


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The parsed command line; exits with status 2 and a sentence if the options contradict each other."""
    parser = argparse.ArgumentParser("scripts/demo", description="Runs the whole appliance on this machine.")
    parser.add_argument("--reset", action="store_true", help="delete the state of earlier runs first")
    parser.add_argument("--port-base", type=int, metavar="N", help="use the ports from N on (default: free ones)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="folder of the data (default: .state/demo)")
    parser.add_argument(
        "--no-story", action="store_true", help="the sample and its first model alone, with the defaults"
    )
    parser.add_argument("--story", action="store_true", help="play the story slowly enough to watch it")
    parser.add_argument("--speed", type=float, metavar="X", help="with --story: so many times faster (default: 1)")
    parser.add_argument("--check", action="store_true", help="run the whole loop once with an empty state, then end")
    parser.add_argument("--campaign", type=Path, metavar="FILE", help="with --check: a file to use for the sample's")
    parser.add_argument("--kind", type=Path, metavar="YAML", help="with --check: the campaign kind of that file")
    parser.add_argument(
        "--idle",
        type=float,
        metavar="SECONDS",
        help="with --check: then wait so long without work; no log may have an error",
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="with --check: write the verdict there")
    parser.add_argument("--began", type=float, default=time.time(), help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if not asked.check and (asked.campaign or asked.kind or asked.idle or asked.json):
        parser.error("--campaign, --kind, --idle and --json go with --check")
    if asked.check and (asked.story or asked.no_story):
        parser.error("--check has no story, so leave out --story and --no-story")
    if asked.story and asked.no_story:
        parser.error("choose one of --story and --no-story")
    if asked.speed is not None and (not asked.story or asked.speed <= 0):
        parser.error("--speed goes with --story, and is more than 0")
    if asked.kind and not asked.campaign:
        parser.error("--kind goes with --campaign: the sample is not of another kind")
    if asked.check and asked.reset:
        parser.error("--check always starts with an empty state, so leave out --reset")
    if asked.check and asked.state and asked.state.exists() and any(asked.state.iterdir()):
        parser.error(f"--check needs an empty state folder, and {asked.state} is not empty")
    if asked.campaign and not asked.campaign.is_file():
        parser.error(f"there is no file {asked.campaign}")
    if asked.kind and not asked.kind.is_file():
        parser.error(f"there is no file {asked.kind}")
    return asked


def demo(asked: argparse.Namespace, console: Console) -> int:
    """Run until a request to end; returns the exit status."""
    state = (asked.state or DEFAULT_STATE).resolve()
    with_story = not asked.no_story and story_settings.has_story(state, reset=asked.reset)
    if asked.story and not with_story:
        raise Conflict(
            f"The appliance in {state} began without a story.",
            kept="It was left as it is.",
            next="Start over with --reset, or name another folder with --state.",
        )
    own = story_settings.SETTINGS if with_story else {}
    appliance = Appliance(state, port_base=asked.port_base, inherited={**own, **os.environ})
    console.print(f"Starting in {state}. The first start takes a few minutes.", highlight=False)
    try:
        appliance.start(reset=asked.reset)
        if with_story:
            story_settings.begin(appliance.state)
        first, last = min(appliance.ports.values()), max(appliance.ports.values())
        why = ", because a port of the last start is taken" if appliance.moved and asked.port_base is None else ""
        console.print(f"On ports {first} to {last}{why}.", highlight=False)
        watch = Watch(appliance)
        with Progress(appliance.services, console) as progress:
            watch.wait_healthy(progress.report)
        with child_command(appliance, "bootstrap.check.journey") as journey:
            for line in journey:
                console.print(f"  {line}", markup=False, highlight=False)
        if journey.status:
            console.print("There is no ranked campaign yet (see above). The appliance runs nevertheless.")
        _invite(appliance, console)
        with _story(asked, appliance, console) if with_story and not journey.status else nullcontext():
            watch.forever(
                lambda status: console.print(f"{status.service.label}: {status.state} {status.detail}", highlight=False)
            )
    except Stopped:
        _stop(appliance, console)
        console.print(f"Stopped. The state stays in {state}; scripts/demo continues with it.", highlight=False)
        return 0
    finally:
        _stop(appliance, console)


def _invite(appliance: Appliance, console: Console) -> None:
    """Print the addresses, and what to do next."""
    console.print("\nCallwise is running.", style="bold")
    for label, address in appliance.pages().items():
        console.print(f"  {label:<12}{address}", highlight=False)
    console.print(f"  {'Logs':<12}{appliance.state.path / 'log'}", highlight=False)
    console.print(
        f"\nPrefect asks for {appliance.env['PREFECT_API_AUTH_STRING']} once in each browser.", highlight=False
    )
    if first := _first_password(appliance):
        console.print(f"\nSign in as admin with the password {first}, and choose one of your own.", highlight=False)
    console.print("\nOpen the call list in a browser, choose the campaign, and take the first person to call.")
    console.print("Ctrl-C stops everything; the state stays, and scripts/demo continues with it.\n")


def _story(asked: argparse.Namespace, appliance: Appliance, console: Console) -> Storyteller:
    """The story, beside the appliance; says how it is played, and with which settings."""
    own = story_settings.differing(os.environ)
    console.print("The story goes on below, in this terminal and on every page: you may look while it is played.")
    console.print(f"It has settings that are quicker than the defaults: {own}", highlight=False)
    console.print("scripts/demo --no-story --reset has the defaults and no story.\n", highlight=False)
    speed = (asked.speed or 1.0) if asked.story else None
    return Storyteller(appliance, lambda line: console.print(line, markup=False, highlight=False), speed)


def _first_password(appliance: Appliance) -> str:
    """The first password of `admin`, while it is still valid; else empty."""
    env = appliance.env
    return env["ADMIN_PASSWORD"] if waits_for_first(connect(load(MongoSettings, env))) else ""


def run_check(asked: argparse.Namespace, console: Console) -> int:
    """Run the whole loop once in a new state folder, deleted after success; returns the exit status."""
    state = (asked.state or Path(tempfile.mkdtemp(prefix="callwise-check-"))).resolve()
    appliance = Appliance(state, port_base=asked.port_base)
    hops: list[dict[str, Any]] = []
    status = 1
    try:
        appliance.start()
        with Progress(appliance.services, console) as progress:
            Watch(appliance).wait_healthy(progress.report)
        hops.append({"name": "start", "ok": True, "saw": f"{len(appliance.services)} services are well"})
        status = _hops(appliance, asked.campaign, hops, console)
        if asked.idle and not status:
            hops.append(_idle(appliance, asked.idle, console))
    except CallwiseError as error:
        hops.append({"name": "start", "ok": False, "saw": str(error)})
        console.print(f"BAD start: {error}", markup=False, highlight=False)
    except Stopped:
        _stop(appliance, console)
        shutil.rmtree(state)
        raise
    finally:
        _stop(appliance, console)
    left = find_processes(state)
    hops.append({"name": "stop", "ok": not left, "saw": f"{len(left)} processes left behind"})
    ok = status == 0 and all(hop["ok"] for hop in hops)
    seconds = round(time.time() - asked.began, 1)
    if asked.json:
        asked.json.write_text(json.dumps({"ok": ok, "seconds": seconds, "hops": hops}, indent=2) + "\n")
    if ok:
        shutil.rmtree(state)
    else:
        console.print(f"The state and the logs stay in {state}.", highlight=False)
    console.print(f"{'All hops are well' if ok else 'Some hops failed'}, after {seconds:.0f} s.", highlight=False)
    return 0 if ok else 1


def _hops(appliance: Appliance, campaign: Path | None, hops: list[dict[str, Any]], console: Console) -> int:
    """Run the check and append its hops to `hops`; returns its exit status."""
    chosen = ["--campaign", str(campaign.resolve())] if campaign else []
    page = appliance.pages()["Call list"]
    with child_command(appliance, "bootstrap.check.hops", "--lines", "--app-url", page, *chosen) as check:
        for line in check:
            report = _parsed(line)
            if hop := report.get("hop"):
                hops.append(hop)
                console.print(f"{'ok ' if hop['ok'] else 'BAD'} {hop['name']}: {hop['saw']}", markup=False)
            else:
                console.print(f"  {report.get('progress', line)}", markup=False, highlight=False)
        if check.status and all(hop["ok"] for hop in hops):
            hops.append({"name": "check", "ok": False, "saw": f"the check itself ended with status {check.status}"})
        return check.status


def _idle(appliance: Appliance, seconds: float, console: Console) -> dict[str, Any]:
    """Wait for `seconds` without work and print the errors logged meanwhile; the hop is ok if there are none."""
    console.print(f"  idle: nothing happens for {seconds:.0f} s", highlight=False)
    listening = LogWatch(appliance.state.path / "log")
    time.sleep(seconds)
    faults = listening.new_errors()
    for fault in faults:
        console.print(f"  idle: {fault}", markup=False, highlight=False)
    saw = f"{len(faults)} errors in the logs while nothing happened for {seconds:.0f} s"
    console.print(f"{'BAD' if faults else 'ok '} idle: {saw}", markup=False)
    return {"name": "idle", "ok": not faults, "saw": saw}


def _parsed(line: str) -> dict[str, Any]:
    """A line of the check: an object with `hop` or `progress`; empty for the output of a library."""
    try:
        report = json.loads(line)
    except ValueError:
        return {}
    return report if isinstance(report, dict) else {}


def _stop(appliance: Appliance, console: Console) -> None:
    """Stop, and ignore signals meanwhile, so that no appliance is left half stopped."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    if appliance.running:
        console.print("Stopping: the screens and jobs first, then the servers, then storage ...")
        appliance.stop()


def _on_signal(number: int, _frame: FrameType | None) -> None:
    raise Stopped(signal.Signals(number).name)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the demo or the check; returns the exit status."""
    asked = arguments(argv)
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup ignores SIGHUP on purpose
            signal.signal(number, _on_signal)
    console = Console(soft_wrap=True)
    try:
        if asked.kind:
            # The kind takes the place of the shipped one in this run alone, whose state is deleted.
            os.environ["CALLWISE_SCHEMA"] = str(asked.kind.resolve())
        preflight.check(os.environ, series=True)
        return run_check(asked, console) if asked.check else demo(asked, console)
    except CallwiseError as error:
        for line in (error.what, error.kept, error.next):
            if line:
                console.print(line, markup=False, highlight=False)
        return 1
    except Stopped as signalled:
        console.print(f"Stopped by {signalled}.")
        return 130


if __name__ == "__main__":
    sys.exit(main())
