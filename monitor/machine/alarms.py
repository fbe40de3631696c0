"""When a state of the machine is an alarm. Pure functions of what was measured.

An alarm is the state of a cause (`monitor.jobs.cause_states`), so it becomes an incident: people are told once when it
begins and once when it ends, and the overview shows it meanwhile. An alarm ends at another value than it begins, so a
value at the border does not send a message each minute.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.oversight.space import MIB, Work
from core.sentences import Sentence
from monitor.machine.certificate import Certificate
from monitor.machine.services import Seen

DISK_MARGIN = 1.1
MEMORY, MEMORY_WELL = 0.92, 0.85
BACKLOG = timedelta(minutes=10)
JOB, SERVICE, CLOCK = timedelta(minutes=15), timedelta(minutes=10), timedelta(hours=1)
"""How long a job fails, a service is silent and nothing keeps the clock before it is an alarm."""
JUMP = timedelta(hours=1)
"""How long a jump of the clock is an alarm."""
BACKUP, DRILL = timedelta(hours=36), timedelta(days=10)
"""Daily backups and weekly drills, with some hours for a machine that was off."""


@dataclass(frozen=True)
class Failing:
    """A job that fails: since when, how many times in a row, and why."""

    since: datetime
    failures: int
    error: str


@dataclass(frozen=True)
class Done:
    """The newest backup, or drill of one, that succeeded (`well`), and whether the newest of all did (`ok`)."""

    well: datetime | None
    ok: bool
    bytes: int = 0


@dataclass(frozen=True)
class Measured:
    """What a look at the appliance found, at the moment `at`. None and empty: unknown.

    `free`: bytes by place, of a `reserve`; `unasked`: a place could not be asked, perhaps the full one. `memory`: the
    share of its limit by service. `unkept`: since when no time service keeps the clock; `jumped`: when the clock last
    jumped, and by how many seconds. `silent`: since when a service does not answer. `lost`: volumes that were lost.
    `untried`: jobs of which this process knows no success yet.
    """

    at: datetime
    services: Sequence[Seen] = ()
    silent: Mapping[str, datetime] = field(default_factory=dict)
    free: Mapping[str, int] = field(default_factory=dict)
    unasked: bool = False
    reserve: int = 0
    stopped: Sequence[Work] = ()
    certificate: Certificate | None = None
    unkept: datetime | None = None
    jumped: tuple[datetime, float] | None = None
    memory: Mapping[str, float] = field(default_factory=dict)
    backlog: int | None = None
    backlog_seconds: float = 0.0
    failing: Mapping[str, Failing] = field(default_factory=dict)
    untried: Collection[str] = ()
    backup: Done | None = None
    drill: Done | None = None
    lost: Sequence[str] = ()


@dataclass(frozen=True)
class Alarm:
    """One cause: whether it is bad now, and why."""

    cause: str
    bad: bool
    why: str


def alarms(seen: Measured, bad: Collection[str]) -> Iterator[Alarm]:
    """Every cause that can be judged; `bad` has those that were bad at the last look."""
    if seen.free:
        place, free = min(seen.free.items(), key=lambda item: item[1])
        limit = seen.reserve * (DISK_MARGIN if "disk" in bad else 1)
        short = free < limit or ("disk" in bad and seen.unasked)
        room = Sentence("{free} MiB are free in {place}", free=f"{free / MIB:,.0f}", place=place)
        if seen.stopped:
            room = Sentence("{room}; stopped: {what}", room=room, what=", ".join(seen.stopped))
        if seen.unasked:
            room = Sentence("{room}; another place does not answer", room=room)
        yield Alarm("disk", short, room)
    if seen.certificate is not None:
        ends = f"{seen.certificate.ends:%Y-%m-%d %H:%M} UTC"
        until = Sentence("the door's certificate is valid until {ends}", ends=ends)
        yield Alarm("certificate", seen.certificate.late(seen.at), until)
    yield _clock(seen, bad)
    if seen.backlog is not None:
        late = seen.backlog_seconds >= BACKLOG.total_seconds() or ("backlog" in bad and seen.backlog > 0)
        why = Sentence(
            "{records} records of predictions wait, the oldest for {minutes} minutes",
            records=f"{seen.backlog:,}",
            minutes=f"{seen.backlog_seconds / 60:,.0f}",
        )
        yield Alarm("backlog", late, why if seen.backlog else Sentence("no prediction waits"))
    for service, share in sorted(seen.memory.items()):
        cause = f"memory:{service}"
        limit = MEMORY_WELL if cause in bad else MEMORY
        used = Sentence("{service} uses {share} of its memory", service=service, share=f"{share:.0%}")
        yield Alarm(cause, share >= limit, used)
    yield from _lasting("job", seen, {name: one.since for name, one in seen.failing.items()}, JOB, bad)
    yield from _lasting("service", seen, seen.silent, SERVICE, bad)
    for cause, done, limit_age in (("backup", seen.backup, BACKUP), ("drill", seen.drill, DRILL)):
        if done is not None:
            yield _done(cause, done, limit_age, seen.at)
    names = ", ".join(f"callwise_{name}" for name in seen.lost)
    lost = Sentence("lost or put back empty: {names}", names=names) if names else Sentence("every store is there")
    yield Alarm("stores", bool(seen.lost), lost)


def _clock(seen: Measured, bad: Collection[str]) -> Alarm:
    if seen.jumped is not None and seen.at - seen.jumped[0] < JUMP:
        return Alarm(
            "clock", True, Sentence("the clock was set by {seconds} seconds", seconds=f"{seen.jumped[1]:+,.0f}")
        )
    # A new process knows no earlier `unkept` than its own start.
    if seen.unkept is not None and ("clock" in bad or seen.at - seen.unkept >= CLOCK):
        return Alarm("clock", True, Sentence("no time service keeps the clock"))
    return Alarm("clock", False, Sentence("the clock is kept"))


def _lasting(
    kind: str, seen: Measured, since: Mapping[str, datetime], limit: timedelta, bad: Collection[str]
) -> Iterator[Alarm]:
    """What is bad once it has lasted: each that is, and each that was and is over. A job is over by a success."""
    over = {cause.partition(":")[2] for cause in bad if cause.startswith(f"{kind}:")} - since.keys()
    for name, began in sorted(since.items()):
        if seen.at - began >= limit or f"{kind}:{name}" in bad:
            yield Alarm(f"{kind}:{name}", True, _why(kind, name, seen))
    for name in sorted(over):
        waits = kind == "job" and name in seen.untried
        yield Alarm(
            f"{kind}:{name}",
            waits,
            Sentence("{name} has not succeeded since the monitor started", name=name)
            if waits
            else Sentence("{name} is well", name=name),
        )


def _why(kind: str, name: str, seen: Measured) -> str:
    if kind == "job":
        failing = seen.failing[name]
        return Sentence(
            "{name} failed {times} times in a row: {error}", name=name, times=failing.failures, error=failing.error
        )
    return next((f"{name}: {one.why}" for one in seen.services if one.name == name), name)


def _done(cause: str, done: Done, limit: timedelta, at: datetime) -> Alarm:
    at_last = f"{done.well:%Y-%m-%d %H:%M} UTC" if done.well else ""
    if cause == "backup":
        never = Sentence("no backup has succeeded yet")
        last = Sentence("the last backup that succeeded is of {at}", at=at_last)
    else:
        never = Sentence("no drill of a restore has succeeded yet")
        last = Sentence("the last drill of a restore that succeeded is of {at}", at=at_last)
    if done.well is None:
        return Alarm(cause, True, never)
    if not done.ok:
        return Alarm(cause, True, Sentence("{last}; the newest one failed", last=last))
    return Alarm(cause, at - done.well >= limit, last)
