"""The course of a run: the appliance, its load, the faults in turn, and the figures."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.faults.laboratory import halfway, kills, lines, losses, machine
from tests.faults.laboratory.champion import make_champion
from tests.faults.laboratory.fault import Bench, Fault, Skipped, answering, heal, spooled
from tests.faults.laboratory.line import State
from tests.faults.laboratory.load import Load
from tests.faults.laboratory.site import Site, wait
from tests.faults.laboratory.verify import Findings, examine
from tests.faults.laboratory.witness import Witness

DISK_MIB = 2560
TOLD = 20
"""Findings of one fault that are printed; the figures have all."""
BAD = ("lost", "doubled", "claimed_twice", "against_wish", "broken", "wrong", "not_healed")
"""Figures that must be zero."""
SETTINGS = {
    "CALLWISE_SETTLE_SECONDS": "5",
    "CALLWISE_WATCH_SECONDS": "5",
    "CALLWISE_REVIEW_SECONDS": "60",
    "CALLWISE_DISK_RESERVE_MIB": str(machine.RESERVE_MIB),
    # A small search: how good a model is does not matter here.
    "CALLWISE_TRAINING_WINDOW": "1500",
    "CALLWISE_SEARCH_TRIALS": "2",
    # Only the laboratory asks for trainings.
    "CALLWISE_RETRAIN_OUTCOMES": "1000000",
    "CALLWISE_RETRAIN_DAYS": "10000",
    "CALLWISE_INCIDENT_OUTCOMES": "1000000",
    "CALLWISE_REFRESH_OUTCOMES": "0",
    "CALLWISE_LIST_HOURS": "0",
    "CALLWISE_CODE_VERSION": "laboratory",
}


def every_fault() -> tuple[Fault, ...]:
    """The catalogue, in the order in which it is gone through."""
    return (*halfway.FAULTS, *kills.FAULTS, *lines.FAULTS, *machine.FAULTS, *losses.FAULTS, *halfway.LONG)


class Course:
    """One run in `folder`; the figures go to `out` after each fault, so an interrupted run leaves them."""

    def __init__(self, folder: Path, *, gone_seconds: float, short: bool, out: Path | None = None) -> None:
        self._short, self._out = short, out
        self.site = Site(folder, SETTINGS)
        self.witness = Witness(folder / "witness.jsonl")
        self.load = Load(self.site, self.witness)
        self.bench = Bench(self.site, self.load, self.witness, gone_seconds)
        self.faults: list[dict[str, Any]] = []
        self.skipped: dict[str, str] = {}
        self.not_healed: dict[str, str] = {}
        self.found = Findings()
        self.wrong: list[str] = []  # what the load met that no repeating mended
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """Print a line with the seconds since the beginning."""
        print(f"[{time.monotonic() - self._began:7.1f} s] {text}", flush=True)  # noqa: T201

    def run(self, faults: Iterable[Fault]) -> dict[str, Any]:
        """Go through `faults`; returns the figures."""
        try:
            self._begin()
            for fault in faults:
                self._one(fault)
                self._write()
            self._end()
        finally:
            self.site.close()
            self.site.give_disk_back()
            self.witness.close()
        self._write()
        return self.figures()

    def _begin(self) -> None:
        if not self._short:
            try:
                self.site.use_own_disk(DISK_MIB)
            except (OSError, subprocess.CalledProcessError) as error:
                self.say(f"without a disk of its own: {error}")
        self.site.start()
        self.say(f"{len(self.site.appliance.services)} services are well")
        version = make_champion(self.site)
        wait("the champion answering", lambda: answering(self.site) == version)
        self.load.start()
        wait("the load being at work", lambda: all(self.load.done.values()))
        self.say(f"version {version} answers, and the load is at work")

    def _one(self, fault: Fault) -> None:
        began = time.monotonic()
        try:
            healed = fault.inject(self.bench) or 0.0
            injected = time.monotonic() - began - healed
            healed += heal(self.bench, fault.within)
            new = self._examined()
        except Skipped as why:
            self.skipped[fault.name] = str(why)
            self.say(f"--  {fault.name}: not here; {why}")
            return
        except Exception as error:  # noqa: BLE001  it is a finding; the next fault has an appliance that runs
            self.not_healed[fault.name] = f"{type(error).__name__}: {error}"
            self.faults.append({"name": fault.name, "healed_s": None})
            self.say(f"BAD {fault.name}: {self.not_healed[fault.name]}")
            self._tell(self._taken())
            self._mend()
            return
        self.faults.append({"name": fault.name, "healed_s": round(healed, 1)})
        self.say(
            f"{'BAD' if new else 'ok '} {fault.name}: {injected:.1f} s, healed {healed:.1f} s later; "
            f"{self.witness.count()} acknowledged, {self.load.refused} answers were none"
        )
        self._tell(new)

    def _examined(self) -> list[str]:
        """Compare what was acknowledged with what is there; returns the findings that are new, which are kept."""
        with self.load.quiet():
            wait("the spool being empty", lambda: spooled(self.site) == 0)
            found = examine(self.site.database(), self.witness)
        return [*self.found.add(found), *self._taken()]

    def _taken(self) -> list[str]:
        """What the load met since the last time; it is kept."""
        new = self.load.take_wrong()
        self.wrong += new
        return new

    def _tell(self, found: list[str]) -> None:
        for text in found[:TOLD]:
            self.say(f"      {text[:400]}")

    def _end(self) -> None:
        """End the load, and look at all of it once more: what was under way is acknowledged only now."""
        try:
            self.load.stop()
            new = self._examined()
        except Exception as error:  # noqa: BLE001  the findings of the faults are kept
            self.not_healed["the end of the run"] = f"{type(error).__name__}: {error}"
            new = [self.not_healed["the end of the run"], *self._taken()]
        self._tell(new)

    def _mend(self) -> None:
        """Start the appliance again, so that the next fault meets one that is well."""
        self.site.extra.clear()
        for line in self.site.lines.values():
            line.become(State.OPEN)
        (self.site.disk / "ballast").unlink(missing_ok=True)
        try:
            self.site.stop()
            self.site.again()
            self.load.reconnect()
        except Exception as error:  # noqa: BLE001  the next fault says what is wrong
            self.say(f"it could not be started again: {error}")

    def figures(self) -> dict[str, Any]:
        """What there is so far."""
        return {
            "injected": len(self.faults),
            "acknowledged": self.witness.count(),
            **{name: len(found) for name, found in vars(self.found).items()},
            "wrong": len(self.wrong),
            "not_healed": len(self.not_healed),
            "skipped": self.skipped,
            "faults": self.faults,
            "findings": [*self.found.sentences(), *self.wrong, *(f"{n}: {why}" for n, why in self.not_healed.items())],
        }

    def _write(self) -> None:
        if self._out:
            self._out.write_text(json.dumps(self.figures(), indent=1) + "\n", encoding="utf-8")
