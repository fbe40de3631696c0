"""Steady work on the appliance under test: agents call, programs ask for scores, files come in.

Whoever works repeats what was not acknowledged, as a person or a program would, and writes down what was.
"""

from __future__ import annotations

import csv
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from bench import crowd
from core.calls.claims import claim
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.errors import CallwiseError, Conflict, Unavailable
from core.files.campaign_file import CampaignFile
from core.imports.importer import ImportRequest, import_campaign
from core.scoring.client import ScoringClient
from core.settings.addresses import ScoringSettings
from core.settings.loading import load
from core.stores import event_log
from core.stores.events import Event
from core.stores.mongo import Db, Document, count
from tests.faults.laboratory.site import REFERENCE, Site
from tests.faults.laboratory.witness import Witness
from tests.scoring.processes import some_rows

T = TypeVar("T")
AGENTS, ASKERS, ROWS = 3, 2, 4
FILE, SHIFT, FEW = 240, 180, 120
"""People in a file; how many are new in it against the file before; open people below which the next file comes."""
CALL_SECONDS, ASK_SECONDS, LOOK_SECONDS = 0.4, 0.5, 2.0
AGAIN_SECONDS, STOP_SECONDS = 0.3, 600
RESULTS = ((Result.DO_NOT_CALL, 0.08), (Result.NO_ANSWER, 0.12), (Result.SOLD, 0.2), (Result.REFUSED, 0.6))
CAMPAIGN = "list"


def write_file(site: Site, path: Path, first: int, people: int = FILE) -> None:
    """A campaign file with the people from number `first` on; the number is their reference."""
    chance = random.Random(first)
    rows = [crowd.file_row(site.schema, f"c{first + number:06d}", chance) for number in range(people)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)


def bring(db: Db, site: Site, path: Path, campaign: str) -> int:
    """Import a file; returns how many people of it the campaign has. Raises CallwiseError."""
    request = ImportRequest(CampaignFile.open(path), campaign, by="laboratory")
    report = import_campaign(db, site.schema, request, rejects=path.with_suffix(".rejects"))
    assert not report.rejected, report
    return report.inserted + report.unchanged + report.changed


