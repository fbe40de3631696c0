"""Work stops in the stated order when the disk runs short, and goes on when there is room again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from core.oversight.space import MIB, SHARES, Work, stopped
from core.settings.group import ROOT
from monitor import main
from monitor.jobs.job import Job
from monitor.machine.space import WORK_OF, Space, free_bytes

RESERVE = 4096 * MIB
PLACE = Path("/place")


def space(free: list[int]) -> Space:
    """A space whose free MiB is `free[0]`, each time it is asked."""
    return Space([PLACE], RESERVE, free=lambda _folder: free[0] * MIB)


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        (5000, []),
        (4095, []),
        (3071, [Work.REPORTS]),
        (2047, [Work.REPORTS, Work.TRAININGS]),
        (1535, [Work.REPORTS, Work.TRAININGS, Work.IMPORTS]),
        (1023, list(Work)),
        (0, list(Work)),
    ],
)
def test_reports_stop_first_and_ranking_last(free: int, expected: list[Work]) -> None:
    assert stopped(free * MIB, RESERVE) == expected
    assert space([free]).stopped() == expected


def test_what_cannot_be_asked_stops_nothing() -> None:
    assert stopped(None, RESERVE) == []
    assert Space([Path("/there/is/none")], RESERVE).stopped() == []
    assert Space([], RESERVE).least() is None


def test_without_a_reserve_nothing_stops() -> None:
    assert Space([PLACE], 0, free=lambda _folder: 0).stopped() == []


def test_the_fullest_place_counts_also_one_of_another_service() -> None:
    here = space([90_000])
    here.elsewhere["spool"] = 100 * MIB
    assert here.least() == 100 * MIB
    assert Work.RANKING in here.stopped()


def test_a_stopped_job_does_nothing_says_why_and_goes_on_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.machine.space.FRESH_SECONDS", -1.0)
    free, ran = [3000], list[str]()

    def done(name: str) -> str:
        ran.append(name)
        return "done"

    watched = space(free)
    report, outcome = (watched.guard(Job(name, 1.0, partial(done, name))) for name in ("drift", "settle"))
    assert report.run() == "stopped, because the disk is nearly full: reports need 3,072 MiB free"
    assert outcome.run() == "done"
    free[0] = 3100
    assert report.run() == "done"
    assert ran == ["settle", "drift"]


def test_only_jobs_that_exist_stop_and_never_those_of_outcomes_or_of_making_room() -> None:
    assert set(WORK_OF) <= set(main.JOBS)
    assert not set(WORK_OF) & {"settle", "erasures", "deletions", "retention", "notify", "incidents", "watch", "trial"}
    assert list(SHARES) == list(Work)
    assert list(SHARES.values()) == sorted(SHARES.values(), reverse=True)


def test_the_guide_has_the_same_order() -> None:
    section = (ROOT / "docs/operations.md").read_text().split("## When the disk runs short")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([0-9,]+) MiB \| ([a-z]+)", section, re.MULTILINE)
    assert [(word, int(free.replace(",", ""))) for free, word in rows] == [
        ("nothing", 4096),
        *((work.value, int(share * 4096)) for work, share in SHARES.items()),
    ]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB of its own."""
    mount = shutil.which("mount")
    if os.geteuid() != 0 or mount is None:
        pytest.skip("only root may mount a small file system")
    place = tmp_path / "small"
    place.mkdir()
    made = subprocess.run([mount, "-t", "tmpfs", "-o", "size=16m", "tmpfs", place], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"no small file system can be mounted here: {made.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_real_file_system_that_fills_stops_work_and_room_starts_it_again(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.machine.space.FRESH_SECONDS", -1.0)
    watched = Space([small], 12 * MIB)
    assert watched.stopped() == []
    filling = small / "filling"
    seen = []
    for mib in (8, 10, 12, 14):
        filling.write_bytes(b"\0" * (mib * MIB))
        seen.append(len(watched.stopped()))
    assert seen == [1, 1, 3, 4]
    assert (free_bytes(small) or 0) <= 2 * MIB
    filling.unlink()
    assert watched.stopped() == []
