"""A file of phone numbers that nobody may call: a list of wishes, or the delivery of a public register.

The import log keeps the progress and the report (`Kind.NUMBERS`, `Kind.REGISTER`), under a campaign that has no name.
The report names lines that hold no number, and no cell of them: what stands there may be a number all the same.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from core.clock import Clock, now
from core.do_not_call import number_wishes
from core.do_not_call.do_not_call_list import require_later, require_reason
from core.errors import CallwiseError, InputError
from core.files.campaign_file import CampaignFile
from core.lists import import_log
from core.lists.logged_import import Entry, Kind
from core.sentences import Sentence
from core.stores import event_log
from core.stores.embedded_mongo import milliseconds
from core.stores.events import Event
from core.stores.mongo import Db
from core.values.keys import shown_key
from core.wishes import delivery
from core.wishes.number_keys import NumberKeys
from core.wishes.number_reading import read_number
from core.wishes.numbers import NumberWish
from core.wishes.wish import scope_of

NOWHERE = ""
"""The campaign of these entries in the log."""
BATCH = 1_000
OFTEN = 1.0  # seconds between two updates of the log
MOST_LINES = 1_000
"""Lines without a number that a report names."""
LOOK = 200
"""Rows by which the column with the numbers is found."""
LONGEST_NAME = 40
_NAME = re.compile(rf"\w[\w -]{{0,{LONGEST_NAME - 1}}}")
"""A register's name is part of keys."""


@dataclass
class NumberReport:
    """What came of a file. `lines`: the first lines that hold no number; `people`: who left a list by it at once."""

    rows: int = 0
    numbers: int = 0
    empty: int = 0
    unreadable: int = 0
    lines: list[int] = field(default_factory=list)
    new: int = 0
    people: int = 0
    register: str = ""

    def document(self) -> dict[str, Any]:
        """The stored form."""
        return dict(vars(self))


@dataclass(frozen=True)
class NumberJob:
    """A `file` of numbers in `column`, for the person `who`, who says `why`.

    `region`: the country of numbers without their own (`DE`). `register`: the name of the register that it is a
    delivery of; "" for a list of wishes. `until`: when the wishes end; of a register, when the next delivery is due.
    `campaign`: a list holds there alone. `run` differs between two tries of the same file.
    """

    file: CampaignFile
    column: str
    who: str
    why: str
    region: str = ""
    register: str = ""
    until: datetime | None = None
    campaign: str = ""
    run: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def kind(self) -> Kind:
        """What the file is for."""
        return Kind.REGISTER if self.register else Kind.NUMBERS


def number_column(file: CampaignFile, region: str = "") -> str:
    """The column of `file` that holds numbers, by its first rows; "" if none does. Raises InputError."""
    with file.records() as records:
        first = list(islice(records, LOOK))
    read = {name: sum(bool(_number(one.get(name), region)) for one in first) for name in file.header}
    best = max(file.header, key=lambda name: read[name], default="")
    if best and (read[best] or (not first and _number(best, region))):
        return best
    return file.header[0] if len(file.header) == 1 else ""


def begin(db: Db, job: NumberJob, clock: Clock = now) -> str:
    """Log that the work begins; returns its key in the log.

    Raises InputError for a file without the column, a missing reason, an end that is over or a register's name that
    cannot be one; Conflict while another import of the file runs; Unavailable.
    """
    require_reason(job.why)
    require_later(job.until, clock())
    if job.column not in job.file.header:
        raise InputError(
            Sentence("{file} has no column '{column}'", file=job.file.path.name, column=job.column),
            kept=Sentence("Nothing was changed."),
            next=Sentence("Choose the column with the numbers."),
        )
    if job.register and not _NAME.fullmatch(job.register):
        raise InputError(
            Sentence("'{name}' cannot name a register", name=job.register),
            kept=Sentence("Nothing was changed."),
            next=Sentence("Use letters, digits, spaces and hyphens, {longest} at most.", longest=LONGEST_NAME),
        )
    name, sha256 = job.file.path.name, job.file.sha256
    return import_log.begin(db, NOWHERE, name, sha256, by=job.who, run=job.run, kind=job.kind, clock=clock)


def take_in(db: Db, keys: NumberKeys, job: NumberJob, clock: Clock = now) -> Entry:
    """Do the work; returns its entry in the log. Safe to repeat: a file that stopped half way is taken in again.

    Raises what `begin` raises; Cancelled if a person ended it. The wishes of a list that were written stay; a register
    stays as it was.
    """
    place = begin(db, job, clock)
    try:
        report = _register(db, keys, job, place, clock) if job.register else _list(db, keys, job, place, clock)
    except CallwiseError as error:
        import_log.failed(db, place, job.run, error, clock)
        raise
    import_log.done(db, place, job.run, report.document(), clock)
    return import_log.require(db, place, clock)


