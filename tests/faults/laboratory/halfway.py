"""Work that is killed in its middle, and done again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from bootstrap.embedded.appliance import Appliance
from bootstrap.embedded.watch import Watch
from core.calls.lifecycle import Result
from core.calls.recording import CallReport, record
from core.errors import Conflict
from core.privacy import requests as erasures
from core.schema.person import Person
from core.settings.addresses import MongoSettings, PrefectSettings
from core.settings.loading import load
from core.stores.embedded_mongo import key_in_order
from core.stores.mongo import connect, count
from monitor.flows.erasures import FLOW as ERASING
from monitor.flows.prefect_runs import FLOW, FlowRun, PrefectRuns
from tests.faults.laboratory.champion import add_version, registry_of, succession_of
from tests.faults.laboratory.fault import Bench, Fault, answering
from tests.faults.laboratory.load import bring, write_file
from tests.faults.laboratory.site import Site, wait

DYING = "tests.faults.laboratory.dying"
PEOPLE, KILLED_AT = 3_500, 2_000
BACKUP, RESTORE = "bootstrap.backup", "bootstrap.backup.from_archive"
PARTS = (0.2, 0.6)
"""Of the time that a command takes when nobody kills it: when it is killed."""
APART = 500_000
"""The first number of people whom the agents of the load never meet."""
TRAINING_SECONDS = 600.0


def dies(bench: Bench, *words: str) -> None:
    """Run a process that kills itself half way."""
    process = bench.site.child(["-P", "-m", DYING, *words])
    said = process.communicate(timeout=180)[0]
    assert process.returncode == -signal.SIGKILL, said


def campaign_of(bench: Bench, name: str, people: int, first: int) -> str:
    """Import a campaign that the load does not call; returns the key of its first person."""
    path = bench.site.folder / f"{name}.csv"
    write_file(bench.site, path, APART + first, people)
    bring(bench.site.database(), bench.site, path, name)
    return f"{name}:c{APART + first:06d}"


def import_killed(bench: Bench) -> None:
    """An import is killed after more than half of its rows; the same file is imported again."""
    path = bench.site.folder / "half.csv"
    write_file(bench.site, path, APART, PEOPLE)
    dies(bench, "import", str(path), "half", str(KILLED_AT))
    there = count(bench.site.database().prospects, {"campaign": "half"})
    assert 0 < there < PEOPLE, there
    # A running import is taken for stopped once it has been silent for a while.
    many = wait("the file being imported again", lambda: _unless_busy(bench, path), 240, pause=2)
    assert many == PEOPLE, many
    bench.witness.write("import", campaign="half", people=many)


def _unless_busy(bench: Bench, path: Path) -> int:
    try:
        return bring(bench.site.database(), bench.site, path, "half")
    except Conflict:
        return 0


def call_killed(what: str, *words: str) -> Callable[[Bench], None]:
    """An agent's process dies while it records; the monitor finishes the call, and the agent presses again."""

    def inject(bench: Bench) -> None:
        name, agent = "-".join((what, *words)), "agent-apart"
        prospect = campaign_of(bench, name, 5, first=10_000 + 10 * len(bench.notes))
        bench.notes[name] = True
        db = bench.site.database()
        bench.witness.write("import", campaign=name, people=5)
        bench.witness.write("begun", key=f"{prospect}:1")
        dies(bench, what, prospect, agent, *words)
        wait("the call being finished", lambda: not db.prospects.find_one({"_id": prospect})["claim"], 60)  # type: ignore[index]
        result = Result.SOLD if what == "sale" else Result.DO_NOT_CALL
        call = record(db, prospect, agent, CallReport(result, everywhere=True), call=1)
        kind = "call" if what == "sale" else "wish"
        ref = call["ref"]
        bench.witness.write(kind, key=call["_id"], prospect=prospect, ref=ref, agent=agent, result=result.value)

    return inject


def event_killed(bench: Bench) -> None:
    """A process dies right after it wrote an event; others write at the same time."""
    for _ in range(5):
        dies(bench, "event")


def promotion_killed(bench: Bench) -> None:
    """A process dies between the decision and the alias: the monitor moves the alias, and scoring follows."""
    line, registry = succession_of(bench.site), registry_of(bench.site)
    before, other = line.state().champion, add_version(bench.site)
    place = line.state().last + 1
    dies(bench, "promote", other)
    bench.witness.write("decision", key=f"{registry.name}:{key_in_order(place, 6)}", version=other)
    assert line.state().champion == other
    wait("scoring having the new champion", lambda: answering(bench.site) == other, 120)
    if before is not None:
        line.roll_back(other, why="the laboratory goes back")
    wait("scoring having the former champion", lambda: answering(bench.site) == before, 120)


def _ended(flows: PrefectRuns, run: str) -> Callable[[], FlowRun | None]:
    def look() -> FlowRun | None:
        found = flows.find(run)
        return found if found and not found.under_way else None

    return look


def is_whole(run: FlowRun) -> bool:
    """Whether a training ran to its end; a gate may have refused its model there."""
    return run.state == "COMPLETED" or run.name == "Refused"


