"""The command line of the embedded appliance; `scripts/demo` installs what it needs and calls it."""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from rich.console import Console

from bootstrap import check, journey
from bootstrap.embedded import Appliance
from bootstrap.environment import ROOT
from bootstrap.progress import Progress
from core.errors import CallwiseError

DEFAULT_STATE = ROOT / ".state" / "demo"


class Stopped(BaseException):
    """Somebody wants it to end: Ctrl-C, SIGTERM, or the terminal was closed."""


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("scripts/demo", description="Runs the whole appliance on this machine.")
    parser.add_argument("--reset", action="store_true", help="delete the state of former runs first")
    parser.add_argument("--port-base", type=int, metavar="N", help="use the ports from N on (default: free ones)")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where it keeps its data (default: .state/demo)")
    parser.add_argument("--check", action="store_true", help="go once round the loop in a state of its own, then end")
    parser.add_argument("--campaign", type=Path, metavar="FILE", help="with --check: a campaign file for the sample's")
    parser.add_argument("--json", type=Path, metavar="OUT", help="with --check: write the verdict there")
    parser.add_argument("--began", type=float, default=time.time(), help=argparse.SUPPRESS)
    asked = parser.parse_args(argv)
    if not asked.check and (asked.campaign or asked.json):
        parser.error("--campaign and --json go with --check")
    if asked.check and asked.reset:
        parser.error("--check always starts with an empty state; --reset does not go with it")
    if asked.check and asked.state and asked.state.exists() and any(asked.state.iterdir()):
        parser.error(f"--check needs an empty state folder, and {asked.state} is not")
    if asked.campaign and not asked.campaign.is_file():
        parser.error(f"there is no file {asked.campaign}")
    return asked


def demo(asked: argparse.Namespace, console: Console) -> int:
    """Run until told to stop."""
    state = asked.state or DEFAULT_STATE
    appliance = Appliance(state, port_base=asked.port_base)
    stopped = False
    try:
        console.print(f"Starting in {state}. The first start takes a few minutes.", highlight=False)
        appliance.start(reset=asked.reset)
        with Progress(appliance.services, console) as progress:
            appliance.wait_healthy(progress.report)
        journey.first_run(appliance, lambda words: console.print(words, highlight=False))
        console.print("\nCallwise is running:", style="bold")
        for label, address in appliance.pages().items():
            console.print(f"  {label:<12}{address}", highlight=False)
        console.print(f"\nOpen the call list: {appliance.pages()['Call list']}", highlight=False)
        console.print(f"Logs are in {appliance.state.path / 'log'}. Ctrl-C stops it; the state is kept.\n")
        appliance.watch(
            lambda status: console.print(f"{status.service.label}: {status.state} {status.detail}", highlight=False)
        )
    except Stopped:
        stopped = True
    finally:
        _stop(appliance, console)
        if stopped:
            console.print(f"Stopped. The state is kept in {state}; scripts/demo goes on with it.", highlight=False)
    return 0


def run_check(asked: argparse.Namespace, console: Console) -> int:
    """Once round the loop in a new state folder, which is deleted if all is well. The exit status: 0 if it is."""
    state = asked.state or Path(tempfile.mkdtemp(prefix="callwise-check-"))
    appliance = Appliance(state, port_base=asked.port_base)
    hops: list[check.Hop] = []
    try:
        appliance.start(reset=True)
        with Progress(appliance.services, console) as progress:
            appliance.wait_healthy(progress.report)
        hops = check.run(appliance, asked.campaign, lambda words: console.print(words, highlight=False))
    except CallwiseError as error:
        hops.append(check.Hop("start", False, str(error)))
    except Stopped:
        _stop(appliance, console)
        shutil.rmtree(state)
        raise
    finally:
        _stop(appliance, console)
    ok = bool(hops) and all(hop.ok for hop in hops)
    seconds = round(time.time() - asked.began, 1)
    for hop in hops:
        console.print(f"{'ok  ' if hop.ok else 'FAIL'}  {hop.name}: {hop.saw}", markup=False, highlight=False)
    console.print(f"{'All well' if ok else 'Not well'} after {seconds:.0f} s.", highlight=False)
    if asked.json:
        verdict = {"ok": ok, "seconds": seconds, "hops": [vars(hop) for hop in hops]}
        asked.json.write_text(json.dumps(verdict, indent=2) + "\n")
    if ok:
        shutil.rmtree(state)
    else:
        console.print(f"Its state and logs are kept in {state}.", highlight=False)
    return 0 if ok else 1


def _stop(appliance: Appliance, console: Console) -> None:
    """Stop, and let nothing interrupt that: a half-stopped appliance is what nobody wants."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if appliance.running:
        console.print("Stopping: the screens and jobs first, then the servers, then storage ...")
        appliance.stop()


def _on_signal(number: int, frame: FrameType | None) -> None:
    raise Stopped(signal.Signals(number).name)


def main(argv: Sequence[str] | None = None) -> int:
    asked = arguments(argv)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    console = Console(soft_wrap=True)
    try:
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