def remove_register(db: Db, name: str, *, by: str, why: str, clock: Clock = now) -> None:
    """Let a register count no more; the monitor brings its people back. Safe to repeat.

    Raises InputError without a reason; Unavailable.
    """
    require_reason(why)
    delivery.remove(db, name)
    event_log.append(db, who=by, what=Event.REGISTER_REMOVED, subject=name, why=why, clock=clock)


def _list(db: Db, keys: NumberKeys, job: NumberJob, place: str, clock: Clock) -> NumberReport:
    report, tell = NumberReport(), _Progress(db, job, place, clock)
    scope = scope_of(db, job.campaign) if job.campaign else ""
    end = milliseconds(job.until) if job.until else None
    asked = NumberWish(job.who, clock(), f"file {job.file.path.name}", job.why, end, scope)
    batch: list[str] = []

    def write() -> None:
        done = number_wishes.put_hashes(db, batch, asked)
        report.new += done.new
        report.people += done.off
        batch.clear()

    for number in _numbers(job, report):
        batch.append(keys.hash(number))
        if len(batch) == BATCH:
            write()
            tell.now(report.rows)
    write()
    told: dict[str, Any] = {
        "source": asked.source,
        "numbers": report.new,
        "people": report.people,
        "campaign": job.campaign,
    }
    event_log.append(
        db, who=job.who, what=Event.NUMBERS_BARRED, subject=number_wishes.SUBJECT, why=job.why, clock=clock, **told
    )
    return report


def _register(db: Db, keys: NumberKeys, job: NumberJob, place: str, clock: Clock) -> NumberReport:
    report, tell = NumberReport(register=job.register), _Progress(db, job, place, clock)
    version, packing = delivery.version_of(job.file.sha256, job.column, job.region, keys), delivery.Packing()
    delivery.begin(db, job.register, version, job.run)
    for number in _numbers(job, report):
        packing.add(keys.digest(number))
        if report.rows % BATCH == 0:
            tell.now(report.rows)
    report.new = delivery.write(db, job.register, version, packing, lambda _buckets: tell.now(report.rows))
    delivered = {
        "at": clock(),
        "by": job.who,
        "file": job.file.path.name,
        "many": report.new,
        "rows": report.rows,
        "unreadable": report.unreadable,
    }
    delivery.switch(db, job.register, version, job.run, delivered, job.until)
    told: dict[str, Any] = {"numbers": report.new, "unreadable": report.unreadable, "file": job.file.path.name}
    event_log.append(db, who=job.who, what=Event.REGISTER_TAKEN, subject=job.register, why=job.why, clock=clock, **told)
    return report


def _numbers(job: NumberJob, report: NumberReport) -> Iterator[str]:
    """The numbers in the file's order, in E.164; `report` gets what is between them."""
    if number := _number(job.column, job.region):  # a list without a header: its first line is a number, too
        report.rows += 1
        report.numbers += 1
        yield number
    with job.file.records() as records:
        for record in records:
            report.rows += 1
            raw = record.get(job.column)
            if raw is None or not str(raw).strip():
                report.empty += 1
            elif number := _number(raw, job.region):
                report.numbers += 1
                yield number
            else:
                report.unreadable += 1
                if len(report.lines) < MOST_LINES:
                    report.lines.append(record.line)


def _number(raw: object, region: str) -> str:
    return read_number(raw if isinstance(raw, str) else shown_key(raw), region)


class _Progress:
    """Writes the log now and then. Raises Cancelled if a person ended the work."""

    def __init__(self, db: Db, job: NumberJob, place: str, clock: Clock) -> None:
        self._db, self._job, self._place, self._clock = db, job, place, clock
        self._bytes = job.file.path.stat().st_size
        self._told = 0.0

    def now(self, rows: int) -> None:
        """Tell that so many rows were read."""
        if time.monotonic() - self._told >= OFTEN:
            self._told = time.monotonic()
            import_log.write_progress(self._db, self._place, self._job.run, rows, 0, self._clock)


def taken(db: Db, many: int = 10, clock: Clock = now) -> list[Entry]:
    """The last `many` files of numbers in the log, the newest first. Raises Unavailable."""
    return import_log.into(db, NOWHERE, clock)[:many]


STALE_AFTER = timedelta(days=31)
"""When a delivery of a register is out of date, unless somebody says otherwise: registers are published monthly."""