def training_killed(*, refresh: bool, worker: bool) -> Callable[[Bench], None]:
    """A training is killed at work, alone or with its worker; the next one runs to its end."""

    def inject(bench: Bench) -> None:
        site = bench.site
        flows = PrefectRuns(load(PrefectSettings, site.env(over_lines=False)), flow=FLOW)
        first = flows.request_training("laboratory", refresh=refresh)

        def at_work() -> bool:
            found = flows.find(first.id)
            assert found is None or found.under_way, f"the training ended as {found.name}: {found.message}"
            return bool(found and found.state == "RUNNING")

        wait("the training running", at_work, 240, pause=0.1)
        time.sleep(1.0)
        kill_run(bench, first.id)
        if worker:
            site.kill("prefect-worker")
        ended = wait("the killed training being given up", _ended(flows, first.id), TRAINING_SECONDS)
        assert not is_whole(ended), f"the training is {ended.name} although it was killed"
        second = flows.request_training("laboratory, again", refresh=refresh)
        ended = wait("the second training ending", _ended(flows, second.id), TRAINING_SECONDS)
        assert is_whole(ended), (ended.name, ended.message)

    return inject


def kill_run(bench: Bench, run: str) -> None:
    """kill -9 of the processes of a flow run. Raises AssertionError if it has none."""
    runs = [process for process in bench.site.processes("prefect-worker") if run in _words(process)]
    assert runs, f"no process of the flow run {run}"
    for process in runs:
        with suppress(psutil.NoSuchProcess):  # it ends with its parent
            process.kill()


def _words(process: psutil.Process) -> str:
    """The command and environment of a process, in which Prefect names the run."""
    try:
        return " ".join([*process.cmdline(), *process.environ().values()])
    except psutil.Error:
        return ""


def erasure_killed(bench: Bench) -> None:
    """The run that erases somebody is killed; the person is erased in the end, everywhere."""
    site, name = bench.site, "leavers"
    prospect = campaign_of(bench, name, 6, first=30_000)
    db = site.database()
    asked = erasures.request_erasure(
        db,
        site.appliance.env["CALLWISE_ERASURE_KEY"],
        Person(prospect.partition(":")[2]),
        by="laboratory",
        keep_out=False,
    )
    flows = PrefectRuns(load(PrefectSettings, site.env(over_lines=False)), flow=ERASING)
    run = wait("the run that erases", lambda: _at_work(flows), 240, pause=0.1)
    kill_run(bench, run)
    found = flows.find(run)
    assert found is None or found.state != "COMPLETED", "the run that erases ended before it was killed"
    wait("the erasure being done", lambda: erasures.get(db, asked.id).status is erasures.Status.DONE, 900, pause=2)
    assert db.prospects.find_one({"_id": prospect}) is None
    bench.witness.write("import", campaign=name, people=5)


def _at_work(flows: PrefectRuns) -> str | None:
    """The id of a run that runs, if there is one."""
    return next((run.id for run in flows.under_way() if run.state == "RUNNING"), None)


def whole(site: Site, module: str, *words: str) -> float:
    """Run a command of the product to its end; returns its seconds. Raises AssertionError if it fails."""
    began, process = time.monotonic(), site.run(module, *words)
    said = process.communicate(timeout=600)[0]
    assert process.returncode == 0, said
    return time.monotonic() - began


def killed_after(site: Site, seconds: float, module: str, *words: str) -> None:
    """kill -9 of a command of the product after so many seconds. Raises AssertionError if it ended before."""
    process = site.run(module, *words)
    try:
        said = process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    else:
        raise AssertionError(f"{module} ended before it was killed after {seconds:.1f} s: {said}")


def backup_killed(bench: Bench) -> None:
    """A backup is killed early and late in its work; the next one is made and read back."""
    seconds = whole(bench.site, BACKUP)
    for part in PARTS:
        killed_after(bench.site, part * seconds, BACKUP)
    whole(bench.site, BACKUP)


def restore_killed(bench: Bench) -> None:
    """A restore into another folder is killed early and late, and then runs to its end: it has all of the backup."""
    site = bench.site
    with bench.load.quiet():
        whole(site, BACKUP)
        told = len(bench.witness.of("call", "wish"))
    archive = site.env(over_lines=False)["CALLWISE_BACKUP_FOLDER"]
    seconds = whole(site, RESTORE, archive, "--state", str(site.disk / "measured"))
    words = [archive, "--state", str(site.disk / "other")]
    for part in PARTS:
        killed_after(site, part * seconds, RESTORE, *words)
    whole(site, RESTORE, *words)
    with Appliance(site.disk / "other", services=("mongo",)) as other:
        Watch(other).wait_healthy(lambda _: None)
        calls = count(connect(load(MongoSettings, other.env)).calls, {})
    assert calls >= told, f"{told} calls were acknowledged before the backup, and {calls} came back"
    for folder in (*site.disk.glob("*other*"), *site.disk.glob("*measured*")):
        shutil.rmtree(folder, ignore_errors=True)


FAULTS = (
    Fault("a wish killed once its call was written", call_killed("wish", "after-call"), short=True),
    Fault("a wish killed once it was on the list", call_killed("wish", "after-entry")),
    Fault("a sale killed once its call was written", call_killed("sale")),
    Fault("processes killed right after their events", event_killed),
    Fault("a promotion killed before the alias", promotion_killed, short=True),
    Fault("backups killed", backup_killed),
)
LONG = (
    Fault("an import killed half way", import_killed),
    Fault("a training killed", training_killed(refresh=False, worker=False)),
    Fault("a refresh killed", training_killed(refresh=True, worker=False)),
    Fault("restores killed", restore_killed),
    Fault("an erasure killed", erasure_killed),
    Fault("a training and its worker killed", training_killed(refresh=False, worker=True)),
)
"""Those that take minutes each, because something has to be silent for so long before it counts as dead."""
