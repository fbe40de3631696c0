"""What happens to a machine: its disk fills up, its clock jumps, its memory has a limit, it goes down at once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil

from core.stores.mongo import reachable
from tests.faults.laboratory.fault import Bench, Fault, Skipped, started_again
from tests.faults.laboratory.site import Site, free_bytes, wait

MIB = 1 << 20
RESERVE_MIB = 256
"""What the appliance under test keeps free (CALLWISE_DISK_RESERVE_MIB)."""
FULL_SECONDS = 20.0
HOUR = 3600
LIMIT_SECONDS = 120.0
LIBRARIES = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
)


@contextmanager
def filled(site: Site, left: int) -> Iterator[None]:
    """The appliance's disk has no more than `left` bytes meanwhile. Raises Skipped if it has none of its own."""
    if not site.has_own_disk:
        raise Skipped("it needs the right to mount a file system of its own")
    ballast = site.disk / "ballast"
    try:
        with ballast.open("wb") as file, suppress(OSError):  # the last byte of a full disk is refused
            while (free := free_bytes(site.disk)) > left:
                file.write(bytes(min(free - left, 16 * MIB)))
                file.flush()
        yield
    finally:
        ballast.unlink(missing_ok=True)


def disk_short(bench: Bench) -> None:
    """Room for calls and scores alone is left: reports, trainings, imports and ranking stop, outcomes do not."""
    site = bench.site
    with filled(site, RESERVE_MIB * MIB // 8):
        wait("the monitor telling that work stops", lambda: "ranking" in _stopped(site), 120)
        before = bench.load.done["call"]
        wait("a call being recorded on a disk that is nearly full", lambda: bench.load.done["call"] > before, 60)
    wait("the work going on", lambda: not _stopped(site), 120)


def _stopped(site: Site) -> list[str]:
    with reachable():
        seen = site.database().appliance.find_one({"_id": "condition"})
    return list(seen["stopped"]) if seen else []


def disk_full(bench: Bench) -> None:
    """Not a byte is left for a while."""
    with filled(bench.site, 0):
        time.sleep(FULL_SECONDS)


def disk_full_and_killed(bench: Bench) -> None:
    """MongoDB and scoring are killed on the full disk, and start there."""
    with filled(bench.site, 0):
        # At once: the supervisor ends with all of them as soon as it cannot write its log.
        bench.site.kill("mongo", "mlserver")
        time.sleep(FULL_SECONDS)


def _library() -> str:
    found = [path for path in (os.environ.get("FAKETIME_LIBRARY", ""), *LIBRARIES) if path and Path(path).is_file()]
    if not found:
        raise Skipped("it needs libfaketime: install the package, or name the file in FAKETIME_LIBRARY")
    return found[0]


def _loaded(site: Site, service: str, library: str) -> bool:
    """Whether the service's process has the library: the loader goes on without one that it cannot use."""
    return any(library == found.path for found in psutil.Process(site.states()[service]["pid"]).memory_maps())


def _ahead(site: Site, env: dict[str, str]) -> float:
    """Seconds that the clock of a process with `env` is ahead of the machine's."""
    said = site.child_of({**os.environ, **env}, ["-c", "import time; print(time.time())"]).communicate(timeout=60)[0]
    return float(said) - time.time()


def clock_jumps(hours: float, *services: str) -> Fault:
    """The clock of these services jumps, stays so, and jumps back; each of them goes on as the same process."""

    def inject(bench: Bench) -> None:
        library, site, stamp = _library(), bench.site, bench.site.folder / "clock"
        stamp.write_text("+0", encoding="utf-8")
        faked = {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(stamp),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DISABLE_SHM": "1",
        }
        site.extra |= {name: {"environment": faked} for name in services}
        site.write_wiring()
        try:
            site.kill(*services)
            wait("the services being well on a clock of their own", lambda: not site.unwell(), 300)
            for name in services:
                assert _loaded(site, name, library), f"{name} runs on the machine's clock: {library} was not loaded"
            stamp.write_text(f"{hours * HOUR:+.0f}", encoding="utf-8")
            time.sleep(25)
            assert abs(_ahead(site, faked) - hours * HOUR) < HOUR / 60, "the clock did not jump"
            stamp.write_text("+0", encoding="utf-8")
            time.sleep(5)
        finally:
            for name in services:
                site.extra.pop(name, None)
            site.write_wiring()
            site.kill(*services)

    words = f"{abs(hours):g} h {'ahead' if hours > 0 else 'back'}"
    return Fault(f"the clock of {' and '.join(services)} jumps {words}", inject)


def memory_ends(service: str, mib: int) -> Fault:
    """It has less address space than it needs, so it ends at its start or at work, until it gets more."""

    def inject(bench: Bench) -> None:
        site = bench.site
        site.extra[service] = {"memory_bytes": mib * MIB}
        site.write_wiring()
        seen: set[int] = set()

        def ended() -> bool:
            """Whether another process than the killed one came, and was followed by a further one."""
            seen.add(site.states()[service]["pid"])
            return len(seen - {0, site.killed[service]}) > 1

        try:
            site.kill(service)
            wait("a process ending at its limit", ended, LIMIT_SECONDS)
        finally:
            site.extra.pop(service)
            site.write_wiring()
            with suppress(AssertionError):  # it may have ended by itself at this moment
                site.kill(service)

    return Fault(f"{service} at the limit of its memory", inject)


def model_unloaded(bench: Bench) -> None:
    """Somebody asks to unload the model and is refused; then it is gone with its process, and MLflow gives none."""
    url = bench.site.appliance.env["MLSERVER_URL"]
    answer = httpx.post(f"{url}/v2/repository/models/prospect-scorer/unload", json={}, trust_env=False)
    assert answer.status_code == httpx.codes.FORBIDDEN, answer.text
    bench.site.send(signal.SIGSTOP, "mlflow")  # it cannot be read again meanwhile
    try:
        bench.site.kill("mlserver")
        time.sleep(10)
    finally:
        bench.site.send(signal.SIGCONT, "mlflow")


def empty_lock(bench: Bench) -> float:
    """The files with the ids of dead processes are left empty, as after a power cut."""
    site = bench.site
    with bench.load.quiet():
        site.kill(*[service.name for service in site.appliance.services if site.processes(service.name)])
        site.stop()
        for path in (site.state / "lock", site.state / "run/mongo/pid", site.state / "run/supervisord.pid"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        return started_again(bench)


def empty_pid_file(bench: Bench) -> None:
    """MongoDB's own file with its process id is empty when it comes back."""
    pid = bench.site.state / "run/mongo/pid"
    bench.site.kill("mongo")
    pid.write_bytes(b"")


def reboot(bench: Bench) -> float:
    """All processes are killed at once, the supervisor first; then the appliance is started again."""
    site = bench.site
    everything = [process for service in site.appliance.services for process in site.processes(service.name)]
    assert everything, "nothing runs"
    for process in [site.supervisor(), *everything]:
        try:
            process.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    site.stop()
    return started_again(bench)


FAULTS = (
    Fault("a disk that is nearly full", disk_short),
    Fault("a full disk", disk_full),
    Fault("a full disk, and mongo and mlserver killed on it", disk_full_and_killed),
    clock_jumps(2, "monitor"),
    clock_jumps(-2, "monitor"),
    clock_jumps(26, "mlserver"),
    clock_jumps(-1, "mlserver", "app"),
    memory_ends("mlserver", 700),
    memory_ends("monitor", 500),
    Fault("a model unloaded, and no registry to read it from", model_unloaded),
    Fault("an empty process id of mongo", empty_pid_file),
    Fault("lock files left empty by dead processes", empty_lock),
    Fault("a reboot", reboot, short=True),
)