class Load:
    """The work, in threads, which `quiet` holds for a moment."""

    def __init__(self, site: Site, witness: Witness) -> None:
        self.site, self.witness = site, witness
        self._wrong: list[str] = []  # what no repeating mends
        self.refused = 0  # answers that were no acknowledgement
        self.done = dict.fromkeys(("call", "score", "import"), 0)
        self._threads: list[threading.Thread] = []
        self._idle: set[str] = set()
        self._hold, self._end = threading.Event(), threading.Event()
        self._files = 0
        self._place = 0
        self._name = f"{random.Random().getrandbits(32):x}"

    def start(self) -> None:
        """Begin."""
        self.reconnect()
        works: dict[str, Callable[[str], None]] = {f"agent-{n}": self._call for n in range(AGENTS)}
        works |= {f"asker-{n}": self._ask for n in range(ASKERS)} | {"files": self._bring}
        for name, work in works.items():
            thread = threading.Thread(target=self._work, args=(name, work), name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End, once everybody has what they are at acknowledged. Raises AssertionError if somebody has not."""
        self._hold.clear()
        self._end.set()
        deadline = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        left = [thread.name for thread in self._threads if thread.is_alive()]
        assert not left, f"not acknowledged at the end: what {left} are at"

    def take_wrong(self) -> list[str]:
        """What no repeating mended since the last call, as sentences."""
        taken = list(self._wrong)
        del self._wrong[: len(taken)]
        return taken

    def reconnect(self) -> None:
        """Use the addresses of now: the appliance may have been started again elsewhere."""
        env = self.site.env(over_lines=True)
        self.db = self.site.database(over_lines=True)
        self.scoring = ScoringClient(load(ScoringSettings, env), self.site.schema)

    @contextmanager
    def quiet(self, seconds: float = 600.0) -> Iterator[None]:
        """Nobody works meanwhile; what was begun is acknowledged. Raises AssertionError after `seconds`."""
        self._hold.set()
        deadline = time.monotonic() + seconds
        try:
            while len(self._idle) < sum(thread.is_alive() for thread in self._threads):
                assert time.monotonic() < deadline, f"not acknowledged within {seconds:g} s; idle: {self._idle}"
                time.sleep(0.05)
            yield
            self.reconnect()  # the appliance may have been started again
        finally:
            self._hold.clear()

    def _work(self, name: str, work: Callable[[str], None]) -> None:
        while not self._end.is_set():
            if self._hold.is_set():
                self._idle.add(name)
                time.sleep(0.02)
                continue
            self._idle.discard(name)
            try:
                work(name)
            except Exception as error:  # noqa: BLE001  it is a finding, and the others go on
                self._wrong.append(f"{name}: {type(error).__name__}: {error}")
                time.sleep(1)

    def _again(self, do: Callable[[], T], busy: type[CallwiseError] = Unavailable) -> T:
        """What `do` gives, repeated until it is acknowledged; `busy`: another error after which it may be repeated."""
        while True:
            try:
                return do()
            except (Unavailable, busy):
                self.refused += 1
                time.sleep(AGAIN_SECONDS)

    # --- agents -----------------------------------------------------------------------------------------------------

    def _call(self, agent: str) -> None:
        campaign = f"{CAMPAIGN}-{self._files}"
        if not self._files:
            time.sleep(0.2)
            return
        after = self.witness.place
        held = self._again(lambda: claim(self.db, campaign, agent))
        if held is None:
            time.sleep(0.5)
            return
        self.witness.write("claim", prospect=held["_id"], ref=held["ref"], agent=agent, after=after)
        time.sleep(CALL_SECONDS)
        number = int(held.get("calls") or 0) + 1
        result = _drawn(held)
        report = CallReport(result, everywhere=True)
        try:
            call = self._again(lambda: record(self.db, held["_id"], agent, report, call=number))
        except Conflict as error:
            self._wrong.append(f"{agent} could not record {result} for {held['_id']}: {error}")
            self.witness.write("refused", prospect=held["_id"], agent=agent)
            return
        kind = "wish" if result is Result.DO_NOT_CALL else "call"
        self.witness.write(
            kind, key=call["_id"], prospect=held["_id"], ref=held["ref"], agent=agent, result=result.value
        )
        self.done["call"] += 1

    # --- programs ---------------------------------------------------------------------------------------------------

    def _ask(self, name: str) -> None:
        self._place += 1
        request = f"lab-{self._name}-{name}-{self._place}"
        rows = some_rows(self.site.schema, ROWS, seed=self._place)
        people = [f"{request}-p{number}" for number in range(ROWS)]
        scores = self._again(lambda: self.scoring.score(rows, people, request_id=request))
        told = [[one.prediction, one.score, one.version, one.route] for one in scores]
        self.witness.write("score", request=request, rows=told)
        self.done["score"] += 1
        time.sleep(ASK_SECONDS)

    # --- files ------------------------------------------------------------------------------------------------------

    def _bring(self, _name: str) -> None:
        open_people = {"campaign": f"{CAMPAIGN}-{self._files}", "status": "open"}
        if self._files and self._again(lambda: counted(self.db, open_people)) > FEW:
            time.sleep(LOOK_SECONDS)
            return
        number = self._files + 1
        path = self.site.folder / f"file-{number}.csv"
        write_file(self.site, path, first=number * SHIFT)
        # An import that was cut off counts as running until it has been silent for a while.
        many = self._again(lambda: bring(self.db, self.site, path, f"{CAMPAIGN}-{number}"), Conflict)
        self.witness.write("import", campaign=f"{CAMPAIGN}-{number}", people=many)
        key = self._again(
            lambda: event_log.append(self.db, who="laboratory", what=Event.SCRIPT_CHANGED, subject=f"file {number}")
        )
        self.witness.write("event", key=event_log.key(key), subject=f"file {number}")
        self.done["import"] += 1
        self._files = number


def counted(db: Db, query: Document) -> int:
    """The number of prospects that match. Raises Unavailable."""
    try:
        return count(db.prospects, query)
    except CallwiseError:
        raise
    except Exception as error:
        raise Unavailable(str(error)) from error


def _drawn(prospect: Document) -> Result:
    """What comes of the call, by the person's key."""
    luck = random.Random(f"{prospect[REFERENCE] if REFERENCE in prospect else prospect['_id']}").random()
    for result, share in RESULTS:
        if luck < share:
            return result
        luck -= share
    return Result.REFUSED
